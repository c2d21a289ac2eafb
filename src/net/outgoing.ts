import { connect, type TLSSocket } from 'node:tls'
import type { ClientChannel } from '../engine/message-handler.ts'
import { createFrameSplitter } from '../ttlv/frame.ts'
import { type Asking, createAsking } from './asking.ts'
import { isOver, type Limits } from './limits.ts'
import { peerCertificate } from './peer-certificate.ts'
import { type Certificates, secureContextOptions } from './secure-context.ts'

/** Where a client listens, by the word of the operator. */
export type Destination = {
  readonly host: string
  readonly port: number
  /** SHA-256 of the certificate that it shows, in lower-case hex; absent: one of a trusted authority, for that host. */
  readonly fingerprint: string | undefined
}

export type OutgoingOptions = {
  /** What this server shows, and whom it trusts: the same as where it listens. */
  readonly certificates: Certificates
  readonly legacySuites: boolean
  readonly limits: Pick<Limits, 'handshake' | 'work' | 'maxMessage' | 'keepAlive'>
}

/** Response Message: the only thing that comes back. */
const RESPONSE_MESSAGE = 0x42007b

const NOTHING = Buffer.alloc(0)

/** Why the peer is not the one it should be; undefined where it is. */
const stranger = (socket: TLSSocket, { fingerprint }: Destination): string | undefined => {
  const certificate = peerCertificate(socket)
  if (certificate === undefined) return 'no certificate'
  if (fingerprint !== undefined) return certificate.fingerprint === fingerprint ? undefined : 'another certificate'
  return certificate.problem
}

const secured = async (destination: Destination, options: OutgoingOptions): Promise<TLSSocket> => {
  const { host, port, fingerprint } = destination
  const { promise, resolve, reject } = Promise.withResolvers<undefined>()
  const socket = connect({
    ...secureContextOptions(options.certificates, options.legacySuites),
    host,
    port,
    // A certificate that is known by itself is judged by itself: whom it names is no matter.
    rejectUnauthorized: false,
    ...(fingerprint === undefined ? {} : { checkServerIdentity: () => undefined }),
  })
  const timer = setTimeout(() => socket.destroy(new Error('the handshake takes too long')), options.limits.handshake)
  socket.setKeepAlive(true, options.limits.keepAlive)
  socket.setNoDelay(true)
  socket.once('secureConnect', () => resolve(undefined))
  socket.once('error', reject)
  socket.once('close', () => reject(new Error('the connection is gone')))
  await promise.finally(() => clearTimeout(timer))
  const reason = stranger(socket, destination)
  if (reason === undefined) return socket
  socket.destroy()
  throw new Error(`somebody else listens there: ${reason}`)
}

const receive = (socket: TLSSocket, asking: Asking, maxSize: number): void => {
  const splitter = createFrameSplitter({ tag: RESPONSE_MESSAGE, maxSize })
  const take = (chunk: Buffer): void => {
    for (const message of splitter.push(chunk)) {
      if (!asking.answer(message)) throw new Error('an answer that nobody asked for')
    }
    if (splitter.pending > 0) splitter.push(NOTHING)
  }
  socket.on('data', (chunk: Buffer) => {
    try {
      take(chunk)
    } catch (error) {
      asking.channel.close(error instanceof Error ? error.message : 'no message')
    }
  })
  socket.on('error', () => asking.end('the connection failed'))
  socket.on('close', () => asking.end('the connection is gone'))
}

/** Watches that an answer comes in time. */
const watch = (socket: TLSSocket, asking: Asking, pulse: { now: number; readonly interval: number }, limit: number) => {
  const timer = setInterval(() => {
    pulse.now = performance.now()
    if (asking.since > 0 && isOver(pulse, asking.since, limit)) asking.channel.close('the client does not answer')
  }, pulse.interval)
  timer.unref()
  socket.once('close', () => clearInterval(timer))
}

/** Sweeps a second, or more where an answer has to come sooner. */
const LONGEST_PULSE = 1_000

/**
 * Connects to a client that listens, with the same mutual TLS as the other way round. Nothing that a client has said
 * leads here.
 * @throws Error where nobody is there, or somebody else
 */
export const dial = async (destination: Destination, options: OutgoingOptions): Promise<ClientChannel> => {
  const { work, maxMessage } = options.limits
  const socket = await secured(destination, options)
  const pulse = { now: performance.now(), interval: Math.min(LONGEST_PULSE, work / 4) }
  const asking = createAsking({
    pulse,
    write: (message) => {
      pulse.now = performance.now()
      socket.write(message)
    },
    close: () => socket.destroy(),
    turnBack: () => socket.destroy(),
    onIdle: () => socket.destroy(),
  })
  receive(socket, asking, maxMessage)
  watch(socket, asking, pulse, work)
  return asking.channel
}
