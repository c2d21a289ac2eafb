import { createServer as createAcceptor } from 'node:net'
import type { Server as Acceptor, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Server as TlsServer, TLSSocket } from 'node:tls'
import type { MessageHandler, Session } from '../engine/message-handler.ts'
import type { Log } from '../observe/log.ts'
import { createAdmission, peerName } from './admission.ts'
import type { Admission, Admitted } from './admission.ts'
import { finishConnection, openConnection, sweepConnection } from './connection.ts'
import type { ConnectionContext } from './connection-state.ts'
import { type ClassicClients, createClassicClients, keyExchangeOf } from './key-exchange.ts'
import { DEFAULT_LIMITS, sweepInterval } from './limits.ts'
import type { Limits } from './limits.ts'
import type { OpenConnection, Speak } from './open-connection.ts'
import { peerCertificate, refusalReason } from './peer-certificate.ts'
import type { PeerCertificate } from './peer-certificate.ts'
import { secureContextOptions } from './secure-context.ts'
import type { Certificates } from './secure-context.ts'

export type ListenerOptions = {
  /** All addresses of the machine by default. */
  readonly host?: string | undefined
  /** 0: any free port, see `address`. */
  readonly port: number
  readonly certificates: Certificates
  /** The suites without forward secrecy that KMIP Profiles 1.0 to 1.4 demand. */
  readonly legacySuites?: boolean
  readonly limits?: Partial<Limits>
  readonly handler: MessageHandler
  /** What is spoken over TLS; one TTLV message after the other by default. */
  readonly speak?: Speak
  /**
   * Says who holds a certificate, trusted or not: asked once for each connection, a resumed one too. Undefined turns
   * the peer away; so does a rejection, which is logged as an error.
   */
  readonly identify: (peer: PeerCertificate) => Promise<Session['principal'] | undefined>
  /** 48 random bytes that session tickets are sealed with; processes that share a port share them. */
  readonly ticketKeys: () => Buffer
  readonly clock: {
    /** Seconds since 1970. */
    now(): number
  }
  readonly log: Log
}

/** A listening KMIP server: mutual TLS (1.4 section 10, 2.1 section 10.4). */
export type TlsListener = {
  readonly host: string
  readonly port: number
  /** Open connections, those in the handshake included. */
  readonly connections: number
  /** Shows and trusts other certificates from the next connection on; tickets given out before are void. */
  reload(certificates: Certificates): void
  /** Stops accepting, answers what is in work and closes everything, in the time that `limits.drain` gives. */
  drain(): Promise<void>
}

type Listener = ConnectionContext & {
  readonly options: ListenerOptions
  readonly acceptor: Acceptor
  readonly tls: TlsServer
  readonly admission: Admission
  readonly open: Map<string, OpenConnection>
  readonly classic: ClassicClients
  /** Since the last sweep. */
  readonly acceptErrors: NodeJS.ErrnoException[]
  isDraining: boolean
  /** Called when the last connection is gone. */
  onEmpty: () => void
}

const createTls = ({ certificates, legacySuites, ticketKeys }: ListenerOptions, { handshake }: Limits): TlsServer =>
  createTlsServer({
    ...secureContextOptions(certificates, legacySuites ?? false),
    ticketKeys: ticketKeys(),
    requestCert: true,
    // We decide ourselves, so that a certificate can be registered by itself and a refusal be logged with its reason.
    rejectUnauthorized: false,
    handshakeTimeout: handshake,
  })

const speakTtlv: Speak = (socket, session, validTo, context) => {
  const connection = openConnection(socket, session, validTo, context)
  return {
    socket,
    finish: () => finishConnection(connection),
    sweep: (time) => sweepConnection(connection, time),
  }
}

/** Who the peer is; undefined where it is nobody we know, which has been logged then. */
const identify = async (
  { options, log }: Listener,
  peer: string,
  certificate: PeerCertificate | undefined,
): Promise<Session['principal'] | undefined> => {
  if (certificate === undefined) {
    log.warn('connection refused', { peer, reason: 'no certificate' })
    return undefined
  }
  try {
    const principal = await options.identify(certificate)
    if (principal !== undefined) return principal
    const { subject, issuer, fingerprint } = certificate
    log.warn('connection refused', { peer, reason: refusalReason(certificate), subject, issuer, fingerprint })
  } catch (error) {
    log.error('client not identified', { peer, error })
  }
  return undefined
}

/** After the handshake and before the first byte of KMIP: nothing is read until the peer has a name. */
const authenticate = async (listener: Listener, socket: TLSSocket): Promise<void> => {
  const { log, limits, open, admission } = listener
  const admitted = admission.admitted.get(peerName(socket) ?? '')
  if (admitted === undefined) {
    socket.destroy()
    return
  }
  admitted.isSecure = true
  const { peer } = admitted
  // Only from here on: a peer that closes its side in the handshake has nothing to wait for.
  socket.allowHalfOpen = true
  const logFailure = (error: NodeJS.ErrnoException): void => log.debug('connection failed', { peer, code: error.code })
  socket.on('error', logFailure)
  const timer = setTimeout(() => {
    log.warn('connection refused', { peer, reason: 'identification took too long' })
    socket.destroy()
  }, limits.handshake)
  const certificate = peerCertificate(socket)
  const principal = await identify(listener, peer, certificate)
  clearTimeout(timer)
  if (socket.destroyed) return
  if (certificate === undefined || principal === undefined || listener.isDraining) {
    socket.destroy()
    return
  }
  const group = keyExchangeOf(socket)
  if (listener.classic.isNews(principal.id, group))
    log.info('client without post-quantum key exchange', { client: principal.name, peer, group })
  log.debug('connection opened', {
    peer,
    principal: principal.id,
    protocol: socket.getProtocol() ?? undefined,
    cipher: socket.getCipher().name,
    group,
  })
  socket.off('error', logFailure)
  socket.once('close', () => open.delete(peer))
  const speak = listener.options.speak ?? speakTtlv
  open.set(peer, speak(socket, { principal, peer, certificate }, certificate.validTo, listener))
}

/** TLS says what is wrong while the peer still has a name; what it says later is only that the connection is gone. */
const handshakeFailed = ({ admission }: Listener, error: NodeJS.ErrnoException, socket: TLSSocket): void => {
  const connection = admission.admitted.get(peerName(socket) ?? '')
  if (connection !== undefined) connection.failure = error.code
  socket.destroy()
}

/** What the operator can do about it. */
const hintFor = (code: string, legacySuites: boolean): string | undefined => {
  if (code === 'ERR_SSL_UNSUPPORTED_PROTOCOL') return 'the client speaks nothing newer than TLS 1.1'
  if (code !== 'ERR_SSL_NO_SHARED_CIPHER') return undefined
  return legacySuites
    ? 'no cipher suite in common, or none for the kind of key of the server certificate'
    : 'no cipher suite in common; tls.legacy-suites = true admits those of the KMIP 1.x profiles'
}

/** A connection that ends before it has sent a byte is a health probe; vCenter makes one every five minutes. */
const logFailedHandshake = ({ log, legacySuites }: ListenerOptions, connection: Admitted): void => {
  const { peer, isSecure, failure, socket } = connection
  if (isSecure) return
  const isProbe = socket.bytesRead === 0 && (failure === undefined || failure === 'ECONNRESET')
  if (isProbe) log.debug('connection without handshake', { peer, code: failure })
  else {
    const code = failure ?? 'ECONNRESET'
    log.warn('handshake failed', { peer, code, bytes: socket.bytesRead, reason: hintFor(code, legacySuites === true) })
  }
}

const accept = ({ admission, tls }: Listener, socket: Socket): void => {
  // tls.Server listens to sockets only through this event, and has no other way to be given one.
  if (admission.admit(socket)) tls.emit('connection', socket)
}

const sweep = ({ pulse, open, admission, acceptErrors, options, log }: Listener): void => {
  pulse.now = performance.now()
  const time = options.clock.now()
  for (const connection of open.values()) connection.sweep(time)
  const refused = admission.takeRefused()
  if (refused > 0) log.warn('too many connections', { count: refused })
  // Out of file descriptors libuv mostly drops the connection itself; what it does report can come in floods.
  const [first, ...more] = acceptErrors.splice(0)
  if (first !== undefined) log.error('connections not accepted', { code: first.code, count: more.length + 1 })
}

const bind = async ({ acceptor, options }: Listener): Promise<{ address: string; port: number }> => {
  const { port, host } = options
  await new Promise<void>((resolve, reject) => {
    acceptor.once('error', reject)
    acceptor.listen(host === undefined ? { port } : { port, host }, () => {
      acceptor.off('error', reject)
      resolve()
    })
  })
  const address = acceptor.address()
  return typeof address === 'object' && address !== null ? address : { address: host ?? '', port }
}

const stop = async (listener: Listener): Promise<void> => {
  const { acceptor, admission, open, limits } = listener
  listener.isDraining = true
  acceptor.close()
  for (const [peer, { socket }] of admission.admitted) {
    const connection = open.get(peer)
    if (connection === undefined) socket.destroy()
    else connection.finish()
  }
  const timer = setTimeout(() => {
    for (const { socket } of admission.admitted.values()) socket.destroy()
  }, limits.drain)
  if (admission.admitted.size > 0) await new Promise<void>((resolve) => (listener.onEmpty = resolve))
  clearTimeout(timer)
}

const createListener = (options: ListenerOptions): Listener => {
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits }
  const listener: Listener = {
    options,
    limits,
    handler: options.handler,
    log: options.log,
    pulse: { now: performance.now(), interval: sweepInterval(limits) },
    acceptor: createAcceptor({
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: limits.keepAlive,
    }),
    tls: createTls(options, limits),
    admission: createAdmission(limits, (connection) => {
      logFailedHandshake(options, connection)
      if (listener.admission.admitted.size === 0) listener.onEmpty()
    }),
    open: new Map(),
    classic: createClassicClients(),
    acceptErrors: [],
    isDraining: false,
    onEmpty: () => undefined,
  }
  return listener
}

/**
 * Starts to listen.
 * @throws the error of node:net where the address cannot be had, that of node:tls where key and certificate are unfit.
 */
export const listen = async (options: ListenerOptions): Promise<TlsListener> => {
  const listener = createListener(options)
  const { acceptor, tls, admission, pulse } = listener
  acceptor.on('connection', (socket) => accept(listener, socket))
  tls.on('secureConnection', (socket) => void authenticate(listener, socket))
  tls.on('tlsClientError', (error, socket) => handshakeFailed(listener, error, socket))
  const { address, port } = await bind(listener)
  acceptor.on('error', (error) => listener.acceptErrors.push(error))
  const timer = setInterval(() => sweep(listener), pulse.interval)
  timer.unref()
  let stopped: Promise<void> | undefined

  return {
    host: address,
    port,
    get connections() {
      return admission.admitted.size
    },
    reload: (certificates) => {
      tls.setSecureContext({
        ...secureContextOptions(certificates, options.legacySuites ?? false),
        ticketKeys: options.ticketKeys(),
      })
    },
    drain: () => (stopped ??= stop(listener).finally(() => clearInterval(timer))),
  }
}
