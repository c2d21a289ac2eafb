import type { Attribute } from '../../protocol/attribute-instance.ts'
import { attributeRow } from '../../protocol/attribute-lookup.ts'
import { TAG } from '../../protocol/tags.ts'
import { tagAt } from '../../ttlv/reader.ts'
import { type AttributeSet, instancesNamed } from '../../domain/attribute-set.ts'
import type { SearchKey } from '../../domain/object-store.ts'
import { hasAll, type KnownRef, searchKey, valuesOf } from './search-values.ts'
import { USUAL, usualKeys } from './usual-values.ts'

/*
 * What Locate finds objects by in an index. Dates, masks and limits are asked for by range and have columns of their own
 * (`search-facts.ts`); values that nearly all objects have are told by an absence (`usual-values.ts`).
 */

/** Whether one instance of the attribute has all of these fields: several objects' worth of keys cannot tell. */
export const hasFields = (attributes: AttributeSet, ref: KnownRef, fields: readonly Buffer[]): boolean =>
  instancesNamed(attributes, ref).some((instance) => hasAll(instance, fields))

const MASKS: readonly Attribute['name'][] = ['CryptographicUsageMask', 'ProtectionStorageMask']

const hasColumn = ({ name }: Attribute): boolean =>
  name !== 'VendorAttribute' && (MASKS.includes(name) || attributeRow(name).search === 'date')

/** Of Usage Limits only the unit is asked for by its value. */
const isSearched = ({ name }: Attribute, value: Buffer): boolean =>
  name !== 'UsageLimits' || tagAt(value, 0) === TAG.UsageLimitsUnit

const keysOf = (attribute: Attribute): readonly SearchKey[] =>
  valuesOf(attribute)
    .filter((value) => isSearched(attribute, value))
    .map((value) => searchKey(attribute, value))

const identity = (key: SearchKey): string => key.toString('latin1')

/** Every key of an object, each once: two instances may share a field. */
export const searchKeys = (attributes: AttributeSet): readonly SearchKey[] => {
  const keys = new Map<string, SearchKey>()
  for (const attribute of attributes) {
    if (hasColumn(attribute) || USUAL.has(attribute.name)) continue
    for (const key of keysOf(attribute)) keys.set(identity(key), key)
  }
  for (const usual of USUAL.values()) {
    for (const key of usualKeys(attributes, usual)) keys.set(identity(key), key)
  }
  return [...keys.values()]
}
