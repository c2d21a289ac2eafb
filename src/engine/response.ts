import { RESULT_REASON, RESULT_STATUS } from '../protocol/enumerations.ts'
import { countsItems, type RequestBatchItem } from '../protocol/message.ts'
import { TAG, TAGS } from '../protocol/tags.ts'
import { type Version, versionNumbers } from '../schema/version.ts'
import { HEADER_LENGTH, nextItem, tagAt } from '../ttlv/reader.ts'
import type { Writer } from '../ttlv/writer.ts'
import { type Failure, reasonIn } from './failures.ts'

/*
 * Response messages, written straight into the buffer: the fields of header and item are few and always the same
 * (1.4 section 7.2, 2.1 sections 8.5 and 8.6). Time Stamp is always there; real clients require it.
 */

/** What a response header has besides. */
export type HeaderExtras = { readonly serverHashedPassword?: Buffer | undefined }

/** A message that has been begun: where it starts, and where its Batch Count is, if it has one. */
export type OpenMessage = { readonly start: number; readonly batchCountAt: number | undefined }

/** Writes the header; {@link endMessage} ends what it returns. */
export const beginMessage = (
  writer: Writer,
  version: Version,
  now: number,
  batchCount: number,
  { serverHashedPassword }: HeaderExtras = {},
): OpenMessage => {
  const { major, minor } = versionNumbers(version)
  const start = writer.begin(TAG.ResponseMessage)
  const header = writer.begin(TAG.ResponseHeader)
  const numbers = writer.begin(TAG.ProtocolVersion)
  writer.integer(TAG.ProtocolVersionMajor, major)
  writer.integer(TAG.ProtocolVersionMinor, minor)
  writer.end(numbers)
  writer.dateTime(TAG.TimeStamp, now)
  if (serverHashedPassword !== undefined && TAGS.knownIn('ServerHashedPassword', version))
    writer.byteString(TAG.ServerHashedPassword, serverHashedPassword)
  const batchCountAt = countsItems(version) ? writer.length : undefined
  if (batchCountAt !== undefined) writer.integer(TAG.BatchCount, batchCount)
  writer.end(header)
  return { start, batchCountAt }
}

/** Fills in the Batch Count that turned out, and the length. */
export const endMessage = (writer: Writer, { start, batchCountAt }: OpenMessage, batchCount: number): void => {
  if (batchCountAt !== undefined) writer.patchInteger(batchCountAt, batchCount)
  writer.end(start)
}

/** Starts a response item up to its status; a request item that could not be read has none of its fields. */
export const beginItem = (
  writer: Writer,
  item: RequestBatchItem | undefined,
  status: keyof typeof RESULT_STATUS.code,
): number => {
  const start = writer.begin(TAG.BatchItem)
  if (item !== undefined) {
    writer.enumeration(TAG.Operation, item.operation)
    if (item.uniqueBatchItemID !== undefined) writer.byteString(TAG.UniqueBatchItemID, item.uniqueBatchItemID)
  }
  writer.enumeration(TAG.ResultStatus, RESULT_STATUS.code[status])
  return start
}

export const writeFailedItem = (
  writer: Writer,
  item: RequestBatchItem | undefined,
  failure: Failure,
  version: Version,
): void => {
  const start = beginItem(writer, item, 'OperationFailed')
  writer.enumeration(TAG.ResultReason, RESULT_REASON.code[reasonIn(failure, version)])
  writer.text(TAG.ResultMessage, failure.message)
  writer.end(start)
}

/** What says which objects an item was about, and nothing else. */
const HARMLESS: ReadonlySet<number> = new Set([
  TAG.ObjectType,
  TAG.UniqueIdentifier,
  TAG.PrivateKeyUniqueIdentifier,
  TAG.PublicKeyUniqueIdentifier,
])

const childrenOf = (structure: Buffer): readonly Buffer[] => {
  const children: Buffer[] = []
  for (let at = HEADER_LENGTH; at < structure.length; at = nextItem(structure, at)) {
    children.push(structure.subarray(at, nextItem(structure, at)))
  }
  return children
}

/** The payload of the item written from `start` to `end`: a view. */
export const payloadIn = (writer: Writer, start: number, end: number): Buffer | undefined =>
  childrenOf(writer.bytes(start).subarray(0, end - start)).find((child) => tagAt(child, 0) === TAG.ResponsePayload)

/**
 * The payload that the item written from `start` to `end` keeps when it is undone, copied: the answer comes back with
 * another status (1.4 section 11.43, 2.1 section 11.5). But what it delivered is not given: a cipher text whose use is
 * not counted any more, or a key that counts as fresh again.
 */
export const keptPayload = (writer: Writer, start: number, end: number): Buffer | undefined => {
  const payload = payloadIn(writer, start, end)
  if (payload === undefined || !childrenOf(payload).every((field) => HARMLESS.has(tagAt(field, 0)))) return undefined
  return Buffer.from(payload)
}

/** An item that had succeeded before a later one failed, in a batch with Undo (1.4 section 6.13, 2.1 section 9.6). */
export const writeUndoneItem = (writer: Writer, item: RequestBatchItem, payload: Buffer | undefined): void => {
  const start = beginItem(writer, item, 'OperationUndone')
  if (payload !== undefined) writer.raw(payload)
  writer.end(start)
}

/** An item that will be answered later (1.4 section 6.8, 2.1 section 9.1). */
export const writePendingItem = (writer: Writer, item: RequestBatchItem, correlationValue: Buffer): void => {
  const start = beginItem(writer, item, 'OperationPending')
  writer.byteString(TAG.AsynchronousCorrelationValue, correlationValue)
  writer.end(start)
}
