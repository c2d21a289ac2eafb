import { hash } from 'node:crypto'
import type { Attribute, AttributeRef } from '../../protocol/attribute-instance.ts'
import { attributeCodec, attributeRow } from '../../protocol/attribute-lookup.ts'
import { TAG } from '../../protocol/tags.ts'
import { type AnyValue, anyValue } from '../../schema/combinators.ts'
import { ITEM_TYPE } from '../../ttlv/item-type.ts'
import { HEADER_LENGTH, nextItem, typeAt } from '../../ttlv/reader.ts'
import { Writer } from '../../ttlv/writer.ts'
import { type AttributeSet, instancesNamed } from '../../domain/attribute-set.ts'
import type { SearchKey } from '../../domain/object-store.ts'

/*
 * What Locate finds objects by. A value is its encoding without the tag. A structure has a key for each of its fields
 * and one for all of them together, since a filter may name any of them (1.4 section 4.9, 2.1 section 6.1.28).
 */

/** Values longer than this are stored as their digest: an index has a limit, and equality is all that is asked of them. */
const LONGEST_VALUE = 512

const TYPE_OFFSET = 3

const writer = new Writer()

/** A name that some version defines, or a vendor's. */
export type KnownRef = Exclude<AttributeRef, { readonly name: 'Unknown' }>

/** The name of an attribute in a key: its tag, or the vendor's name for it, where only the first slash divides. */
export const keyName = (ref: KnownRef | Attribute): string =>
  ref.name === 'VendorAttribute'
    ? `${encodeURIComponent(ref.vendor)}/${ref.attributeName}`
    : attributeRow(ref.name).tag.toString(16)

/** The key of a number inside Usage Limits, which are searched by range. */
export const limitKeyName = (field: 'total' | 'count'): string => `${TAG.UsageLimits.toString(16)}.${field}`

const bounded = (value: Buffer): Buffer => (value.length > LONGEST_VALUE ? hash('sha256', value, 'buffer') : value)

const fieldsIn = (items: Buffer, from: number): readonly Buffer[] => {
  const fields: Buffer[] = []
  for (let at = from; at < items.length; at = nextItem(items, at)) fields.push(items.subarray(at, nextItem(items, at)))
  return fields
}

/** The fields of an encoded structure, each with its tag. */
const fieldsOf = (structure: Buffer): readonly Buffer[] => fieldsIn(structure, HEADER_LENGTH)

const encoded = (write: () => void): Buffer => {
  writer.reset()
  write()
  return Buffer.from(writer.bytes())
}

const itemOf = (attribute: Attribute): Buffer =>
  encoded(() => {
    if (attribute.name === 'VendorAttribute') anyValue.compile('storage').write(writer, 0, attribute.value)
    else attributeCodec(attribute.name, 'storage').write(writer, 0, attribute.value)
  })

const valuesOf = (item: Buffer): readonly Buffer[] => {
  if (typeAt(item, 0) !== ITEM_TYPE.Structure) return [bounded(item.subarray(TYPE_OFFSET))]
  const fields = fieldsOf(item)
  return [...fields, Buffer.concat(fields)].map(bounded)
}

/** Whether one instance of the attribute has all of these fields: several objects' worth of keys cannot tell. */
export const hasFields = (attributes: AttributeSet, ref: KnownRef, fields: readonly Buffer[]): boolean =>
  instancesNamed(attributes, ref).some((instance) => {
    const held = fieldsOf(itemOf(instance))
    return fields.every((field) => held.some((other) => other.equals(field)))
  })

const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined

const limitKeys = (attribute: Attribute): readonly SearchKey[] => {
  if (attribute.name !== 'UsageLimits') return []
  const { usageLimitsTotal: total, usageLimitsCount: count = total } = attribute.value
  const key = (field: 'total' | 'count', limit: bigint): SearchKey => ({
    attribute: limitKeyName(field),
    value: Buffer.from(limit.toString()),
    number: Number(limit),
  })
  return [key('total', total), key('count', count)]
}

const keysOf = (attribute: Attribute): readonly SearchKey[] => {
  const name = keyName(attribute)
  const number = attribute.name === 'VendorAttribute' ? numberOf(attribute.value.value) : numberOf(attribute.value)
  const keys = valuesOf(itemOf(attribute)).map((value) => ({ attribute: name, value, number }))
  return [...keys, ...limitKeys(attribute)]
}

/** Every key of an object, each once: two instances may share a field. */
export const searchKeys = (attributes: AttributeSet): readonly SearchKey[] => {
  const keys = new Map<string, SearchKey>()
  for (const key of attributes.flatMap(keysOf)) keys.set(`${key.attribute} ${key.value.toString('latin1')}`, key)
  return [...keys.values()]
}

/** The key of what is no attribute: when the server rotates the object. No filter of Locate has a name like this. */
export const ROTATION_DUE = 'rotation-due'

export const dueKeys = (due: number | undefined): readonly SearchKey[] =>
  due === undefined ? [] : [{ attribute: ROTATION_DUE, value: Buffer.from(String(due)), number: due }]

/** The value of a filter that is no structure, as a key has it. */
export const filterValue = (value: AnyValue): Buffer =>
  bounded(encoded(() => anyValue.compile('storage').write(writer, 0, value)).subarray(TYPE_OFFSET))

/** The fields that a filter names of a structure, each with its tag. */
export const filterFields = (structure: Buffer): readonly Buffer[] => fieldsIn(structure, 0)

/** The key of one field, or of all of them. */
export const fieldsValue = (...fields: readonly Buffer[]): Buffer => bounded(Buffer.concat(fields))
