import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'tap'

/*
 * The whole program as an operator runs it: processes, signals, and a database and keys on disk.
 */

const MAIN = join(import.meta.dirname, '../../src/main.ts')

const environment = { PATH: process.env['PATH'], KMIPD_LOG_LEVEL: 'error', KMIPD_HOST: '127.0.0.1' }

type Running = {
  readonly port: string
  readonly lines: readonly string[]
  /** Waits for a line of the server's output, also one that has come already. */
  readonly line: (pattern: RegExp) => Promise<string>
  readonly signal: (name: NodeJS.Signals) => void
  readonly ended: Promise<unknown>
  readonly child: ChildProcess
}

const start = async (directory: string): Promise<Running> => {
  const child = spawn(process.execPath, [MAIN, 'serve', '--port', '0'], { cwd: directory, env: environment })
  const ended = once(child, 'exit')
  const lines: string[] = []
  const output = createInterface(child.stdout)
  output.on('line', (line) => lines.push(line))
  child.stderr.on('data', (chunk: Buffer) => lines.push(`stderr: ${chunk.toString()}`))
  const line = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const found = lines.find((candidate) => pattern.test(candidate))
      if (found !== undefined) return found
      await Promise.race([
        once(output, 'line'),
        ended.then(() => Promise.reject(new Error(`the server has ended: ${lines.join('\n')}`))),
      ])
    }
  }
  const port = /port (\d+)/.exec(await line(/^kmipd listens on port/))?.[1] ?? ''
  return { port, lines, line, signal: (name) => void child.kill(name), ended, child }
}

const kmipd = (directory: string, ...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd: directory,
    env: environment,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

void test('kmipd serve: from the first start to the self-test, a reload, a stop and a second start', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'kmipd-serve-'))
  const first = await start(directory)
  t.teardown(() => first.child.kill('SIGKILL'))
  for (const made of [/ca\.crt/, /server\.crt/, /root\.key/, /admin\.crt/]) await first.line(made)
  t.match(await first.line(/python3/), new RegExp(`ProxyKmipClient\\(.*port=${first.port}`), 'a command to paste')

  const selftest = kmipd(directory, 'selftest', '--port', first.port)
  t.match(selftest, { status: 0, stderr: '' })
  for (const version of ['1.4', '2.1']) {
    for (const operation of ['Query', 'Create', 'Get', 'Locate', 'Destroy'])
      t.match(selftest.stdout, new RegExp(`^ok {2}${version.replace('.', '\\.')} {2}${operation} `, 'm'))
  }

  t.match(kmipd(directory, 'client', 'add', 'alice'), { status: 0 }, 'while the server runs')
  t.match(kmipd(directory, 'client', 'list').stdout, /^alice +client/m)

  rmSync(join(directory, 'data/pki/server.crt'))
  first.signal('SIGHUP')
  await first.line(/certificates reloaded/)
  t.match(kmipd(directory, 'selftest', '--port', first.port), { status: 0 }, 'with the renewed certificate')

  first.signal('SIGTERM')
  await first.line(/^stopped$/)
  t.same(await first.ended, [0, null])

  const authority = readFileSync(join(directory, 'data/pki/ca.crt'), 'utf8')
  const second = await start(directory)
  t.teardown(() => second.child.kill('SIGKILL'))
  t.match(kmipd(directory, 'selftest', '--port', second.port), { status: 0 }, 'after a restart')
  t.equal(readFileSync(join(directory, 'data/pki/ca.crt'), 'utf8'), authority, 'nothing is made twice')
  t.notOk(second.lines.some((line) => line.startsWith('made ')))
  second.signal('SIGINT')
  t.same(await second.ended, [0, null])
})
