import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'tap'
import { createRootKey } from '../../src/keystore/software/root-key.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { of, registerKey } from '../helpers/calls.ts'
import { keyBytes, keyBytesIn, startRotating, storeKeysInUse } from '../helpers/key-rotation.ts'

/*
 * Keys are changed whatever happens to the process that changes them: where one was killed the next goes on, no key is lost,
 * and at the end the old root key is not needed.
 */

const LOOP = join(import.meta.dirname, '../helpers/rotation-loop.ts')

const OBJECTS = 800

/** Which hundred of the objects has been sealed again when the process is killed; 0: before any. */
const KILLS = [0, 2, 6]

/** What the processes have said: keys with their index, those that were not what was made. */
type Seen = { readonly made: Map<string, number>; readonly wrong: string[] }

/** Runs the loop, which is killed at `hundred`. True where it comes to its end. */
const runLoop = async (directory: string, { made, wrong }: Seen, hundred: number): Promise<boolean> => {
  const child = spawn(process.execPath, ['--no-warnings', LOOP, directory], { stdio: ['ignore', 'pipe', 'inherit'] })
  let isDone = false
  // Read on after the kill: what is in the pipe was acknowledged as well.
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, id = '', index] = line.split(' ')
    if (word === 'at' && Number(id) === hundred) child.kill('SIGKILL')
    if (word === 'ack') made.set(id, Number(index))
    if (word === 'wrong') wrong.push(id)
    if (word === 'done') isDone = true
  }
  return isDone
}

void test('kill -9 while everything is sealed again: the next process goes on, and nothing is lost', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'kmipd-rotation-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const open = () => openSqliteStore({ path: join(directory, 'kmipd.db') })
  const { id: oldRoot } = await createRootKey({ path: join(directory, 'root.key') })
  const seen: Seen = { made: new Map(), wrong: [] }
  const { made } = seen

  const before = await startRotating(await open(), directory, { watches: false })
  const client = before.client('busy')
  await Promise.all(
    Array.from({ length: OBJECTS }, async (_, index) =>
      made.set(await registerKey(client, '2.1', keyBytes(index)), index),
    ),
  )
  await before.wish()
  await before.stop()

  for (const hundred of KILLS) t.notOk(await runLoop(directory, seen, hundred), `killed at ${hundred}`)
  t.ok(await runLoop(directory, seen, Infinity), 'done')
  t.same(seen.wrong, [])
  const old = (await readdir(directory)).find((name) => name.endsWith('.old'))
  t.equal(old, `root.key.${oldRoot}.old`)
  await rm(join(directory, `root.key.${oldRoot}.old`))

  const after = await startRotating(await open(), directory)
  const reader = after.client('busy')
  const lost: string[] = []
  for (const [id, index] of made) {
    const { payload } = await reader.attempt('2.1', 'Get', of(id))
    if (keyBytesIn(payload) !== keyBytes(index).toString('hex')) lost.push(id)
  }
  t.same(lost, [])
  t.ok(made.size > OBJECTS, 'clients were served meanwhile')
  t.same(await storeKeysInUse(after.store), [2])
  await after.stop()
})
