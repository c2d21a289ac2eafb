import { countsItems, requestMessage, type RequestMessage } from '../protocol/message.ts'
import { OPERATION } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { TAG } from '../protocol/tags.ts'
import { extendedTypesIn, LATEST_VERSION, type Version, versionOf } from '../schema/version.ts'
import { ITEM_TYPE } from '../ttlv/item-type.ts'
import { HEADER_LENGTH, lengthAt, paddedLength, readInteger, tagAt, typeAt } from '../ttlv/reader.ts'
import { scan, type ScanLimits } from '../ttlv/scan.ts'

/** The version of a message: the one it asks for, and the one in which it is read and answered. */
export type MessageVersion = {
  readonly version: Version
  /** Whether the version asked for is one that this server speaks. */
  readonly spoken: boolean
}

/** Where the Protocol Version stands: inside the message and its header, as their first field. */
const VERSION_AT = 2 * HEADER_LENGTH
const MAJOR_AT = VERSION_AT + HEADER_LENGTH
const INTEGER_LENGTH = 4
const MINOR_AT = MAJOR_AT + HEADER_LENGTH + paddedLength(INTEGER_LENGTH)
const VERSION_END = MINOR_AT + HEADER_LENGTH + paddedLength(INTEGER_LENGTH)

/** The newest version that shares the major number, so that the client can read the answer. */
const nearest = (major: number, versions: readonly Version[]): Version =>
  versions.findLast((version) => version.startsWith(`${major}.`)) ?? LATEST_VERSION

const isItem = (message: Buffer, at: number, tag: number, type: number, length: number): boolean =>
  tagAt(message, at) === tag && typeAt(message, at) === type && lengthAt(message, at) === length

/**
 * Reads the version before anything else, since everything else depends on it; undefined where the message does not
 * begin as one (1.4 section 6.1, 2.1 section 9.16). Nothing has been checked yet, so nothing is taken for granted here:
 * what is wrong with such a message is found, and answered, when it is parsed. `versions` are those that are spoken.
 */
export const peekVersion = (message: Buffer, versions: readonly Version[]): MessageVersion | undefined => {
  const begins =
    message.length >= VERSION_END &&
    isItem(message, VERSION_AT, TAG.ProtocolVersion, ITEM_TYPE.Structure, VERSION_END - MAJOR_AT) &&
    isItem(message, MAJOR_AT, TAG.ProtocolVersionMajor, ITEM_TYPE.Integer, INTEGER_LENGTH) &&
    isItem(message, MINOR_AT, TAG.ProtocolVersionMinor, ITEM_TYPE.Integer, INTEGER_LENGTH)
  if (!begins) return undefined
  const major = readInteger(message, MAJOR_AT)
  const version = versionOf(major, readInteger(message, MINOR_AT))
  return version === undefined || !versions.includes(version)
    ? { version: nearest(major, versions), spoken: false }
    : { version, spoken: true }
}

const hasDuplicates = (ids: readonly (Buffer | undefined)[]): boolean =>
  new Set(ids.map((id) => id?.toString('latin1'))).size < ids.length

/** A batch of several items needs a different Unique Batch Item ID on each (1.4 section 7.2, 2.1 section 8.3). */
const checkBatch = ({ header, items }: RequestMessage, version: Version): void => {
  if (items.length === 0) throw new KmipError('InvalidMessage', 'There is no Batch Item')
  if (!countsItems(version)) return
  if (header.batchCount !== items.length) {
    throw new KmipError('InvalidMessage', 'Batch Count is not the number of Batch Items')
  }
  const ids = items.map(({ uniqueBatchItemID }) => uniqueBatchItemID)
  if (items.length > 1 && (ids.includes(undefined) || hasDuplicates(ids))) {
    throw new KmipError('InvalidMessage', 'Batch Items need different Unique Batch Item IDs')
  }
}

/** Discover Versions is answered whatever the header says: it is how a client finds out. */
const checkSpoken = ({ items }: RequestMessage, spoken: boolean): void => {
  if (spoken || items.every(({ operation }) => operation === OPERATION.code.DiscoverVersions)) return
  throw new KmipError('UnsupportedProtocolVersion', 'The server does not speak that protocol version')
}

/**
 * Checks the whole message down to its leaves and reads the envelope; payloads stay as they are.
 * @throws TtlvError, SchemaError, KmipError: nothing has been executed
 */
export const parseRequest = (
  message: Buffer,
  { version, spoken }: MessageVersion,
  limits: ScanLimits,
): RequestMessage => {
  scan(message, extendedTypesIn(version), limits)
  const request = requestMessage.compile(version).read(message, 0)
  checkSpoken(request, spoken)
  checkBatch(request, version)
  return request
}
