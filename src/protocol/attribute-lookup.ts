import { taggedUnion, taggedValue } from '../schema/tagged.ts'
import type { AttributeRow } from './attribute.ts'
import { ATTRIBUTES, type AttributeName } from './attributes.ts'

const isAttributeName = (name: string): name is AttributeName => Object.hasOwn(ATTRIBUTES, name)

export const ATTRIBUTE_NAMES: readonly AttributeName[] = Object.keys(ATTRIBUTES).filter(isAttributeName)

const rows: ReadonlyMap<AttributeName, AttributeRow<unknown>> = new Map(
  ATTRIBUTE_NAMES.map((name) => [name, ATTRIBUTES[name]]),
)

export const attributeRow = (name: AttributeName): AttributeRow<unknown> =>
  rows.get(name) ?? ATTRIBUTES.UniqueIdentifier

const byLabel: ReadonlyMap<string, AttributeName> = new Map(
  ATTRIBUTE_NAMES.map((name) => [ATTRIBUTES[name].label, name]),
)
const byTag: ReadonlyMap<number, AttributeName> = new Map(
  ATTRIBUTE_NAMES.flatMap((name) => {
    const { tag, renamed } = attributeRow(name)
    return [tag, ...(renamed === undefined ? [] : [renamed.tag])].map((each) => [each, name])
  }),
)

/** The attribute that a 1.x Attribute Name means. */
export const attributeByLabel = (label: string): AttributeName | undefined => byLabel.get(label)

/** The attribute that a tag means in 2.x. */
export const attributeByTag = (tag: number): AttributeName | undefined => byTag.get(tag)

/** The codec of an attribute's value for a version; `read` gives the whole instance. */
export const attributeCodec = taggedUnion(ATTRIBUTES)

/** The first value of an attribute in a list. */
export const attributeValue = taggedValue<typeof ATTRIBUTES>()
