import { hash } from 'node:crypto'
import type { Attribute, AttributeRef } from '../../protocol/attribute-instance.ts'
import { attributeCodec, attributeRow } from '../../protocol/attribute-lookup.ts'
import { type AnyValue, anyValue } from '../../schema/combinators.ts'
import { ITEM_TYPE } from '../../ttlv/item-type.ts'
import { HEADER_LENGTH, nextItem, typeAt } from '../../ttlv/reader.ts'
import { Writer } from '../../ttlv/writer.ts'
import type { SearchKey } from '../../domain/object-store.ts'

/*
 * How a value of an attribute looks in a search key. A value is its encoding without the tag. A structure has one for
 * each of its fields, with their tags, and perhaps one for all of them together, since a filter may name any of them
 * (1.4 section 4.9, 2.1 section 6.1.28).
 */

/** Values longer than this are stored as their digest: an index has a limit, and equality is all that is asked of them. */
const LONGEST_VALUE = 512

const TAG_BYTES = 3

const writer = new Writer()

/** A name that some version defines, or a vendor's. */
export type KnownRef = Exclude<AttributeRef, { readonly name: 'Unknown' }>

/** The name of an attribute in a key: its tag, or the vendor's name for it, where only the first slash divides. */
const keyName = (ref: KnownRef | Attribute): string =>
  ref.name === 'VendorAttribute'
    ? `${encodeURIComponent(ref.vendor)}/${ref.attributeName}`
    : attributeRow(ref.name).tag.toString(16)

/** The key of an attribute with a value. No two attributes share one: a value never begins with `=`. */
export const searchKey = (ref: KnownRef | Attribute, value: Buffer): SearchKey =>
  Buffer.concat([Buffer.from(`${keyName(ref)}=`), value])

const bounded = (value: Buffer): Buffer => (value.length > LONGEST_VALUE ? hash('sha256', value, 'buffer') : value)

const fieldsIn = (items: Buffer, from: number): readonly Buffer[] => {
  const fields: Buffer[] = []
  for (let at = from; at < items.length; at = nextItem(items, at)) fields.push(items.subarray(at, nextItem(items, at)))
  return fields
}

const encoded = (write: () => void): Buffer => {
  writer.reset()
  write()
  return Buffer.from(writer.bytes())
}

/** The value of an attribute as an item without a tag of its own. */
const itemOf = (attribute: Attribute): Buffer =>
  encoded(() => {
    if (attribute.name === 'VendorAttribute') anyValue.compile('storage').write(writer, 0, attribute.value)
    else attributeCodec(attribute.name, 'storage').write(writer, 0, attribute.value)
  })

/** The fields of an encoded structure, each with its tag. */
const fieldsOf = (structure: Buffer): readonly Buffer[] => fieldsIn(structure, HEADER_LENGTH)

/** Of several instances that may share all but one field, that one tells which it is: Digest Value. */
const isTold = (attribute: Attribute | KnownRef): boolean => attribute.name === 'Digest'

/** Whether the fields of a structure are found by each one alone: there is one instance, or one field tells which. */
export const isFoundByFields = (ref: KnownRef | Attribute): boolean =>
  ref.name !== 'VendorAttribute' && (isTold(ref) || !attributeRow(ref.name).multiple)

/** Whether fields of one object may still be those of several instances. */
export const mayMix = (ref: KnownRef): boolean => ref.name === 'VendorAttribute' || attributeRow(ref.name).multiple

/** What a value is found by. */
export const valuesOf = (attribute: Attribute): readonly Buffer[] => {
  const item = itemOf(attribute)
  if (typeAt(item, 0) !== ITEM_TYPE.Structure) return [bounded(item.subarray(TAG_BYTES))]
  const fields = fieldsOf(item)
  return (isFoundByFields(attribute) ? fields : [...fields, Buffer.concat(fields)]).map(bounded)
}

/** Whether one instance of the attribute has all of these fields. */
export const hasAll = (instance: Attribute, fields: readonly Buffer[]): boolean => {
  const held = fieldsOf(itemOf(instance))
  return fields.every((field) => held.some((other) => other.equals(field)))
}

/** The value of a filter that is no structure, as a key has it. */
export const filterValue = (value: AnyValue): Buffer =>
  bounded(encoded(() => anyValue.compile('storage').write(writer, 0, value)).subarray(TAG_BYTES))

/** The fields that a filter names of a structure, each with its tag. */
export const filterFields = (structure: Buffer): readonly Buffer[] => fieldsIn(structure, 0)

/** The value of one field, or of all of them. */
export const fieldsValue = (...fields: readonly Buffer[]): Buffer => bounded(Buffer.concat(fields))
