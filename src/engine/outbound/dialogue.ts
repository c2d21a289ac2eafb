import {
  OBJECT_TYPE,
  OPERATION,
  type ObjectType,
  type Operation,
  QUERY_FUNCTION,
  type QueryFunction,
} from '../../protocol/enumerations.ts'
import { protocolVersion, requestMessage, responseMessage } from '../../protocol/message.ts'
import { TAG } from '../../protocol/tags.ts'
import { rawItem } from '../../schema/combinators.ts'
import { enumerationCode, enumOf, text } from '../../schema/primitives.ts'
import { type Fields, type Infer, optional, repeated, struct } from '../../schema/struct.ts'
import {
  extendedTypesIn,
  inRange,
  LATEST_VERSION,
  type Version,
  VERSIONS,
  versionNumbers,
  versionOf,
} from '../../schema/version.ts'
import { scan } from '../../ttlv/scan.ts'
import { Writer } from '../../ttlv/writer.ts'
import type { ClientChannel } from '../message-handler.ts'

/*
 * Requests of this server to a client (1.4 section 5, 2.1 section 6.2), and what the client answers. Nothing that comes
 * back is trusted: it is checked like any message, and whatever it says, it changes no more than what is sent next.
 */

/** What the client answered to one request: its payload, or that it failed. */
export type Outcome =
  | { readonly succeeded: true; readonly payload: Buffer | undefined }
  | { readonly succeeded: false; readonly reason: string }

/** A request message without the fields that a server does not send (1.4 section 5.1). */
export const encodeRequest = <F extends Fields>(
  version: Version,
  operation: Operation,
  fields: F,
  request: Infer<F>,
): Buffer => {
  const payload = new Writer()
  struct(`${operation} Request Payload`, fields).compile(version).write(payload, TAG.RequestPayload, request)
  const writer = new Writer()
  requestMessage.compile(version).write(writer, TAG.RequestMessage, {
    header: { protocolVersion: versionNumbers(version), attestationType: [], batchCount: 1 },
    items: [{ operation: OPERATION.code[operation], payload: payload.bytes(), messageExtension: [] }],
  })
  return Buffer.from(writer.bytes())
}

/** @throws TtlvError, SchemaError, Error where it is no answer to one request of that operation */
const readAnswer = (answer: Buffer, version: Version, operation: Operation): Outcome => {
  scan(answer, extendedTypesIn(version))
  const [item, ...more] = responseMessage.compile(version).read(answer, 0).items
  if (item === undefined || more.length > 0) throw new Error('the answer is not one item')
  if (item.resultStatus === 'OperationFailed') return { succeeded: false, reason: item.resultReason ?? 'no reason' }
  if (item.resultStatus !== 'Success') throw new Error(`the answer is ${item.resultStatus}`)
  if (item.operation !== undefined && item.operation !== OPERATION.code[operation]) {
    throw new Error('the answer is to another operation')
  }
  return { succeeded: true, payload: item.payload }
}

/** Sends a request message. @throws where the connection is lost, or what comes back is no answer */
export const exchange = async (
  channel: ClientChannel,
  version: Version,
  operation: Operation,
  request: Buffer,
): Promise<Outcome> => readAnswer(await channel.ask(request), version, operation)

/** Asks a client. @throws as `exchange` */
export const askClient = <F extends Fields>(
  channel: ClientChannel,
  version: Version,
  operation: Operation,
  fields: F,
  request: Infer<F>,
): Promise<Outcome> => exchange(channel, version, operation, encodeRequest(version, operation, fields, request))

// Getting acquainted --------------------------------------------------------------------------------------------------

/** What a client has said of itself. */
export type Acquaintance = {
  readonly version: Version
  /** Absent: it has not said. */
  readonly operations: ReadonlySet<number> | undefined
  readonly objectTypes: ReadonlySet<number> | undefined
}

/** Discover Versions, either way (1.4 section 5.4, 2.1 section 6.2.1). */
const versions = { protocolVersions: repeated(TAG.ProtocolVersion, protocolVersion) }

const NEWEST_FIRST = VERSIONS.toReversed().map(versionNumbers)

/** Not the draft: nobody is spoken to in it who was not asked for it, whatever they answer. */
const isOffered = (version: Version): boolean => inRange(version, { until: LATEST_VERSION })

/** Since when a server may ask its clients anything (1.3 and 1.4 sections 5.3 and 5.4). */
const ASKABLE = { since: '1.3' } as const

/** In which to ask a client of whom nothing is known: the newest version, and the oldest in which it can be asked. */
const FIRST_WORDS: readonly Version[] = [LATEST_VERSION, ASKABLE.since]

/** The client's favourite among the versions that both speak; undefined where it does not tell. */
const discover = async (channel: ClientChannel, version: Version): Promise<Version | undefined> => {
  if (!inRange(version, ASKABLE)) return undefined
  const outcome = await askClient(channel, version, 'DiscoverVersions', versions, { protocolVersions: NEWEST_FIRST })
  if (!outcome.succeeded) return undefined
  if (outcome.payload === undefined) return version
  const { protocolVersions } = struct('Discover Versions', versions).compile(version).read(outcome.payload, 0)
  const [first] = protocolVersions.flatMap(({ major, minor }) => versionOf(major, minor) ?? []).filter(isOffered)
  if (first === undefined) throw new Error('the client speaks no version that this server does')
  return first
}

/** Query of a client: the same items as the other way (1.4 section 5.3, 2.1 section 6.2.4). */
const queryRequest = { functions: repeated(TAG.QueryFunction, enumOf(QUERY_FUNCTION)) }

/** What this server asks; functions that the version does not have are left out. */
const FUNCTIONS: readonly QueryFunction[] = [
  'QueryOperations',
  'QueryObjects',
  'QueryServerInformation',
  'QueryAttestationTypes',
  'QueryCapabilities',
]

/** Codes, for a client may have operations of its own; what is of no use here is not looked into. */
const queried = struct('Query', {
  operations: repeated(TAG.Operation, enumerationCode),
  objectTypes: repeated(TAG.ObjectType, enumerationCode),
  vendorIdentification: optional(TAG.VendorIdentification, text),
  serverInformation: optional(TAG.ServerInformation, rawItem),
  attestationTypes: repeated(TAG.AttestationType, enumerationCode),
  rngParameters: repeated(TAG.RNGParameters, rawItem),
  capabilityInformation: optional(TAG.CapabilityInformation, rawItem),
})

const setOf = (codes: readonly number[]): ReadonlySet<number> | undefined =>
  codes.length === 0 ? undefined : new Set(codes)

const interrogate = async (channel: ClientChannel, version: Version): Promise<Omit<Acquaintance, 'version'>> => {
  if (!inRange(version, ASKABLE)) return { operations: undefined, objectTypes: undefined }
  const outcome = await askClient(channel, version, 'Query', queryRequest, { functions: FUNCTIONS })
  if (!outcome.succeeded || outcome.payload === undefined) return { operations: undefined, objectTypes: undefined }
  const { operations, objectTypes } = queried.compile(version).read(outcome.payload, 0)
  return { operations: setOf(operations), objectTypes: setOf(objectTypes) }
}

/**
 * Finds out which version to speak and what the client takes. `known` is a version in which it can be asked for others.
 * A client that does not know Discover Versions is spoken to in that one, or in 1.0, which does not have the operation.
 */
export const getAcquainted = async (channel: ClientChannel, known: Version | undefined): Promise<Acquaintance> => {
  for (const version of known === undefined ? FIRST_WORDS : [known]) {
    const spoken = await discover(channel, version)
    if (spoken !== undefined) return { version: spoken, ...(await interrogate(channel, spoken)) }
  }
  return agreedUpon(channel, known ?? '1.0')
}

/** The version has been agreed upon beforehand: only what the client takes is asked. */
export const agreedUpon = async (channel: ClientChannel, version: Version): Promise<Acquaintance> => ({
  version,
  ...(await interrogate(channel, version)),
})

/** Whether the client takes a message, as far as it has said. */
export const takes = ({ operations }: Acquaintance, operation: Operation): boolean =>
  operations?.has(OPERATION.code[operation]) ?? true

export const takesObject = ({ objectTypes, version }: Acquaintance, objectType: ObjectType): boolean =>
  OBJECT_TYPE.knownIn(objectType, version) && (objectTypes?.has(OBJECT_TYPE.code[objectType]) ?? true)
