import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Test } from 'tap'
import { issue, makeAuthority } from '../../certs/test-pki.ts'
import type { TestIdentity } from '../../certs/test-pki.ts'
import type { MaybePromise } from '../../src/domain/maybe-promise.ts'
import type { MessageHandler, Reply, Session } from '../../src/engine/message-handler.ts'
import { listen } from '../../src/net/tls-listener.ts'
import type { ListenerOptions, TlsListener } from '../../src/net/tls-listener.ts'
import type { Log, LogFields, LogLevel } from '../../src/observe/log.ts'

export const authority = await makeAuthority('kmipd test CA')

export const serverIdentity = await issue(authority, { name: 'localhost', usage: 'server' })

export const clientIdentity = await issue(authority, { name: 'alice' })

export const ALICE: Session['principal'] = {
  id: 'alice',
  name: 'alice',
  tenant: 'default',
  role: 'client',
  groups: [],
}

const message = (tag: number, size: number, id: number): Buffer => {
  const bytes = Buffer.alloc(size)
  bytes.writeUIntBE(tag, 0, 3)
  bytes.writeUInt8(0x01, 3)
  bytes.writeUInt32BE(size - 8, 4)
  bytes.writeUInt32BE(id, 8)
  return bytes
}

/** The frame of a Request Message of `size` bytes; its body is no TTLV but a number, then zeros. */
export const requestFrame = (id: number, size = 200): Buffer => message(0x420078, size, id)

/** The same for a Response Message. */
export const responseFrame = (id: number, size = 320): Buffer => message(0x42007b, size, id)

export const frameId = (bytes: Buffer): number => bytes.readUInt32BE(8)

export type Counting = MessageHandler & {
  readonly sessions: Set<Session>
  handled: number
  refused: number
  released: number
}

/**
 * A message handler that answers each request with a response of the same number; a refusal with number 0xffffffff.
 * @param answer what to answer with, now or later; `responseFrame(id)` at once by default.
 */
export const echo = (answer: (id: number) => MaybePromise<Buffer> = (id) => responseFrame(id)): Counting => {
  const reply = (bytes: Buffer, close: boolean): Reply => ({ bytes, close, release: () => (handler.released += 1) })
  const handler: Counting = {
    sessions: new Set(),
    handled: 0,
    refused: 0,
    released: 0,
    handle: (bytes, session) => {
      handler.handled += 1
      handler.sessions.add(session)
      const result = answer(frameId(bytes))
      return result instanceof Promise ? result.then((later) => reply(later, false)) : reply(result, false)
    },
    refuse: () => {
      handler.refused += 1
      return reply(responseFrame(REFUSAL), true)
    },
  }
  return handler
}

export const REFUSAL = 0xffffffff

export type LogEntry = { readonly level: LogLevel; readonly event: string; readonly fields: LogFields }

export const recordingLog = (): Log & { readonly entries: LogEntry[] } => {
  const entries: LogEntry[] = []
  const at =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}): void => {
      entries.push({ level, event, fields })
    }
  return { entries, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

export type TestServer = {
  readonly listener: TlsListener
  readonly handler: Counting
  readonly entries: readonly LogEntry[]
  /** Waits for a log entry with all of these fields. */
  readonly logged: (event: string, fields?: LogFields) => Promise<LogEntry>
}

/** Waits until `find` finds something; the time limit of the test file is the only limit. */
export const eventually = async <T>(find: () => T | undefined | false): Promise<T> => {
  for (;;) {
    const found = find()
    if (found !== undefined && found !== false) return found
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** A listener on a free port of 127.0.0.1 that knows every trusted client as Alice; gone when the test ends. */
export const startServer = async (
  t: Test,
  options: Partial<ListenerOptions> & { readonly handler?: Counting } = {},
): Promise<TestServer> => {
  const log = recordingLog()
  const handler = options.handler ?? echo()
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    certificates: { ...serverIdentity, ca: [authority.cert] },
    identify: (peer) => Promise.resolve(peer.trusted ? ALICE : undefined),
    ticketKeys: () => randomBytes(48),
    clock: { now: () => Math.floor(Date.now() / 1000) },
    log,
    ...options,
    // What a test leaves in work need not be waited for.
    limits: { drain: 500, ...options.limits },
    handler,
  })
  t.teardown(() => listener.drain())
  const logged = (event: string, fields: LogFields = {}): Promise<LogEntry> =>
    eventually(() =>
      log.entries.find(
        (entry) =>
          entry.event === event &&
          Object.entries(fields).every(([name, value]) =>
            Object.entries(entry.fields).some(([n, v]) => n === name && v === value),
          ),
      ),
    )
  return { listener, handler, entries: log.entries, logged }
}

/** What arrives on a socket, as messages. */
export type Inbox = {
  readonly messages: readonly Buffer[]
  /** Resolves with the first `count` messages. */
  take(count: number): Promise<readonly Buffer[]>
  /** Resolves once the socket is closed. */
  readonly closed: Promise<void>
  readonly isClosed: boolean
  readonly error: NodeJS.ErrnoException | undefined
}

export const collect = (socket: Socket): Inbox => {
  const messages: Buffer[] = []
  let held = Buffer.alloc(0)
  const state: { error: NodeJS.ErrnoException | undefined; isClosed: boolean } = { error: undefined, isClosed: false }
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk])
    while (held.length >= 8 && held.length >= 8 + held.readUInt32BE(4)) {
      const size = 8 + held.readUInt32BE(4)
      messages.push(held.subarray(0, size))
      held = held.subarray(size)
    }
  })
  socket.on('error', (problem: NodeJS.ErrnoException) => (state.error = problem))
  const closed = new Promise<void>((resolve) =>
    socket.once('close', () => {
      state.isClosed = true
      resolve()
    }),
  )
  return {
    messages,
    take: async (count) => {
      await eventually(() => messages.length >= count || state.isClosed)
      return messages.slice(0, count)
    },
    closed,
    get isClosed() {
      return state.isClosed
    },
    get error() {
      return state.error
    },
  }
}

export type TestClient = { readonly socket: TLSSocket; readonly inbox: Inbox }

/** Starts a TLS connection; with Alice's certificate unless `identity` says otherwise. */
export const dial = (
  t: Test,
  { port }: TlsListener,
  options: ConnectionOptions = {},
  identity: TestIdentity | 'none' = clientIdentity,
): TestClient => {
  const socket = connectTls({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: authority.cert,
    ...(identity === 'none' ? {} : { cert: identity.cert, key: identity.key }),
    ...options,
  })
  t.teardown(() => socket.destroy())
  return { socket, inbox: collect(socket) }
}

/** The same, with the handshake done. */
export const connect = async (
  t: Test,
  listener: TlsListener,
  options: ConnectionOptions = {},
  identity: TestIdentity | 'none' = clientIdentity,
): Promise<TestClient> => {
  const client = dial(t, listener, options, identity)
  await once(client.socket, 'secureConnect')
  return client
}

/** Bytes in use once the garbage is gone; in two rounds, for a buffer's memory goes after its object. */
export const bytesHeld = async (): Promise<number> => {
  setFlagsFromString('--expose-gc')
  for (let round = 0; round < 2; round += 1) {
    runInNewContext('gc()')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** A TCP connection without TLS. */
export const connectRaw = async (t: Test, { port }: TlsListener): Promise<{ socket: Socket; inbox: Inbox }> => {
  const socket = connectTcp({ port, host: '127.0.0.1' })
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  return { socket, inbox: collect(socket) }
}
