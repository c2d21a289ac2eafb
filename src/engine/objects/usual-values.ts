import type { StandardAttribute } from '../../protocol/attribute-instance.ts'
import type { AttributeSet } from '../../domain/attribute-set.ts'
import type { Condition, SearchKey } from '../../domain/object-store.ts'
import { type KnownRef, searchKey, valuesOf } from './search-values.ts'

/*
 * Nearly all objects have these values, and no index is of use for what nearly all have. So they have no keys; what has
 * other values, or none, has keys for what it has and a marker besides. That spares a new object half of its keys.
 */

const VALUES: readonly StandardAttribute[] = [
  { name: 'Sensitive', value: false },
  { name: 'AlwaysSensitive', value: false },
  { name: 'Extractable', value: true },
  { name: 'NeverExtractable', value: false },
  { name: 'Fresh', value: true },
  { name: 'LeaseTime', value: 3600 },
  { name: 'Digest', value: { hashingAlgorithm: 'SHA_256', digestValue: undefined, keyFormatType: 'Raw' } },
  {
    name: 'RandomNumberGenerator',
    value: { rngAlgorithm: 'ANSIX9_31', cryptographicAlgorithm: 'AES', cryptographicLength: 256 },
  },
]

const identity = (value: Buffer): string => value.toString('latin1')

const FIELD_TAG = 3

/** What a value is a value of: a field of a structure, told by its tag, or the attribute. */
const placeOf = (value: Buffer, structured: boolean): string =>
  structured ? value.toString('latin1', 0, FIELD_TAG) : ''

type Usual = {
  readonly attribute: StandardAttribute
  readonly structured: boolean
  readonly values: ReadonlySet<string>
  readonly places: ReadonlySet<string>
  readonly marker: SearchKey
}

const usualOf = (attribute: StandardAttribute): Usual => {
  const values = valuesOf(attribute)
  const structured = typeof attribute.value === 'object'
  return {
    attribute,
    structured,
    values: new Set(values.map(identity)),
    places: new Set(values.map((value) => placeOf(value, structured))),
    marker: searchKey(attribute, Buffer.alloc(0)),
  }
}

/** The attributes that have usual values. */
export const USUAL: ReadonlyMap<string, Usual> = new Map(
  VALUES.map((attribute) => [attribute.name, usualOf(attribute)]),
)

const unusual = (values: readonly Buffer[], { values: usual }: Usual): boolean => {
  const held = new Set(values.map(identity))
  return held.size !== usual.size || [...held].some((value) => !usual.has(value))
}

/** The keys that an object has because of one of these attributes. */
export const usualKeys = (attributes: AttributeSet, usual: Usual): readonly SearchKey[] => {
  const { attribute, structured, places, marker } = usual
  const instances = attributes.filter(({ name }) => name === attribute.name)
  if (instances.length === 1 && instances[0]?.value === attribute.value) return []
  const values = instances.flatMap(valuesOf)
  const told = values.filter((value) => places.has(placeOf(value, structured)))
  const keys = (unusual(told, usual) ? values : values.filter((value) => !told.includes(value))).map((value) =>
    searchKey(attribute, value),
  )
  return unusual(told, usual) ? [marker, ...keys] : keys
}

/** What finds the objects that have a value. */
export const equalTo = (ref: KnownRef, value: Buffer): Condition => {
  const key = searchKey(ref, value)
  const usual = USUAL.get(ref.name)
  return usual?.values.has(identity(value)) === true
    ? { kind: 'usual', key, marker: usual.marker }
    : { kind: 'equals', key }
}
