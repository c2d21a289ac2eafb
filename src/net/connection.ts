import type { TLSSocket } from 'node:tls'
import type { Reply, Session } from '../engine/message-handler.ts'
import { TtlvError } from '../ttlv/error.ts'
import { createFrameSplitter } from '../ttlv/frame.ts'
import { tagAt } from '../ttlv/reader.ts'
import { createAsking } from './asking.ts'
import type { Answer, Connection, ConnectionContext } from './connection-state.ts'
import { isIdle, overdue } from './deadlines.ts'
import { isOver } from './limits.ts'

/** Request Message, KMIP 1.4 section 7.1, 2.1 section 8.1: what every message to a server starts with. */
const REQUEST_MESSAGE = 0x420078

/** Response Message: what comes back on a connection that was turned (2.1 section 6.1.54). */
const RESPONSE_MESSAGE = 0x42007b

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
  connection.asking?.end('the connection closes')
  connection.backlog = []
  connection.idleSince = connection.context.pulse.now
  dropAnswers(connection)
  connection.socket.end()
}

/** One write per message: some clients take a response from a single read. */
const send = (connection: Connection, bytes: Buffer, written: () => void): void => {
  const { socket, context } = connection
  const isTaken = socket.write(bytes, written)
  connection.idleSince = context.pulse.now
  if (!isTaken) connection.blockedSince = context.pulse.now
}

const write = (connection: Connection, reply: Reply): void => {
  send(connection, reply.bytes, () => reply.release())
  if (reply.close) close(connection)
  else if (reply.role !== undefined) assumeRole(connection, reply)
}

/** The connection is turned, or turned back, behind the answer that says so. */
const assumeRole = (connection: Connection, { role, turned }: Reply): void => {
  if ((role === 'Client') === (connection.asking !== undefined)) return
  if (role === 'Server') {
    connection.asking?.channel.turnBack()
    return
  }
  const asking = createAsking({
    pulse: connection.context.pulse,
    write: (message) => send(connection, message, () => undefined),
    close: (reason) => abort(connection, reason),
    turnBack: () => (connection.asking = undefined),
    onIdle: () => finishConnection(connection),
  })
  connection.asking = asking
  turned?.(asking.channel)
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

/** Hands an answer to whoever asked. @throws TtlvError where nobody has: the peer has lost its place */
const isAnswer = (connection: Connection, message: Buffer): boolean => {
  if (tagAt(message, 0) !== RESPONSE_MESSAGE) return false
  connection.idleSince = connection.context.pulse.now
  if (connection.asking?.answer(message) !== true)
    throw new TtlvError('malformed', 'an answer that nobody asked for', 0)
  return true
}

const cut = (connection: Connection, chunk: Buffer): void => {
  const { splitter, context } = connection
  try {
    const messages = splitter.push(chunk)
    if (messages.length > 0) {
      const requests = messages.filter((message) => !isAnswer(connection, message))
      connection.backlog = [...connection.backlog, ...requests]
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
  connection.asking?.end('the connection is gone')
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
    session: { ...session, role: () => (connection.asking === undefined ? 'Server' : 'Client') },
    validTo,
    context,
    splitter: createFrameSplitter({
      tag: REQUEST_MESSAGE,
      otherTag: () => (connection.asking === undefined ? undefined : RESPONSE_MESSAGE),
      maxSize: maxMessage,
    }),
    phase: 'open',
    backlog: [],
    damage: undefined,
    answers: [],
    asking: undefined,
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
    // Whoever is the client here says whether to go on; it has as long as this again.
    connection.idleSince = context.pulse.now
    if (connection.asking === undefined) finishConnection(connection)
    else connection.asking.channel.onIdle()
  }
}
