import { DATA, type Data, type Operation } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { TAG } from '../protocol/tags.ts'
import { ITEM_TYPE, isTextType } from '../ttlv/item-type.ts'
import {
  HEADER_LENGTH,
  nextItem,
  readBytes,
  readInteger,
  readText,
  readUnsigned,
  tagAt,
  typeAt,
} from '../ttlv/reader.ts'
import { Writer } from '../ttlv/writer.ts'
import type { BatchState } from './batch-identifiers.ts'

/*
 * Data that one item of a batch makes and another one uses: instead of bytes a request may name them by the operation, or
 * by their number (2.1 sections 7.9 and 11.13). An item that is Ephemeral keeps them from the client (2.1 section 8.3).
 */

/** The field of an answer that is the Data output of the operation. */
const OUTPUT: ReadonlyMap<Operation, number> = new Map([
  ['Encrypt', TAG.Data],
  ['Decrypt', TAG.Data],
  ['Hash', TAG.Data],
  ['RNGRetrieve', TAG.Data],
  ['SignatureVerify', TAG.Data],
  ['MAC', TAG.MACData],
  ['Sign', TAG.SignatureData],
])

const MEANING: Readonly<Record<Data, Operation>> = {
  Decrypt: 'Decrypt',
  Encrypt: 'Encrypt',
  Hash: 'Hash',
  MACMACData: 'MAC',
  RNGRetrieve: 'RNGRetrieve',
  SignSignatureData: 'Sign',
  SignatureVerify: 'SignatureVerify',
}

/** The place of a field in a structure. */
export const fieldAt = (structure: Buffer, tag: number): number | undefined => {
  for (let at = HEADER_LENGTH; at < structure.length; at = nextItem(structure, at))
    if (tagAt(structure, at) === tag) return at
  return undefined
}

/** The Data that a field means, unless it has them itself. @throws KmipError where nothing of the kind has been made */
const meantBy = (payload: Buffer, at: number, { outputs }: BatchState): Buffer | undefined => {
  const type = typeAt(payload, at)
  if (type !== ITEM_TYPE.Enumeration && type !== ITEM_TYPE.Integer) return undefined
  const name = type === ITEM_TYPE.Enumeration ? DATA.nameOf(readUnsigned(payload, at)) : undefined
  const found =
    type === ITEM_TYPE.Integer
      ? outputs?.at(readInteger(payload, at))
      : outputs?.findLast(({ operation }) => name !== undefined && operation === MEANING[name])
  if (found !== undefined) return found.data
  throw new KmipError('InvalidField', 'The batch has not made the Data that the request means')
}

/** The request payload with the bytes that it means. @throws KmipError InvalidField */
export const withData = (payload: Buffer, batch: BatchState): Buffer => {
  const at = fieldAt(payload, TAG.Data)
  const data = at === undefined ? undefined : meantBy(payload, at, batch)
  if (at === undefined || data === undefined) return payload
  const writer = new Writer()
  const start = writer.begin(tagAt(payload, 0))
  writer.raw(payload.subarray(HEADER_LENGTH, at))
  writer.byteString(TAG.Data, data)
  writer.raw(payload.subarray(nextItem(payload, at)))
  writer.end(start)
  return Buffer.from(writer.bytes())
}

const IDENTIFIERS: ReadonlySet<number> = new Set([
  TAG.UniqueIdentifier,
  TAG.PrivateKeyUniqueIdentifier,
  TAG.PublicKeyUniqueIdentifier,
])

/**
 * Notes the Unique Identifiers in the response payload that has been written from `start` on: a number in a request means
 * one of them by its place in the response (2.1 section 4.58).
 */
export const keepIdentifiers = (writer: Writer, start: number, { answered }: BatchState): void => {
  if (answered === undefined) return
  const payload = writer.bytes(start)
  for (let at = HEADER_LENGTH; at < payload.length; at = nextItem(payload, at))
    if (IDENTIFIERS.has(tagAt(payload, at)) && isTextType(typeAt(payload, at))) answered.push(readText(payload, at))
}

/** Leaves everything out of the response payload that has been written from `start` on, or its identifiers (3.0 section 8.1.3). */
export const leaveOut = (writer: Writer, start: number, what: 'Empty' | 'UniqueIdentifier'): void => {
  const payload = Buffer.from(writer.bytes(start))
  writer.truncate(start)
  const begun = writer.begin(tagAt(payload, 0))
  for (let at = HEADER_LENGTH; at < payload.length; at = nextItem(payload, at))
    if (what !== 'Empty' && !IDENTIFIERS.has(tagAt(payload, at)))
      writer.raw(payload.subarray(at, nextItem(payload, at)))
  writer.end(begun)
}

/** Whether the answer of an operation has Data that others may use. */
export const makesData = (operation: Operation): boolean => OUTPUT.has(operation)

/** Notes the Data in the response payload that has been written from `start` on; one that is ephemeral ends without. */
export const keepData = (
  writer: Writer,
  start: number,
  operation: Operation,
  { batch, ephemeral }: { readonly batch: BatchState; readonly ephemeral: boolean },
): void => {
  const tag = OUTPUT.get(operation)
  const payload = writer.bytes(start)
  const at = tag === undefined ? undefined : fieldAt(payload, tag)
  if (at === undefined) return
  batch.outputs?.push({ operation, data: Buffer.from(readBytes(payload, at)) })
  if (!ephemeral) return
  const rest = Buffer.from(payload.subarray(nextItem(payload, at)))
  writer.truncate(start + at)
  writer.raw(rest)
  writer.end(start)
}
