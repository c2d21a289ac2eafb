import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'tap'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { searchKey } from '../helpers/rows.ts'
import { temporaryFolder } from '../helpers/stores.ts'

const LOOP = join(import.meta.dirname, '../helpers/commit-loop.ts')

type Lines = { readonly child: ChildProcess; readonly lines: AsyncIterable<string> }

/** Starts the loop of commits; `limit`: bytes that the system lets it write into one file. */
const startLoop = (path: string, prefix: string, callers: number, bytes = 100, limit?: number): Lines => {
  const argument = ['--no-warnings', LOOP, path, prefix, String(callers), String(bytes)]
  const limited = limit === undefined ? [] : ['prlimit', `--fsize=${limit}`]
  // Without what tap puts into NODE_OPTIONS: its hooks make the signal of the file limit end the process.
  const command = ['-u', 'NODE_OPTIONS', ...limited, process.execPath, ...argument]
  const child = spawn('env', command, { stdio: ['ignore', 'pipe', 'inherit'] })
  return { child, lines: createInterface({ input: child.stdout }) }
}

const acknowledged = (line: string): string => line.replace('ack ', '')

void test('kill -9: what was acknowledged is there, and no part of anything else', { timeout: 60_000 }, async (t) => {
  const folder = await temporaryFolder()
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'kmipd.db')
  const ids: string[] = []
  const rounds = [
    { callers: 1, acks: 20 },
    { callers: 16, acks: 300 },
    { callers: 64, acks: 1_000 },
  ]
  for (const [round, { callers, acks }] of rounds.entries()) {
    const { child, lines } = startLoop(path, `round${round}`, callers)
    let count = 0
    // Read on after the kill: what is in the pipe was acknowledged as well.
    for await (const line of lines) {
      ids.push(acknowledged(line))
      count += 1
      if (count === acks) child.kill('SIGKILL')
    }
    t.ok(count >= acks, `round ${round}`)
    const store = await openSqliteStore({ path })
    const lost = ids.filter((id) => store.objects.read('default', id) === undefined)
    t.strictSame(lost, [])
    for (const id of ids.slice(-5)) {
      const conditions = [{ kind: 'equals', key: searchKey('id', id) }] as const
      const search = { tenant: 'default', owner: undefined, conditions, offset: 0, limit: 5, count: false, now: 0 }
      const storage = { online: true, archived: false, destroyed: false }
      t.strictSame((await store.objects.search({ ...search, storage })).ids, [id])
    }
    await store.close()
  }
})

void test('a second server on the data directory is refused while the first lives', { timeout: 30_000 }, async (t) => {
  const folder = await temporaryFolder()
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'kmipd.db')
  const { child, lines } = startLoop(path, 'first', 1)
  for await (const line of lines) {
    t.match(line, 'ack ')
    await t.rejects(openSqliteStore({ path }), { name: 'StoreError', problem: 'in-use', message: /another kmipd/ })
    child.kill('SIGKILL')
    break
  }
  await once(child, 'exit')
  const store = await openSqliteStore({ path })
  const second = startLoop(path, 'second', 1)
  for await (const line of second.lines) t.equal(line, 'refused in-use')
  await store.close()
})

void test('a failed write makes the store read-only until restart', { timeout: 60_000 }, async (t) => {
  const folder = await temporaryFolder()
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'kmipd.db')
  await (await openSqliteStore({ path })).close()
  const { child, lines } = startLoop(path, 'a', 2, 10_000, 1_000_000)
  const seen: string[] = []
  for await (const line of lines) seen.push(line)
  t.equal(child.exitCode ?? (await once(child, 'exit'))[0], 0, 'it answers, and ends in order')
  const ids = seen.filter((line) => line.startsWith('ack')).map(acknowledged)
  t.ok(ids.length > 0)
  t.match(seen.slice(ids.length, -2), [/^refused (failed|read-only)$/, /^refused (failed|read-only)$/])
  t.strictSame(seen.slice(-2), ['refused read-only', 'read a-0-0'], 'later commits fail at once, reads go on')
  const store = await openSqliteStore({ path })
  t.strictSame(
    ids.filter((id) => store.objects.read('default', id) === undefined),
    [],
  )
  t.equal(store.objects.read('default', 'afterwards'), undefined)
  await store.close()
})
