import fc from 'fast-check'
import * as enumerations from '../../src/protocol/enumerations.ts'
import { attributeRow, ATTRIBUTE_NAMES } from '../../src/protocol/attribute-lookup.ts'
import { ITEM_TYPE, type ItemType } from '../../src/ttlv/item-type.ts'
import type { Enumeration } from '../../src/schema/enumeration.ts'
import type { Kind } from '../../src/schema/kind.ts'
import type { Field, Fields, Form } from '../../src/schema/struct.ts'
import { inRange, type Target } from '../../src/schema/version.ts'

/*
 * Arbitrary values of a kind, for one target: what that version can express, and nothing it cannot. Structures are
 * walked by their `fields`; the few kinds that are more than a structure or a primitive stand in `SPECIAL` by name.
 */

type Any = fc.Arbitrary<unknown>

const tables: ReadonlyMap<string, Enumeration> = new Map(
  Object.values(enumerations).map((table): [string, Enumeration] => [table.title, table]),
)

const buffer = (minLength: number, maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength, maxLength }).map((bytes) => Buffer.from(bytes))

const bytes = buffer(0, 24)
const text = fc.string({ unit: 'binary', maxLength: 12 })
const int32 = fc.integer()
const int64 = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)
const seconds = fc.maxSafeInteger()
const unsigned = fc.nat(0xffffffff)
/** Whole words: what is read is sign-extended, so only these come back as they went. */
const bigInteger = fc.nat(2).chain((words) => buffer(words * 8 + 8, words * 8 + 8))

const PRIMITIVE: { readonly [T in ItemType]?: Any } = {
  [ITEM_TYPE.Integer]: int32,
  [ITEM_TYPE.LongInteger]: int64,
  [ITEM_TYPE.BigInteger]: bigInteger,
  [ITEM_TYPE.Boolean]: fc.boolean(),
  [ITEM_TYPE.TextString]: text,
  [ITEM_TYPE.ByteString]: bytes,
  [ITEM_TYPE.DateTime]: seconds,
  [ITEM_TYPE.Interval]: unsigned,
  [ITEM_TYPE.DateTimeExtended]: int64,
}

/** Names that the target knows, or any where it knows none of them; a code of the extensions where there are none. */
const enumeration = (title: string, target: Target): Any => {
  const table = tables.get(title)
  if (table === undefined) return unsigned
  const known = table.names.filter((name) => table.knownIn(name, target))
  const names = known.length > 0 ? known : table.names
  return names.length > 0 ? fc.constantFrom(...names) : fc.constant(0x80000001)
}

/** One child, so that the structure is one. */
const rawChildren = fc.constantFrom(
  Buffer.alloc(0),
  Buffer.from('4200200200000004000000080000000000', 'hex').subarray(0, 16),
)

const tagged = (type: string, value: Any): Any => value.map((given) => ({ type, value: given }))

/** See `AnyValue` of src/schema/combinators.ts. */
const anyValue = (target: Target): Any =>
  fc.oneof(
    tagged('Integer', int32),
    tagged('LongInteger', int64),
    tagged('BigInteger', bigInteger),
    tagged('Enumeration', unsigned),
    tagged('Boolean', fc.boolean()),
    tagged('TextString', text),
    tagged('ByteString', bytes),
    tagged('DateTime', seconds),
    tagged('Interval', unsigned),
    tagged('Structure', rawChildren),
    ...(inRange(target, { since: '2.0' }) ? [tagged('DateTimeExtended', int64)] : []),
  )

const vendorAttribute = (target: Target): Any =>
  fc.record({
    name: fc.constant('VendorAttribute'),
    vendor: inRange(target, { since: '2.0' }) ? fc.constantFrom('x', 'y', 'ACME', '') : fc.constantFrom('x', 'y'),
    attributeName: text,
    value: anyValue(target),
  })

/** One instance of any attribute that the target has, without an index. */
export const arbitraryAttribute = (target: Target): Any =>
  fc.oneof(
    { weight: 1, arbitrary: vendorAttribute(target) },
    {
      weight: 9,
      arbitrary: fc
        .constantFrom(...ATTRIBUTE_NAMES.filter((name) => inRange(target, attributeRow(name))))
        .chain((name) => arbitraryValue(attributeRow(name).kind, target).map((value) => ({ name, value }))),
    },
  )

const references = (target: Target): Any =>
  fc.oneof(
    text.map((id) => ({ by: 'id', id })),
    ...(inRange(target, { since: '2.0' })
      ? [
          enumeration('Unique Identifier', target).map((of) => ({ by: 'result', of })),
          int32.map((position) => ({ by: 'position', position })),
        ]
      : []),
  )

const credentials = (target: Target): Any =>
  fc.oneof(fc.boolean(), ...(inRange(target, { since: '2.0' }) ? [enumeration('Asynchronous Indicator', target)] : []))

const SPECIAL: Readonly<Record<string, (target: Target) => Any>> = {
  Attribute: arbitraryAttribute,
  Attributes: (target) =>
    fc.record({
      templates: fc.constant([]),
      attributes: fc.array(arbitraryAttribute(target), { maxLength: 3 }),
    }),
  'Asynchronous Indicator': credentials,
  'any value': anyValue,
  'Unique Identifier': references,
  Ephemeral: () => fc.constantFrom('Data', false),
  // A text everywhere, and another type in the draft.
  'Text String': () => text,
  Structure: () => rawChildren,
}

/** Kinds of several item types: bytes, or the one structure that a caller has given for the name. */
const ALTERNATIVES = new Map<string, Kind<unknown>>()

/** Tells the structure that stands beside plain bytes in a kind made by `oneOf`. */
export const structureOf = (name: string, kind: Kind<unknown>): void => void ALTERNATIVES.set(name, kind)

const fieldsOf = (kind: Kind<unknown>): Fields | undefined => ('fields' in kind ? (kind.fields as Fields) : undefined)

const formOf = (field: Field<unknown>, target: Target): Form<unknown> | undefined =>
  field.forms.findLast((form) => form.readOnly !== true && inRange(target, form))

const arbitraryField = (field: Field<unknown>, target: Target): Any => {
  const form = formOf(field, target)
  const codec = form?.kind.compile(target)
  if (form === undefined || codec === undefined) return fc.constant(field.presence === 'repeated' ? [] : undefined)
  if (form.spread !== undefined) return fc.array(arbitraryAttribute(target), { maxLength: 3 })
  const value = arbitraryValue(form.kind, target)
  if (field.presence === 'repeated') return fc.array(value, { maxLength: 3 })
  // A version that knows no name of an enumeration leaves the field out.
  const fitting = value.map((given) => (codec.fits?.(given) === false ? undefined : given))
  return field.presence === 'optional' ? fc.option(fitting, { nil: undefined }) : value
}

/** An object with a value for every required field of the target, and maybe for the others. */
export const arbitraryFields = (fields: Fields, target: Target): fc.Arbitrary<Record<string, unknown>> =>
  fc.record(Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, arbitraryField(field, target)])))

/** A value of the kind that the target can express. */
export const arbitraryValue = (kind: Kind<unknown>, target: Target): Any => {
  const fields = fieldsOf(kind)
  if (fields !== undefined) return arbitraryFields(fields, target)
  const special = SPECIAL[kind.name]
  if (special !== undefined) return special(target)
  const [type, ...others] = kind.itemTypes
  if (others.length > 0) {
    const structure = ALTERNATIVES.get(kind.name)
    return structure === undefined ? references(target) : fc.oneof(bytes, arbitraryValue(structure, target))
  }
  if (type === ITEM_TYPE.Enumeration) return enumeration(kind.name, target)
  const primitive = type === undefined ? undefined : PRIMITIVE[type]
  if (primitive === undefined) throw new TypeError(`no arbitrary for ${kind.name}`)
  return primitive
}

/** The same without fields that are undefined, since an absent field and an undefined one mean the same. */
export const plain = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (inner === undefined ? [] : [[key, plain(inner)]])),
  )
}
