import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { textOf, type Encoding } from '../encodings/encoding.ts'
import { EncodingError } from '../encodings/encoding-error.ts'
import { isPromise, type MaybePromise } from '../domain/maybe-promise.ts'
import type { Reply, Session } from '../engine/message-handler.ts'
import { TtlvError } from '../ttlv/error.ts'
import type { ConnectionContext } from './connection-state.ts'
import { collectBody, isRefused, readHead, refuse, respond, textLimits, type Announced } from './http-exchange.ts'
import { isOver } from './limits.ts'
import type { OpenConnection, Speak } from './open-connection.ts'

/** One request and its response. */
type Exchange = { readonly request: IncomingMessage; readonly response: ServerResponse }

/** One authenticated connection. Times are on the pulse; 0 stands for "not now". */
type HttpConnection = {
  readonly socket: TLSSocket
  readonly session: Session
  readonly validTo: number
  readonly context: ConnectionContext
  /** Requests in their order; the first is in work. Pipelined ones wait unread. */
  readonly exchanges: Exchange[]
  isFinishing: boolean
  receivingSince: number
  workingSince: number
  idleSince: number
}

/** Longest head of a request: a handful of short lines. */
const MAX_HEAD = 8 * 1024

const abort = ({ context, session, socket }: HttpConnection, reason: string): void => {
  context.log.warn('connection aborted', { peer: session.peer, principal: session.principal.id, reason })
  socket.destroy()
}

/** The message in TTLV, or the answer that says what is wrong with its text. */
const answer = (connection: HttpConnection, body: Buffer, encoding: Encoding | undefined): MaybePromise<Reply> => {
  const { context, session } = connection
  const { handler, limits } = context
  if (encoding === undefined) return handler.handle(body, session)
  const textual = textLimits(limits.maxMessage)
  try {
    const message = encoding.toTtlv(textOf(body, textual), textual)
    if (message.length > limits.maxMessage)
      return handler.refuse(new TtlvError('size', `message of ${message.length} bytes`, 0), session, message)
    return handler.handle(message, session)
  } catch (error) {
    if (error instanceof EncodingError) return handler.refuse(error, session, error.partial)
    context.log.error('text not read', { peer: session.peer, error })
    return handler.refuse(new TtlvError('invalid', 'text not read', 0), session)
  }
}

/** A text that XML cannot hold leaves nothing to answer with that the client would understand. */
const textFor = ({ context, session }: HttpConnection, reply: Reply, encoding: Encoding): string | undefined => {
  try {
    return encoding.fromTtlv(reply.bytes)
  } catch (error) {
    context.log.warn('answer has no form in the encoding of the client', { peer: session.peer, error })
    return undefined
  }
}

const send = (
  connection: HttpConnection,
  { response }: Exchange,
  reply: Reply,
  { type, encoding }: Announced,
): void => {
  if (response.destroyed) {
    reply.release()
    return
  }
  response.once('close', () => reply.release())
  // The stream has not lost its place, whatever the message was: HTTP says where the next one begins.
  const headers = { 'Content-Type': type, ...(connection.isFinishing ? { Connection: 'close' } : {}) }
  const body = encoding === undefined ? reply.bytes : textFor(connection, reply, encoding)
  if (body === undefined) refuse(response, { status: 406 })
  else respond(response, 200, headers, body)
}

const work = (connection: HttpConnection, exchange: Exchange, announced: Announced, body: Buffer): void => {
  const { context } = connection
  connection.receivingSince = 0
  connection.workingSince = context.pulse.now
  const reply = answer(connection, body, announced.encoding)
  if (isPromise(reply)) void reply.then((later) => send(connection, exchange, later, announced))
  else send(connection, exchange, reply, announced)
}

/** Takes up the first request that waits. */
const start = (connection: HttpConnection): void => {
  const { context, session } = connection
  const [exchange] = connection.exchanges
  if (exchange === undefined) return
  connection.receivingSince ||= context.pulse.now
  const { request, response } = exchange
  const head = readHead(request, context.limits.maxMessage)
  if (isRefused(head)) {
    context.log.info('request refused', { peer: session.peer, principal: session.principal.id, status: head.status })
    // What follows the head is not worth reading.
    refuse(response, { ...head, headers: { ...head.headers, Connection: 'close' } })
    return
  }
  if (request.headers.expect !== undefined) response.writeContinue()
  collectBody(request, (body) => work(connection, exchange, head, body))
}

const finished = (connection: HttpConnection): void => {
  const { context, exchanges, socket } = connection
  exchanges.shift()
  connection.receivingSince = 0
  connection.workingSince = 0
  connection.idleSince = context.pulse.now
  if (exchanges.length > 0) start(connection)
  else if (connection.isFinishing) socket.end()
}

const take = (connection: HttpConnection, exchange: Exchange): void => {
  const { context, exchanges } = connection
  if (exchanges.length >= context.limits.maxInFlight) {
    abort(connection, 'too many requests at once')
    return
  }
  exchanges.push(exchange)
  exchange.response.once('close', () => finished(connection))
  if (exchanges.length === 1) start(connection)
}

/** Bytes that are no HTTP: there is nobody to answer but the socket. */
const refuseBytes = ({ context, session }: HttpConnection, error: NodeJS.ErrnoException, socket: Duplex): void => {
  context.log.info('request refused', { peer: session.peer, principal: session.principal.id, code: error.code })
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

const finish = (connection: HttpConnection): void => {
  connection.isFinishing = true
  connection.idleSince = connection.context.pulse.now
  if (connection.exchanges.length === 0) connection.socket.end()
}

const overdue = ({ context, receivingSince, workingSince }: HttpConnection): string | undefined => {
  const { pulse, limits } = context
  if (receivingSince > 0 && isOver(pulse, receivingSince, limits.receive)) return 'request incomplete'
  if (workingSince > 0 && isOver(pulse, workingSince, limits.work)) return 'request not answered in time'
  return undefined
}

const sweep = (connection: HttpConnection, time: number): void => {
  const { context, exchanges, isFinishing, idleSince, validTo, socket, receivingSince } = connection
  const { pulse, limits } = context
  const reason = overdue(connection) ?? (time > validTo ? 'certificate expired' : undefined)
  if (reason !== undefined) abort(connection, reason)
  else if (exchanges.length > 0 || receivingSince > 0) return
  else if (isFinishing || socket.writableEnded) {
    if (isOver(pulse, idleSince, limits.linger)) socket.destroy()
  } else if (isOver(pulse, idleSince, limits.idle)) finish(connection)
}

const watch = (connection: HttpConnection): void => {
  const { socket, context, session } = connection
  socket.on('error', (error: NodeJS.ErrnoException) =>
    context.log.debug('connection failed', { peer: session.peer, code: error.code }),
  )
  socket.on('close', () => context.log.debug('connection closed', { peer: session.peer }))
  // The first bytes of a head: where there is one, the request is known already.
  socket.on('data', () => {
    if (connection.exchanges.length === 0) connection.receivingSince ||= context.pulse.now
  })
}

const createParser = (connectionOf: (socket: Duplex) => HttpConnection | undefined): Server => {
  const server = createServer({ maxHeaderSize: MAX_HEAD, insecureHTTPParser: false, keepAliveTimeout: 0 })
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const connection = connectionOf(request.socket)
    if (connection === undefined) request.socket.destroy()
    else take(connection, { request, response })
  }
  server.on('request', onRequest)
  server.on('checkContinue', onRequest)
  server.on('clientError', (error, socket) => {
    const connection = connectionOf(socket)
    if (connection === undefined) socket.destroy()
    else refuseBytes(connection, error, socket)
  })
  return server
}

/**
 * Speaks HTTP on the connections of a listener: node:http reads and writes it, and never listens itself. Deadlines are
 * ours, as on every other connection.
 */
export const createHttpSpeaker = (): Speak => {
  const connections = new WeakMap<Duplex, HttpConnection>()
  const server = createParser((socket) => connections.get(socket))

  return (socket, session, validTo, context): OpenConnection => {
    const connection: HttpConnection = {
      socket,
      session,
      validTo,
      context,
      exchanges: [],
      isFinishing: false,
      receivingSince: 0,
      workingSince: 0,
      idleSince: context.pulse.now,
    }
    connections.set(socket, connection)
    server.emit('connection', socket)
    watch(connection)
    return { socket, finish: () => finish(connection), sweep: (time) => sweep(connection, time) }
  }
}
