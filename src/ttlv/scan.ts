import { isUtf8 } from 'node:buffer'
import { TtlvError } from './error.ts'
import { ITEM_TYPE, isTextType, itemTypeName } from './item-type.ts'
import { HEADER_LENGTH, lengthAt, paddedLength, typeAt, wordAt } from './reader.ts'

export type ScanLimits = {
  /** Deepest nesting of structures. */
  readonly maxDepth: number
  /** Most items, structures included. */
  readonly maxItems: number
  /** Whether what stands in the padding does not matter. */
  readonly anyPadding?: boolean
}

export const DEFAULT_LIMITS: ScanLimits = { maxDepth: 32, maxItems: 10_000 }

/** Types of a fixed length, with that length in bytes (KMIP 2.1 section 10.1.3); the others are absent. */
const FIXED_LENGTH: readonly (number | undefined)[] = (() => {
  const lengths: (number | undefined)[] = []
  for (const type of [ITEM_TYPE.Integer, ITEM_TYPE.Enumeration, ITEM_TYPE.Interval]) lengths[type] = 4
  for (const type of [ITEM_TYPE.LongInteger, ITEM_TYPE.Boolean, ITEM_TYPE.DateTime, ITEM_TYPE.DateTimeExtended]) {
    lengths[type] = 8
  }
  return lengths
})()

/** Which item types there are besides those of 1.0: none, Date Time Extended, or those of the draft of 3.0 as well. */
export type ExtendedTypes = boolean | 'draft'

const LAST_TYPE: Readonly<Record<string, number>> = {
  false: ITEM_TYPE.Interval,
  true: ITEM_TYPE.DateTimeExtended,
  draft: ITEM_TYPE.NameReference,
}

const malformed = (problem: string, at: number): TtlvError => new TtlvError('malformed', problem, at)

const checkPadding = (buffer: Buffer, from: number, to: number, at: number): void => {
  for (let i = from; i < to; i += 1) if (buffer[i] !== 0) throw malformed('non-zero padding', at)
}

const checkBoolean = (buffer: Buffer, value: number, at: number): void => {
  if (buffer.readUInt32BE(value) !== 0 || buffer.readUInt32BE(value + 4) > 1)
    throw malformed('Boolean neither 0 nor 1', at)
}

/** Short texts are ASCII almost always, and a loop over them is faster than the call out of JavaScript. */
const SHORT = 64

const NOT_ASCII = 0x80808080

const isText = (buffer: Buffer, from: number, to: number): boolean => {
  if (to - from <= SHORT) {
    let bits = 0
    // Eight bytes at a time: the padding, if there is any, has been checked to be zero.
    for (let at = from; at < to; at += 8) bits |= wordAt(buffer, at) | wordAt(buffer, at + 4)
    if ((bits & NOT_ASCII) === 0) return true
  }
  return isUtf8(buffer.subarray(from, to))
}

const checkValue = (buffer: Buffer, at: number, type: number, length: number, end: number, strict: boolean): void => {
  const value = at + HEADER_LENGTH
  const fixed = FIXED_LENGTH[type]
  if (fixed !== undefined && length !== fixed) throw malformed(`${itemTypeName(type) ?? 'item'} of ${length} bytes`, at)
  if (paddedLength(length) > end - value) throw malformed('value runs past its structure', at)
  if (strict) checkPadding(buffer, value + length, value + paddedLength(length), at)
  if (fixed === 4) return
  if (type === ITEM_TYPE.Boolean) checkBoolean(buffer, value, at)
  else if (type === ITEM_TYPE.BigInteger && (length === 0 || length % 8 !== 0))
    throw malformed(`Big Integer of ${length} bytes`, at)
  else if (isTextType(type) && !isText(buffer, value, value + length)) throw malformed('text that is no UTF-8', at)
}

/**
 * Checks that `buffer` is exactly one well-formed item, down to every leaf, without recursion and without allocating:
 * types, exact lengths, padding, UTF-8, Booleans, nesting and number of items (KMIP 1.4 section 9.1, 2.1 section 10.1).
 * Date Time Extended exists since 2.0 and is refused unless `extendedTypes`; Identifier, Reference and Name Reference are
 * those of the draft.
 * @throws TtlvError
 */
export const scan = (buffer: Buffer, extendedTypes: ExtendedTypes, limits: ScanLimits = DEFAULT_LIMITS): void => {
  const lastType = LAST_TYPE[String(extendedTypes)] ?? ITEM_TYPE.Interval
  // Where the structures end that are open; with room for as many as nearly all messages have.
  const ends = [0, 0, 0, 0, 0, 0, 0, 0]
  let depth = 0
  let end = buffer.length
  let at = 0
  let items = 0
  const strict = limits.anyPadding !== true
  do {
    if (end - at < HEADER_LENGTH) throw malformed('incomplete item header', at)
    items += 1
    if (items > limits.maxItems) throw new TtlvError('limit', 'too many items', at)
    const type = typeAt(buffer, at)
    const length = lengthAt(buffer, at)
    if (type === ITEM_TYPE.Structure) {
      if (length > end - at - HEADER_LENGTH) throw malformed('structure runs past its parent', at)
      if (depth >= limits.maxDepth) throw malformed('nested too deeply', at)
      ends[depth] = end
      depth += 1
      at += HEADER_LENGTH
      end = at + length
    } else {
      if (type === 0 || type > lastType) throw malformed(`unknown item type ${type}`, at)
      checkValue(buffer, at, type, length, end, strict)
      at += HEADER_LENGTH + paddedLength(length)
    }
    while (at === end && depth > 0) {
      depth -= 1
      end = ends[depth] ?? end
    }
  } while (depth > 0)
  if (at !== buffer.length) throw malformed('bytes after the item', at)
}
