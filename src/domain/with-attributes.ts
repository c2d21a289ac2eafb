import type { Attribute } from '../protocol/attribute-instance.ts'
import { type AttributeSet, withValue } from './attribute-set.ts'
import type { ManagedObject } from './managed-object.ts'

/**
 * Sets attributes that have one value, as an operation of the server does it, and the Last Change Date with them (1.4
 * section 3.38, 2.1 section 4.28). `now` in seconds since 1970.
 */
export const withAttributes = (
  object: ManagedObject,
  now: number,
  ...attributes: readonly Attribute[]
): ManagedObject => {
  const changed = attributes.reduce<AttributeSet>(withValue, object.attributes)
  return { ...object, attributes: withValue(changed, { name: 'LastChangeDate', value: now }) }
}
