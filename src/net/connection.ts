import type { TLSSocket } from 'node:tls'
import type { MessageHandler, Reply, Session } from '../engine/message-handler.ts'
import type { Log } from '../observe/log.ts'
import { TtlvError } from '../ttlv/error.ts'
import { createFrameSplitter } from '../ttlv/frame.ts'
import type { FrameSplitter } from '../ttlv/frame.ts'
import { isOver } from './limits.ts'
import type { Limits, Pulse } from './limits.ts'

/** What all connections of a listener share. */
export type ConnectionContext = {
  readonly handler: MessageHandler
  readonly limits: Limits
  readonly log: Log
  readonly pulse: Pulse
}

/** A request in work, or answered but behind an earlier one that is not, or behind a peer that does not read. */
type Answer = { readonly since: number; reply: Reply | undefined }

/**
 * - `open`: reads requests;
 * - `finishing`: answers those it has and then closes, because the peer has said its last or the server stops;
 * - `closing`: has closed its side and drops what still comes, until the peer closes too;
 * - `closed`: the socket is gone.
 */
type Phase = 'open' | 'finishing' | 'closing' | 'closed'

/** One authenticated connection. Times are on the pulse; 0 stands for "not now". */
export type Connection = {
  readonly socket: TLSSocket
  readonly session: Session
  /** When the peer's certificate ends, in seconds since 1970. */
  readonly validTo: number
  readonly context: ConnectionContext
  readonly splitter: FrameSplitter
  phase: Phase
  /** Complete requests that wait for a place in work. */
  backlog: readonly Buffer[]
  /** What ended the sequence of messages; answered after them. */
  damage: TtlvError | undefined
  /** In the order of their requests, in which they are answered. */
  readonly answers: Answer[]
  isReading: boolean
  receivingSince: number
  blockedSince: number
  idleSince: number
}

/** Request Message, KMIP 1.4 section 7.1, 2.1 section 8.1: what every message to a server starts with. */
const REQUEST_MESSAGE = 0x420078

/** Time for a peer that owes us more than `maxUnsent` to take something, in milliseconds. */
const STALL = 1_000

const NOTHING = Buffer.alloc(0)

const setReading = (connection: Connection): void => {
  const { phase, backlog, answers, blockedSince, splitter, context, socket } = connection
  const isFree = backlog.length === 0 && blockedSince === 0 && answers.length < context.limits.maxInFlight
  const wanted = phase === 'closing' || (phase === 'open' && isFree)
  if (wanted === connection.isReading) return
  connection.isReading = wanted
  if (!wanted) {
    socket.pause()
    return
  }
  // A message cut in two by our own pause is not late.
  if (splitter.pending > 0) connection.receivingSince = context.pulse.now
  socket.resume()
}

/** Gives up: without a word where the peer would not read one. */
const abort = (connection: Connection, reason: string): void => {
  const { context, session, socket } = connection
  context.log.warn('connection aborted', { peer: session.peer, principal: session.principal.id, reason })
  socket.destroy()
}

const dropAnswers = ({ answers }: Connection): void => {
  for (const { reply } of answers.splice(0)) reply?.release()
}

/** Closes our side. What still comes is read and dropped: a reset would take the last reply from the peer. */
const close = (connection: Connection): void => {
  connection.phase = 'closing'
  connection.backlog = []
  connection.idleSince = connection.context.pulse.now
  dropAnswers(connection)
  connection.socket.end()
}

/** One write per response: some clients take a response from a single read. */
const write = (connection: Connection, reply: Reply): void => {
  const { socket, context } = connection
  const isTaken = socket.write(reply.bytes, () => reply.release())
  connection.idleSince = context.pulse.now
  if (!isTaken) connection.blockedSince = context.pulse.now
  if (reply.close) close(connection)
}

const flush = (connection: Connection): void => {
  const { answers } = connection
  for (let reply = answers[0]?.reply; reply !== undefined; reply = answers[0]?.reply) {
    if (connection.blockedSince > 0) return
    answers.shift()
    write(connection, reply)
  }
}

const settle = (connection: Connection, answer: Answer, reply: Reply): void => {
  if (connection.phase === 'closing' || connection.phase === 'closed') {
    reply.release()
    return
  }
  answer.reply = reply
  proceed(connection)
}

/** Answers one request: at once where the engine does and no earlier answer is due, for a promise costs a turn. */
const start = (connection: Connection, message: Buffer): void => {
  const { context, session, answers } = connection
  const result = context.handler.handle(message, session)
  const isPromise = result instanceof Promise
  if (!isPromise && answers.length === 0) {
    write(connection, result)
    return
  }
  const answer: Answer = { since: context.pulse.now, reply: isPromise ? undefined : result }
  answers.push(answer)
  if (isPromise) void result.then((reply) => settle(connection, answer, reply))
}

const startBacklog = (connection: Connection): void => {
  const { answers, context } = connection
  const messages = connection.backlog
  let next = 0
  while (next < messages.length && connection.blockedSince === 0 && answers.length < context.limits.maxInFlight) {
    const message = messages[next]
    next += 1
    if (message !== undefined) start(connection, message)
    if (connection.phase === 'closing') return
  }
  connection.backlog = next === messages.length ? [] : messages.slice(next)
}

const refuse = (connection: Connection): void => {
  const { damage, context, session, answers } = connection
  if (damage === undefined || connection.backlog.length > 0) return
  connection.damage = undefined
  context.log.info('request refused', { peer: session.peer, principal: session.principal.id, reason: damage.message })
  answers.push({ since: context.pulse.now, reply: context.handler.refuse(damage, session) })
  flush(connection)
}

/** Goes as far as it can: called after everything that can have set it free. */
const proceed = (connection: Connection): void => {
  flush(connection)
  if (connection.backlog.length > 0) startBacklog(connection)
  refuse(connection)
  if (connection.phase === 'finishing' && connection.answers.length === 0 && connection.backlog.length === 0) {
    close(connection)
  }
  setReading(connection)
}

const cut = (connection: Connection, chunk: Buffer): void => {
  const { splitter, context } = connection
  try {
    const messages = splitter.push(chunk)
    if (messages.length > 0) {
      connection.backlog = [...connection.backlog, ...messages]
      connection.receivingSince = 0
      // Throws what is wrong with the bytes behind them.
      splitter.push(NOTHING)
    }
  } catch (error) {
    if (!(error instanceof TtlvError)) throw error
    connection.damage = error
    connection.phase = 'finishing'
  }
  if (splitter.pending === 0) connection.receivingSince = 0
  else if (connection.receivingSince === 0) connection.receivingSince = context.pulse.now
}

const receive = (connection: Connection, chunk: Buffer): void => {
  if (connection.phase !== 'open') return
  cut(connection, chunk)
  proceed(connection)
}

/** The peer has said its last; it can still listen. A connection without a request is a health probe. */
const endOfStream = (connection: Connection): void => {
  const { splitter, session, context, phase } = connection
  if (phase === 'closing') return
  if (splitter.pending > 0 && phase === 'open') {
    context.log.debug('request cut short', { peer: session.peer, bytes: splitter.pending })
  }
  connection.phase = 'finishing'
  proceed(connection)
}

const drained = (connection: Connection): void => {
  connection.blockedSince = 0
  if (connection.phase !== 'closing') proceed(connection)
}

const closed = (connection: Connection): void => {
  const { context, session } = connection
  connection.phase = 'closed'
  connection.backlog = []
  dropAnswers(connection)
  context.log.debug('connection closed', { peer: session.peer })
}

const failed = ({ context, session }: Connection, error: NodeJS.ErrnoException): void =>
  context.log.debug('connection failed', { peer: session.peer, code: error.code })

/** Starts to read requests from a socket whose handshake is done and whose peer is known. */
export const openConnection = (
  socket: TLSSocket,
  session: Session,
  validTo: number,
  context: ConnectionContext,
): Connection => {
  const { maxMessage } = context.limits
  const connection: Connection = {
    socket,
    session,
    validTo,
    context,
    splitter: createFrameSplitter({ tag: REQUEST_MESSAGE, maxSize: maxMessage }),
    phase: 'open',
    backlog: [],
    damage: undefined,
    answers: [],
    isReading: true,
    receivingSince: 0,
    blockedSince: 0,
    idleSince: context.pulse.now,
  }
  socket.on('error', (error: NodeJS.ErrnoException) => failed(connection, error))
  socket.on('close', () => closed(connection))
  socket.on('drain', () => drained(connection))
  // From here on the peer is due, not we.
  socket.on('finish', () => (connection.idleSince = context.pulse.now))
  socket.on('end', () => endOfStream(connection))
  socket.on('data', (chunk: Buffer) => receive(connection, chunk))
  return connection
}

/** Answers what it has and closes; idle connections close at once. */
export const finishConnection = (connection: Connection): void => {
  if (connection.phase !== 'open') return
  connection.phase = 'finishing'
  proceed(connection)
}

const heldBytes = ({ answers }: Connection): number =>
  answers.reduce((sum, { reply }) => sum + (reply?.bytes.length ?? 0), 0)

const overdue = (connection: Connection): string | undefined => {
  const { context, answers, blockedSince, receivingSince, isReading } = connection
  const { limits, pulse } = context
  const oldest = answers[0]
  if (blockedSince > 0 && isOver(pulse, blockedSince, limits.work)) return 'replies not read'
  if (blockedSince > 0 && heldBytes(connection) > limits.maxUnsent && isOver(pulse, blockedSince, STALL)) {
    return 'too many replies not read'
  }
  if (oldest !== undefined && isOver(pulse, oldest.since, limits.work)) return 'request not answered in time'
  if (receivingSince > 0 && isReading && isOver(pulse, receivingSince, limits.receive)) return 'request incomplete'
  return undefined
}

const isIdle = ({ phase, answers, splitter, blockedSince, context, idleSince }: Connection): boolean =>
  phase === 'open' &&
  answers.length === 0 &&
  splitter.pending === 0 &&
  blockedSince === 0 &&
  isOver(context.pulse, idleSince, context.limits.idle)

/** Enforces the deadlines of a connection. `time`: seconds since 1970. */
export const sweepConnection = (connection: Connection, time: number): void => {
  const { context, session, socket, phase, idleSince, validTo } = connection
  if (phase === 'closing') {
    const limit = socket.writableFinished ? context.limits.linger : context.limits.work
    if (isOver(context.pulse, idleSince, limit)) socket.destroy()
    return
  }
  const reason = overdue(connection) ?? (time > validTo ? 'certificate expired' : undefined)
  if (reason !== undefined) abort(connection, reason)
  else if (isIdle(connection)) {
    context.log.debug('connection idle', { peer: session.peer })
    finishConnection(connection)
  }
}
