import { isGranted } from '../domain/compatibility.ts'
import type { Claims, Verdict } from '../domain/authenticator.ts'
import { type AsynchronousIndicator, type BatchErrorContinuationOption, OPERATION } from '../protocol/enumerations.ts'
import type { RequestMessage } from '../protocol/message.ts'
import { LATEST_VERSION, type Version } from '../schema/version.ts'
import { TtlvError } from '../ttlv/error.ts'
import { DEFAULT_LIMITS, type ScanLimits } from '../ttlv/scan.ts'
import { tagPath } from '../ttlv/tag-path.ts'
import type { Writer } from '../ttlv/writer.ts'
import { SchemaError } from '../schema/error.ts'
import type { Link } from '../domain/link-credentials.ts'
import { type MaybePromise, then } from '../domain/maybe-promise.ts'
import { emptyBatchState } from './batch-identifiers.ts'
import { type Costs, createCosts } from './costs.ts'
import { type Failure, GENERAL_FAILURE, knownFailure } from './failures.ts'
import type { ClientChannel, MessageHandler, Reply, Session } from './message-handler.ts'
import { type MessageVersion, parseRequest, peekVersion } from './request.ts'
import { beginMessage, endMessage, writeFailedItem } from './response.ts'
import { runBatch } from './run-batch.ts'
import type { EngineParts } from './run-item.ts'
import { createWriterPool, type WriterPool } from './writer-pool.ts'

export type EngineOptions = {
  readonly parts: EngineParts
  readonly limits?: ScanLimits
  /** Bytes that a response may have, whatever the client would take. */
  readonly largestResponse?: number
  /** Takes a connection that a client has turned in a message of that version. */
  readonly turned?: (session: Session, channel: ClientChannel, version: Version) => void
}

/** Where nothing else is said. Thousands of items may ask for the same large object: what they get has to have an end. */
export const LARGEST_RESPONSE = 4 * 1024 * 1024

/** The version in which a stream is refused that names none. */
const UNKNOWN_VERSION: MessageVersion = { version: LATEST_VERSION, spoken: false }

/** The version of what is there of a message. */
const versionAmong = (message: Buffer | undefined, versions: readonly Version[]): MessageVersion =>
  (message === undefined ? undefined : peekVersion(message, versions)) ?? UNKNOWN_VERSION

/** What a client may ask that nobody knows yet (1.4 section 6.6, 2.1 section 9.4). */
const ENQUIRIES: ReadonlySet<number> = new Set([OPERATION.code.Query, OPERATION.code.DiscoverVersions])

const claimsOf = ({ header, items }: RequestMessage): Claims => ({
  credentials: header.authentication?.credentials ?? [],
  isEnquiry: items.every(({ operation }) => ENQUIRIES.has(operation)),
})

/** Whether items may be answered later: 1.x says so with a Boolean (1.4 section 6.7, 2.1 section 11.3). */
const asynchronousIn = ({ asynchronousIndicator }: RequestMessage['header']): AsynchronousIndicator =>
  typeof asynchronousIndicator === 'string'
    ? asynchronousIndicator
    : asynchronousIndicator === true
      ? 'Optional'
      : 'Prohibited'

/** How the client wants its items to be run. */
const wishesOf = ({ header, items }: RequestMessage, largestResponse: number) => {
  const option: BatchErrorContinuationOption =
    items.length > 1 ? (header.batchErrorContinuationOption ?? 'Stop') : 'Stop'
  return {
    maximumSize: Math.min(header.maximumResponseSize ?? largestResponse, largestResponse),
    batch: emptyBatchState(items.length),
    asynchronous: asynchronousIn(header),
    items,
    option,
  }
}

type Accepted = Extract<Verdict, { refusal?: undefined }>

/** Does heavy work that is taken into account meanwhile. What is answered later has limits of its own. */
const accounted = <T>(
  costs: Costs,
  { header, items }: RequestMessage,
  { principal }: Accepted,
  work: () => MaybePromise<T>,
): MaybePromise<T> => {
  const done = asynchronousIn(header) === 'Mandatory' ? undefined : costs.begin(principal, items)
  if (done === undefined) return work()
  return then(work(), (result) => {
    done()
    return result
  })
}

/** Characters of a Client Correlation Value that are logged: it is the client's to write. */
const LONGEST_CORRELATION = 256

/** "The server SHOULD log this information" (1.4 section 6.18, 2.1 section 9.9). */
const noted = (request: RequestMessage, log: EngineParts['log'], { principal, peer }: Session): RequestMessage => {
  const { clientCorrelationValue: value } = request.header
  if (value !== undefined)
    log.debug('request', { client: principal.name, peer, correlation: value.slice(0, LONGEST_CORRELATION) })
  return request
}

/** The connection over which somebody asks. */
const linkOf = ({ principal, certificate }: Session): Link | undefined =>
  certificate === undefined ? undefined : { principal, certificate }

/** Where in the message an error is, for the log. */
const placeOf = (message: Buffer, error: unknown): string | undefined =>
  error instanceof TtlvError || error instanceof SchemaError
    ? tagPath(message, error.offset)
        .map((tag) => tag.toString(16))
        .join('/')
    : undefined

/** A message that cannot be read: header and one item without Operation (1.4 section 11.1). */
const withRefusal = (writer: Writer, version: Version, failure: Failure, now: number): Writer => {
  const message = beginMessage(writer, version, now, 1)
  writeFailedItem(writer, undefined, failure, version)
  endMessage(writer, message, 1)
  return writer
}

/** How the messages of a client are checked. */
const scanLimits = (limits: ScanLimits) => {
  const lenient: ScanLimits = { ...limits, anyPadding: true }
  return ({ principal }: Session): ScanLimits => (isGranted(principal, 'any-padding') ? lenient : limits)
}

const replyFrom = (pool: WriterPool, writer: Writer, close: boolean): Reply => ({
  bytes: writer.bytes(),
  close,
  release: () => pool.release(writer),
})

/**
 * The engine: request bytes in, response bytes out, over whatever connection. What can be answered at once is answered
 * at once; there is a promise only where a database, a key module or a commit makes one.
 */
export const createMessageHandler = (options: EngineOptions): MessageHandler => {
  const { parts, limits = DEFAULT_LIMITS, largestResponse = LARGEST_RESPONSE } = options
  const pool = createWriterPool()
  const costs = createCosts(parts.operations)

  const limitsFor = scanLimits(limits)
  const versionIn = (message: Buffer | undefined) => versionAmong(message, parts.server.versions)

  const reply = (writer: Writer, close: boolean): Reply => replyFrom(pool, writer, close)

  const refusal = (version: Version, failure: Failure, close: boolean): Reply =>
    reply(withRefusal(pool.acquire(), version, failure, parts.clock.now()), close)

  const refuseMessage = (error: unknown, message: Buffer, { version }: MessageVersion, session: Session): Reply => {
    const failure = knownFailure(error)
    const fields = { client: session.principal.name, peer: session.peer, place: placeOf(message, error) }
    if (failure === undefined) parts.log.error('request failed unexpectedly', { ...fields, error })
    else parts.log.warn('request refused', { ...fields, error })
    // Lengths that do not add up leave no doubt only about this message: what follows cannot be trusted (2.1 section 11.46).
    return refusal(version, failure ?? GENERAL_FAILURE, error instanceof TtlvError)
  }

  const answer = (request: RequestMessage, version: Version, session: Session, who: Accepted): MaybePromise<Reply> => {
    const { items } = request
    const writer = pool.acquire()
    const message = beginMessage(writer, version, parts.clock.now(), items.length, who)
    const wishes = wishesOf(request, largestResponse)
    const { principal } = who
    const result = runBatch({ ...wishes, parts, version, writer, role: session.role, principal, link: linkOf(session) })
    return then(result, ({ count }) => {
      endMessage(writer, message, count)
      const { role } = wishes.batch
      const answered = reply(writer, false)
      if (role === undefined) return answered
      // The message has given this server that role (2.1 section 6.1.54).
      return { ...answered, role, turned: (channel) => options.turned?.({ ...session, principal }, channel, version) }
    })
  }

  /** Who is nobody, or asks for too much, is answered before anything is done, as a message that cannot be read. */
  const admit = (request: RequestMessage, version: Version, session: Session, who: Verdict): MaybePromise<Reply> => {
    if (who.refusal !== undefined) return refusal(version, knownFailure(who.refusal) ?? GENERAL_FAILURE, who.close)
    try {
      return accounted(costs, request, who, () => answer(request, version, session, who))
    } catch (error) {
      return refusal(version, knownFailure(error) ?? GENERAL_FAILURE, false)
    }
  }

  return {
    handle: (message, session) => {
      const version = versionIn(message)
      let request: RequestMessage
      try {
        request = noted(parseRequest(message, version, limitsFor(session)), parts.log, session)
      } catch (error) {
        return refuseMessage(error, message, version, session)
      }
      return then(parts.authenticator(session, claimsOf(request)), (who) =>
        admit(request, version.version, session, who),
      )
    },
    refuse: (error, session, message) => {
      parts.log.warn('stream refused', { client: session.principal.name, peer: session.peer, error })
      return refusal(versionIn(message).version, knownFailure(error) ?? GENERAL_FAILURE, true)
    },
  }
}
