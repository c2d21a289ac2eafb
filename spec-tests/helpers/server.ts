import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'

/*
 * The real program as a child process, and TLS connections to it that send and receive bytes: nothing in between is
 * shared with the server, so that what a client sees is what is tested.
 */

/** The program. */
export const MAIN = join(import.meta.dirname, '../../src/main.ts')

const run = promisify(execFile)

/** How long anything may take before the test gives up on it, in milliseconds: a guard, not a measurement. */
const PATIENCE = 60_000

/** The child sees none of the settings of whoever runs the tests. */
export const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('KMIPD_') && name !== 'NODE_OPTIONS'),
  )

/** Runs a command of kmipd to its end. Rejects where it fails. */
export const kmipd = async (...words: readonly string[]): Promise<string> => {
  const { stdout } = await run(process.execPath, ['--no-warnings', MAIN, ...words], {
    env: environment(),
    timeout: PATIENCE,
  })
  return stdout
}

export type KmipServer = {
  readonly data: string
  readonly port: number
  /** 0 where it has not been told to speak HTTPS. */
  readonly httpsPort: number
  readonly pid: number
  /** Everything it has printed. */
  output(): string
  /** Memory that the process holds, in bytes. */
  residentBytes(): Promise<number>
  readonly isRunning: boolean
  /** SIGKILL: no time for anything. */
  kill(): Promise<void>
  /** SIGTERM: answers what is in work. Resolves to the exit code. */
  stop(): Promise<number | null>
}

const ANNOUNCEMENT = /listens on port (\d+)(?:, and for HTTPS on port (\d+))?\n/

/**
 * Flags of Node for a server whose memory is measured: without room for garbage, what grows is what is kept. Otherwise
 * the heap grows by some 100 MB before it is worth collecting.
 */
export const SMALL_HEAP: readonly string[] = ['--max-semi-space-size=1', '--max-old-space-size=96']

/** What a process needs around it: variables, and a command that runs it in another place. */
export type Surroundings = {
  readonly env?: Readonly<Record<string, string>>
  readonly within?: readonly string[]
}

/** Starts `kmipd serve` on a free port of 127.0.0.1, with further flags, and flags of Node. Resolves once it listens. */
export const startKmipd = async (
  data: string,
  flags: readonly string[] = [],
  runtime: readonly string[] = [],
  { env = {}, within = [] }: Surroundings = {},
): Promise<KmipServer> => {
  const [command = '', ...words] = [
    ...within,
    process.execPath,
    '--no-warnings',
    ...runtime,
    MAIN,
    'serve',
    '--data',
    data,
    '--host',
    '127.0.0.1',
    '--port',
    '0',
    ...flags,
  ]
  const child = spawn(command, words, { env: { ...environment(), ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const gone = once(child, 'exit')
  const started = Promise.withResolvers<readonly [port: number, httpsPort: number]>()
  let printed = ''
  const take = (chunk: Buffer): void => {
    printed += chunk.toString()
    const announced = ANNOUNCEMENT.exec(printed)
    if (announced !== null) started.resolve([Number(announced[1]), Number(announced[2] ?? 0)])
  }
  child.stdout.on('data', take)
  child.stderr.on('data', take)
  void gone.then(() => started.reject(new Error(`the server ended: ${printed}`)))
  const timer = setTimeout(() => started.reject(new Error(`the server does not start: ${printed}`)), PATIENCE)
  const [port, httpsPort] = await started.promise.finally(() => clearTimeout(timer))
  const pid = child.pid ?? 0
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    await gone
    return child.exitCode
  }
  return {
    data,
    port,
    httpsPort,
    pid,
    output: () => printed,
    residentBytes: async () => {
      const [, pages = '0'] = (await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ')
      return Number(pages) * 4096
    },
    get isRunning() {
      return child.exitCode === null && child.signalCode === null
    },
    kill: async () => {
      await end('SIGKILL')
    },
    stop: () => end('SIGTERM'),
  }
}

/** A fresh folder for a data directory; the caller removes it. */
export const temporaryData = async (): Promise<{ readonly data: string; readonly remove: () => Promise<void> }> => {
  const folder = await mkdtemp(join(tmpdir(), 'kmipd-'))
  return { data: join(folder, 'data'), remove: () => rm(folder, { recursive: true, force: true }) }
}

/** What a client shows, and whom it trusts; PEM. */
export type ClientIdentity = { readonly cert: string; readonly key: string; readonly ca: string }

/** The certificate that first start or `client add` has put into the data directory. */
export const identityOf = async (data: string, name: string): Promise<ClientIdentity> => {
  const [cert, key, ca] = await Promise.all([
    readFile(join(data, 'pki/clients', `${name}.crt`), 'utf8'),
    readFile(join(data, 'pki/clients', `${name}.key`), 'utf8'),
    readFile(join(data, 'pki/ca.crt'), 'utf8'),
  ])
  return { cert, key, ca }
}

/** A connection that sends bytes and receives messages. */
export type WireConnection = {
  readonly socket: TLSSocket
  write(bytes: Buffer): void
  /** The next message; undefined where the server has closed the connection before one. */
  next(): Promise<Buffer | undefined>
  /** Sends a message and takes the answer. Rejects where there is none. */
  ask(message: Buffer): Promise<Buffer>
  /** Sizes of the pieces in which the bytes came. */
  readonly chunks: readonly number[]
  /** Messages that came and were not taken. */
  readonly waiting: number
  readonly isClosed: boolean
  /** Resolves once the connection is gone. */
  readonly closed: Promise<void>
  close(): void
}

type Waiter = (message: Buffer | undefined) => void

const receive = (socket: TLSSocket) => {
  const messages: Buffer[] = []
  const waiters: Waiter[] = []
  const chunks: number[] = []
  let held = Buffer.alloc(0)
  let isClosed = false
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk.length)
    held = Buffer.concat([held, chunk])
    while (held.length >= 8 && held.length >= 8 + held.readUInt32BE(4)) {
      const size = 8 + held.readUInt32BE(4)
      const message = Buffer.from(held.subarray(0, size))
      held = held.subarray(size)
      const waiter = waiters.shift()
      if (waiter === undefined) messages.push(message)
      else waiter(message)
    }
  })
  // What a lost connection means is up to the test, which sees that no message comes.
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) =>
    socket.once('close', () => {
      isClosed = true
      for (const waiter of waiters.splice(0)) waiter(undefined)
      resolve()
    }),
  )
  const next = (): Promise<Buffer | undefined> => {
    const message = messages.shift()
    if (message !== undefined || isClosed) return Promise.resolve(message)
    const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>()
    const timer = setTimeout(() => reject(new Error('no answer')), PATIENCE)
    waiters.push((arrived) => {
      clearTimeout(timer)
      resolve(arrived)
    })
    return promise
  }
  return { next, closed, chunks, count: () => messages.length, isClosed: () => isClosed }
}

/** Connects; rejects where the handshake fails. */
export const connectTo = async (
  { port }: Pick<KmipServer, 'port'>,
  identity: ClientIdentity,
  options: ConnectionOptions = {},
): Promise<WireConnection> => {
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ...identity, ...options })
  await once(socket, 'secureConnect')
  const inbox = receive(socket)
  return {
    socket,
    write: (bytes) => void socket.write(bytes),
    next: inbox.next,
    ask: async (message) => {
      socket.write(message)
      const answer = await inbox.next()
      if (answer === undefined) throw new Error('the connection was closed without an answer')
      return answer
    },
    chunks: inbox.chunks,
    get waiting() {
      return inbox.count()
    },
    get isClosed() {
      return inbox.isClosed()
    },
    closed: inbox.closed,
    close: () => void socket.destroy(),
  }
}
