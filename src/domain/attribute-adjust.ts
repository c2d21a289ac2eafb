import type { AttributeRef } from '../protocol/attribute-instance.ts'
import { anyOf, attributeFrom } from '../protocol/attribute-any.ts'
import { attributeRow } from '../protocol/attribute-lookup.ts'
import type { AdjustmentType } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import type { AnyValue } from '../schema/combinators.ts'
import { ITEM_TYPE, itemTypeName } from '../ttlv/item-type.ts'
import { type Change, setAttribute } from './attribute-changes.ts'
import { appliesTo, type KnownRef, readOnly, rulesOf } from './attribute-rules.ts'
import { instancesNamed } from './attribute-set.ts'
import type { ManagedObject } from './managed-object.ts'

/** What is to be done to a value (2.1 sections 6.1.3 and 11.1). */
export type Adjustment = { readonly type: AdjustmentType; readonly by: AnyValue | undefined }

const wrongType = (): KmipError => new KmipError('InvalidDataType', 'The value is of a type that cannot be adjusted so')
const outOfRange = (): KmipError => new KmipError('NumericRange', 'The adjusted value is out of range')

/** Two's complement, most significant byte first. */
const bigOf = (bytes: Buffer): bigint =>
  bytes.length === 0 ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`))

const WORD = 8

const bytesOf = (value: bigint, least: number): Buffer => {
  let length = Math.max(least, WORD)
  while (BigInt.asIntN(length * 8, value) !== value) length += WORD
  return Buffer.from(
    BigInt.asUintN(length * 8, value)
      .toString(16)
      .padStart(length * 2, '0'),
    'hex',
  )
}

const numberOf = (any: AnyValue): bigint => {
  switch (any.type) {
    case 'Integer':
    case 'Interval':
    case 'DateTime':
      return BigInt(any.value)
    case 'LongInteger':
    case 'DateTimeExtended':
      return any.value
    case 'BigInteger':
      return bigOf(any.value)
    default:
      throw wrongType()
  }
}

/** The smallest and the largest value of each type of fixed size; dates keep to the exact numbers. */
const RANGES = {
  Integer: [-(2n ** 31n), 2n ** 31n - 1n],
  Interval: [0n, 2n ** 32n - 1n],
  DateTime: [BigInt(Number.MIN_SAFE_INTEGER), BigInt(Number.MAX_SAFE_INTEGER)],
  LongInteger: [-(2n ** 63n), 2n ** 63n - 1n],
  DateTimeExtended: [-(2n ** 63n), 2n ** 63n - 1n],
} as const

const withNumber = (any: AnyValue, value: bigint): AnyValue => {
  if (any.type === 'BigInteger') return { type: any.type, value: bytesOf(value, any.value.length) }
  if (any.type === 'Boolean' || any.type === 'Enumeration' || any.type === 'TextString') throw wrongType()
  if (any.type === 'ByteString' || any.type === 'Structure') throw wrongType()
  const [least, most] = RANGES[any.type]
  if (value < least || value > most) throw outOfRange()
  if (any.type === 'LongInteger' || any.type === 'DateTimeExtended') return { type: any.type, value }
  return { type: any.type, value: Number(value) }
}

const negated = (any: AnyValue): AnyValue => {
  if (any.type === 'Boolean') return { type: 'Boolean', value: !any.value }
  if (any.type === 'Integer' || any.type === 'LongInteger' || any.type === 'BigInteger') {
    return withNumber(any, -numberOf(any))
  }
  throw wrongType()
}

/**
 * The value after an adjustment; the step is 1 where none is given.
 * @throws KmipError InvalidDataType, NumericRange
 */
export const adjusted = (any: AnyValue, { type, by }: Adjustment): AnyValue => {
  if (type === 'Negate') return negated(any)
  const step = by === undefined ? 1n : numberOf(by)
  return withNumber(any, numberOf(any) + (type === 'Increment' ? step : -step))
}

const ZEROS: readonly AnyValue[] = [
  { type: 'Integer', value: 0 },
  { type: 'LongInteger', value: 0n },
  { type: 'Interval', value: 0 },
  { type: 'Boolean', value: false },
]

/** What an attribute that is not there counts as. A vendor's is of the type of the adjustment. */
const initial = (ref: KnownRef, { type, by }: Adjustment): AnyValue => {
  const vendorType = type === 'Negate' ? 'Boolean' : (by?.type ?? 'Integer')
  const types = ref.name === 'VendorAttribute' ? [ITEM_TYPE[vendorType]] : attributeRow(ref.name).kind.itemTypes
  const zero = ZEROS.find((value) => types.some((itemType) => itemTypeName(itemType) === value.type))
  if (zero === undefined) throw new KmipError('ItemNotFound', 'The object does not have the attribute')
  return zero
}

const unsupported = (): KmipError => new KmipError('UnsupportedAttribute', 'The object cannot have the attribute')

/**
 * Counts an attribute up or down, or turns it round (2.1 section 6.1.3).
 * @throws KmipError UnsupportedAttribute, ReadOnlyAttribute, MultiValuedAttribute, ItemNotFound, InvalidDataType,
 *   NumericRange, and those of setting an attribute
 */
export const adjustAttribute = (
  object: ManagedObject,
  ref: AttributeRef,
  adjustment: Adjustment,
  now: number,
): Change => {
  if (ref.name === 'Unknown' || !appliesTo(rulesOf(ref), object.objectType)) throw unsupported()
  const { setBy, clientModifies } = rulesOf(ref)
  const [instance, ...others] = instancesNamed(object.attributes, ref)
  if (instance === undefined ? setBy === 'server' : clientModifies === 'no') throw readOnly('ReadOnlyAttribute')
  if (others.length > 0)
    throw new KmipError('MultiValuedAttribute', 'The object has several instances of the attribute')
  const value = adjusted(instance === undefined ? initial(ref, adjustment) : anyOf(instance), adjustment)
  const given = ref.name === 'VendorAttribute' ? { ...ref, value } : attributeFrom(ref.name, value)
  return setAttribute(object, given, now)
}
