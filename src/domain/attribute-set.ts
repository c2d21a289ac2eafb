import type { Attribute, AttributeRef, StandardAttribute } from '../protocol/attribute-instance.ts'
import { attributeValue } from '../protocol/attribute-lookup.ts'
import type { AttributeName, AttributeValue } from '../protocol/attributes.ts'

/**
 * The attributes of an object: a list in which every instance has its index. An index names an instance for as long as
 * it lives and is not moved when others are deleted (1.4 section 2.1.1). Never changed in place.
 */
export type AttributeSet = readonly Attribute[]

type Instance<N extends AttributeName> = Extract<StandardAttribute, { readonly name: N }>

const isNamed =
  <N extends AttributeName>(name: N) =>
  (attribute: Attribute): attribute is Instance<N> =>
    attribute.name === name

/** The value of a single-instance attribute, or the first one of several. */
export const valueOf = <N extends AttributeName>(set: AttributeSet, name: N): AttributeValue<N> | undefined =>
  attributeValue(set, name)

/** All instances of an attribute, in the order of their indices. */
export const instancesOf = <N extends AttributeName>(set: AttributeSet, name: N): readonly Instance<N>[] =>
  set.filter(isNamed(name))

/** Whether an instance is one of those that `ref` names. */
export const isInstanceOf = (attribute: Attribute, ref: AttributeRef | Attribute): boolean => {
  if (attribute.name !== ref.name) return false
  if (attribute.name === 'Link' && 'linkType' in ref && ref.linkType !== undefined)
    return attribute.value.linkType === ref.linkType
  if (attribute.name !== 'VendorAttribute' || ref.name !== 'VendorAttribute') return true
  return attribute.vendor === ref.vendor && attribute.attributeName === ref.attributeName
}

export const instancesNamed = (set: AttributeSet, ref: AttributeRef | Attribute): readonly Attribute[] =>
  set.filter((attribute) => isInstanceOf(attribute, ref))

const nextIndex = (set: AttributeSet, ref: Attribute): number =>
  instancesNamed(set, ref).reduce((next, { index = 0 }) => Math.max(next, index + 1), 0)

/** Adds an instance under the next free index. */
export const withInstance = (set: AttributeSet, attribute: Attribute): AttributeSet => [
  ...set,
  { ...attribute, index: nextIndex(set, attribute) },
]

/** Sets the only instance of an attribute, whether there was one or not. */
export const withValue = (set: AttributeSet, attribute: Attribute): AttributeSet => [
  ...set.filter((other) => !isInstanceOf(other, attribute)),
  { ...attribute, index: 0 },
]

/** Replaces one instance; it keeps its place and index. */
export const withReplaced = (set: AttributeSet, instance: Attribute, attribute: Attribute): AttributeSet =>
  set.map((other) => (other === instance ? { ...attribute, index: instance.index } : other))

export const without = (set: AttributeSet, instance: Attribute): AttributeSet =>
  set.filter((other) => other !== instance)

export const withoutAll = (set: AttributeSet, ref: AttributeRef): AttributeSet =>
  set.filter((attribute) => !isInstanceOf(attribute, ref))
