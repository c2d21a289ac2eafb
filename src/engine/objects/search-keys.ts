import { hash } from 'node:crypto'
import type { Attribute, AttributeRef } from '../../protocol/attribute-instance.ts'
import { attributeCodec, attributeRow } from '../../protocol/attribute-lookup.ts'
import { TAG } from '../../protocol/tags.ts'
import { type AnyValue, anyValue } from '../../schema/combinators.ts'
import { ITEM_TYPE } from '../../ttlv/item-type.ts'
import { HEADER_LENGTH, nextItem, typeAt } from '../../ttlv/reader.ts'
import { Writer } from '../../ttlv/writer.ts'
import type { AttributeSet } from '../../domain/attribute-set.ts'
import type { SearchKey } from '../../domain/object-store.ts'

/*
 * What Locate finds objects by. A value is its encoding without the tag. A structure has a key for every choice of its
 * fields, because a filter may name any of them and all must be those of one instance (1.4 section 4.9, 2.1 section
 * 6.1.28).
 */

/** Values longer than this are stored as their digest: an index has a limit, and equality is all that is asked of them. */
const LONGEST_VALUE = 512

/** Structures with more fields than this are found by all of their fields together, or by one. */
export const MOST_COMBINED_FIELDS = 6

const TYPE_OFFSET = 3

const writer = new Writer()

/** The name of an attribute in a key: its tag, or the vendor's name for it. */
export const keyName = (ref: Exclude<AttributeRef, { readonly name: 'Unknown' }> | Attribute): string =>
  ref.name === 'VendorAttribute' ? `${ref.vendor}/${ref.attributeName}` : attributeRow(ref.name).tag.toString(16)

/** The key of a number inside Usage Limits, which are searched by range. */
export const limitKeyName = (field: 'total' | 'count'): string => `${TAG.UsageLimits.toString(16)}.${field}`

const bounded = (value: Buffer): Buffer => (value.length > LONGEST_VALUE ? hash('sha256', value, 'buffer') : value)

/** The fields of an encoded structure, each with its tag. */
const fieldsOf = (structure: Buffer): readonly Buffer[] => {
  const fields: Buffer[] = []
  for (let at = HEADER_LENGTH; at < structure.length; at = nextItem(structure, at)) {
    fields.push(structure.subarray(at, nextItem(structure, at)))
  }
  return fields
}

const combinations = (fields: readonly Buffer[]): readonly (readonly Buffer[])[] => {
  if (fields.length > MOST_COMBINED_FIELDS) return [fields, ...fields.map((field) => [field])]
  const choices: Buffer[][] = []
  for (let bits = 1; bits < 1 << fields.length; bits += 1)
    choices.push(fields.filter((_, index) => bits & (1 << index)))
  return choices
}

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

const valuesOf = (item: Buffer): readonly Buffer[] =>
  typeAt(item, 0) === ITEM_TYPE.Structure
    ? combinations(fieldsOf(item)).map((fields) => bounded(Buffer.concat(fields)))
    : [bounded(item.subarray(TYPE_OFFSET))]

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

/** The value of a filter as a key has it, and how many fields it names where it is a structure. */
export const filterValue = (value: AnyValue): { readonly value: Buffer; readonly fields: number } => {
  const item = encoded(() => {
    anyValue.compile('storage').write(writer, 0, value)
  })
  if (value.type !== 'Structure') return { value: bounded(item.subarray(TYPE_OFFSET)), fields: 0 }
  const fields = fieldsOf(item)
  return { value: bounded(Buffer.concat(fields)), fields: fields.length }
}
