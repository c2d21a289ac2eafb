import { type AnyValue, anyValue } from '../schema/combinators.ts'
import { ITEM_TYPE } from '../ttlv/item-type.ts'
import { nextItem, typeAt } from '../ttlv/reader.ts'
import { Writer } from '../ttlv/writer.ts'
import type { Attribute, StandardAttribute } from './attribute-instance.ts'
import { attributeCodec } from './attribute-lookup.ts'
import { storedAttribute } from './attribute-wire.ts'
import type { AttributeName } from './attributes.ts'
import { TAG } from './tags.ts'

/*
 * Attributes by way of their encoding, for what is done with a value of whatever kind: to calculate with it, to search
 * for it, to keep it after the message is gone.
 */

const writer = new Writer()

const encoded = (write: (writer: Writer) => void): Buffer => {
  writer.reset()
  write(writer)
  return Buffer.from(writer.bytes())
}

/** The value of an attribute without the knowledge of which attribute it is. */
export const anyOf = (attribute: Attribute): AnyValue => {
  if (attribute.name === 'VendorAttribute') return attribute.value
  const { name, value } = attribute
  const item = encoded((to) => attributeCodec(name, 'storage').write(to, TAG.AttributeValue, value))
  return anyValue.compile('storage').read(item, 0)
}

/**
 * The standard attribute that has this value.
 * @throws SchemaError where the value is not of its kind
 */
export const attributeFrom = (name: AttributeName, value: AnyValue): StandardAttribute => {
  const item = encoded((to) => anyValue.compile('storage').write(to, TAG.AttributeValue, value))
  return attributeCodec(name, 'storage').read(item, 0, undefined)
}

const holdsBytes = (value: unknown): boolean => {
  if (Buffer.isBuffer(value)) return true
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsBytes)
}

/** The attribute with bytes of its own: those it was read with belong to the message and go with it. */
export const detached = (attribute: Attribute): Attribute => {
  if (!holdsBytes(attribute.value)) return attribute
  const item = encoded((to) => storedAttribute.compile('storage').write(to, TAG.Attribute, attribute))
  return { ...storedAttribute.compile('storage').read(item, 0), index: attribute.index }
}

/** Whether a structure holds structures, which a custom attribute may not (1.4 section 3.39). */
export const hasSubStructure = (value: AnyValue): boolean => {
  if (value.type !== 'Structure') return false
  for (let at = 0; at < value.value.length; at = nextItem(value.value, at)) {
    if (typeAt(value.value, at) === ITEM_TYPE.Structure) return true
  }
  return false
}
