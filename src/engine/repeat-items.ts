import { UNIQUE_IDENTIFIER } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import type { RequestBatchItem } from '../protocol/message.ts'
import { TAG } from '../protocol/tags.ts'
import type { Operation } from '../operations/define-operation.ts'
import { ITEM_TYPE } from '../ttlv/item-type.ts'
import { HEADER_LENGTH, nextItem, readUnsigned, tagAt, typeAt } from '../ttlv/reader.ts'
import { Writer } from '../ttlv/writer.ts'
import { type BatchState, resultsOf } from './batch-identifiers.ts'

/*
 * "If multiple unique identifiers would be referenced then the operation is repeated for each of them" (2.1 section
 * 11.58): an item that names what an earlier one has made or found stands for as many items, and each of them is answered.
 * An operation that takes a list of identifiers takes them all at once.
 */

/** Items that a batch may have with its repetitions. */
const MOST_ITEMS = 1_000

/** An item that is to be performed; `refused` where it cannot be. */
export type BatchItem = RequestBatchItem & { readonly refused?: KmipError }

type Reference = { readonly at: number; readonly ids: readonly string[] }

/** The first field that names several objects by what made them. */
const multipleReference = (payload: Buffer, batch: BatchState): Reference | undefined => {
  for (let at = HEADER_LENGTH; at < payload.length; at = nextItem(payload, at)) {
    if (tagAt(payload, at) !== TAG.UniqueIdentifier || typeAt(payload, at) !== ITEM_TYPE.Enumeration) continue
    const result = UNIQUE_IDENTIFIER.nameOf(readUnsigned(payload, at))
    const ids = result === undefined ? [] : resultsOf(batch, result)
    if (ids.length > 1) return { at, ids }
  }
  return undefined
}

/** The payload with identifiers in place of the field at `at`. */
const withIdentifiers = (payload: Buffer, at: number, ids: readonly string[]): Buffer => {
  const writer = new Writer()
  const start = writer.begin(tagAt(payload, 0))
  writer.raw(payload.subarray(HEADER_LENGTH, at))
  for (const id of ids) writer.text(TAG.UniqueIdentifier, id)
  writer.raw(payload.subarray(nextItem(payload, at)))
  writer.end(start)
  return Buffer.from(writer.bytes())
}

const takesList = ({ request }: Operation): boolean =>
  Object.values(request).some(
    ({ presence, forms }) => presence === 'repeated' && forms.some(({ tag }) => tag === TAG.UniqueIdentifier),
  )

const repetitions = (item: BatchItem, operation: Operation, batch: BatchState): readonly BatchItem[] | undefined => {
  const found = multipleReference(item.payload, batch)
  if (found === undefined) return undefined
  const { at, ids } = found
  if (!takesList(operation)) return ids.map((id) => ({ ...item, payload: withIdentifiers(item.payload, at, [id]) }))
  const whole = { ...item, payload: withIdentifiers(item.payload, at, ids) }
  return repetitions(whole, operation, batch) ?? [whole]
}

const tooMany = (item: BatchItem): BatchItem => ({
  ...item,
  refused: new KmipError('ServerLimitExceeded', 'The operation would have to be repeated too often'),
})

/** The items of a batch, in which the one at `index` stands for as many as it has to. */
export const withRepetitions = (
  items: readonly BatchItem[],
  index: number,
  operations: ReadonlyMap<number, Operation>,
  batch: BatchState,
): readonly BatchItem[] => {
  const item = items[index]
  const operation = item === undefined ? undefined : operations.get(item.operation)
  if (item === undefined || operation === undefined || batch.history.length === 0) return items
  const repeated = repetitions(item, operation, batch)
  if (repeated === undefined) return items
  const fits = items.length + repeated.length <= MOST_ITEMS
  return [...items.slice(0, index), ...(fits ? repeated : [tooMany(item)]), ...items.slice(index + 1)]
}
