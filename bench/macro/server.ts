import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { connect } from 'node:tls'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { LoadResult, LoadTask } from './load.ts'

/* Processes of the bench: servers on one core, the load generator on another, where the machine has two. */

const root = join(import.meta.dirname, '../..')

const canPin = (): boolean => {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' })
    return cpus().length > 1
  } catch {
    return false
  }
}

const pins = canPin()

/** What runs where: with one core everybody shares it, and the ratios still hold. */
export const pinned = (core: number, args: readonly string[]): readonly [string, readonly string[]] =>
  pins ? ['taskset', ['-c', String(core), process.execPath, ...args]] : [process.execPath, args]

export type Files = { readonly ca: string; readonly certificate: string; readonly key: string }

export type RunningServer = { readonly port: number; readonly pid: number | undefined; stop(): Promise<void> }

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve()
    else child.once('exit', () => resolve())
  })

const startChild = async (
  args: readonly string[],
  portOf: (line: string) => number | undefined,
  input = '',
): Promise<RunningServer> => {
  const [command, rest] = pinned(0, args)
  const child = spawn(command, rest, { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(input)
  const lines = createInterface({ input: child.stdout })
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await ended(child)
  }
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code ?? 'a signal'}`)))
    lines.on('line', (line) => {
      const port = portOf(line)
      if (port !== undefined) resolve({ port, pid: child.pid, stop })
    })
  })
}

const numberIn =
  (pattern: RegExp) =>
  (line: string): number | undefined => {
    const match = pattern.exec(line)
    return match?.[1] === undefined ? undefined : Number(match[1])
  }

/** The server, as a user starts it. */
export const startKmipd = (data: string): Promise<RunningServer> =>
  startChild(
    ['src/main.ts', 'serve', '--data', data, '--port', '0', '--log-level', 'error'],
    numberIn(/listens on port (\d+)/),
  )

/** Bare node:tls that answers everything with `response`. */
export const startEcho = (files: Files, response: Buffer): Promise<RunningServer> =>
  startChild(
    ['bench/macro/echo-server.ts'],
    numberIn(/"port":(\d+)/),
    JSON.stringify({ ...files, response: response.toString('hex') }),
  )

/** Runs the load generator to its end. */
export const load = (task: LoadTask): LoadResult => {
  const [command, args] = pinned(1, ['bench/macro/load.ts'])
  const input = JSON.stringify(task)
  return JSON.parse(execFileSync(command, args, { cwd: root, encoding: 'utf8', input })) as LoadResult
}

const TICKS_PER_SECOND = 100

/** Microseconds of processor time that a process has had so far, where the system tells. */
const processorTime = (pid: number | undefined): number => {
  try {
    const [, fields = ''] = readFileSync(`/proc/${pid ?? 0}/stat`, 'utf8').split(') ')
    const [user = 0, system = 0] = fields.split(' ').slice(11, 13).map(Number)
    return ((user + system) * 1_000_000) / TICKS_PER_SECOND
  } catch {
    return 0
  }
}

export type Measured = LoadResult & {
  /** Microseconds of the server's processor for each answer: what other work on the machine does not count in. */
  readonly processor: number
}

/** Load on a server of this bench. */
export const loadOn = (server: RunningServer, task: Omit<LoadTask, 'port'>): Measured => {
  const before = processorTime(server.pid)
  const result = load({ ...task, port: server.port })
  return { ...result, processor: (processorTime(server.pid) - before) / Math.max(1, result.answers) }
}

export const clientFiles = (data: string): Files => ({
  ca: join(data, 'pki/ca.crt'),
  certificate: join(data, 'pki/clients/admin.crt'),
  key: join(data, 'pki/clients/admin.key'),
})

export const serverFiles = (data: string): Files => ({
  ca: join(data, 'pki/ca.crt'),
  certificate: join(data, 'pki/server.crt'),
  key: join(data, 'pki/server.key'),
})

/** Sends messages over one connection, one after the other, and returns the answers. */
export const exchange = (port: number, files: Files, messages: readonly Buffer[]): Promise<readonly Buffer[]> =>
  new Promise((resolve, reject) => {
    const answers: Buffer[] = []
    let pending = Buffer.alloc(0)
    const options = { ca: readFileSync(files.ca), cert: readFileSync(files.certificate), key: readFileSync(files.key) }
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ...options })
    const next = (): void => {
      const message = messages[answers.length]
      if (message !== undefined) socket.write(message)
      else {
        socket.destroy()
        resolve(answers)
      }
    }
    socket.once('secureConnect', next)
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk])
      const size = pending.length < 8 ? Infinity : 8 + pending.readUInt32BE(4)
      if (pending.length < size) return
      answers.push(pending.subarray(0, size))
      pending = Buffer.alloc(0)
      next()
    })
  })
