import type { Attribute, AttributeRef } from '../protocol/attribute-instance.ts'
import type { AttributeName } from '../protocol/attributes.ts'
import { ATTRIBUTE_NAMES } from '../protocol/attribute-lookup.ts'
import type { AttributeValue } from '../protocol/attributes.ts'
import type { LinkType } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { inRange, type Version } from '../schema/version.ts'
import { rulesOf } from './attribute-rules.ts'
import { isInstanceOf } from './attribute-set.ts'
import { isSystemObject, type ManagedObject, stateOf } from './managed-object.ts'

const RANK: ReadonlyMap<string, number> = new Map(ATTRIBUTE_NAMES.map((name, index) => [name, index]))

/** Vendor attributes come last. */
const rankOf = ({ name }: Attribute): number => RANK.get(name) ?? ATTRIBUTE_NAMES.length

/** What is not stored because it follows from the rest of the object, and from the time. */
const derived = (object: ManagedObject, now: number): readonly Attribute[] => [
  { name: 'UniqueIdentifier', value: object.id },
  { name: 'ObjectType', value: object.objectType },
  { name: 'ObjectClass', value: isSystemObject(object) ? 'System' : 'User' },
  // A Template has no life of its own (1.4 appendix B).
  ...(object.objectType === 'Template' ? [] : [{ name: 'State', value: stateOf(object, now) } as const]),
]

/** Every attribute of an object at the time `now` (seconds since 1970), in the order of the table. */
export const allAttributes = (object: ManagedObject, now: number): readonly Attribute[] =>
  [...derived(object, now), ...object.attributes].sort((a, b) => rankOf(a) - rankOf(b))

/** The attributes that a client of `version` is told when it asks for none in particular. */
export const announcedAttributes = (object: ManagedObject, now: number, version: Version): readonly Attribute[] =>
  allAttributes(object, now).filter((attribute) => {
    const { quietUntil } = rulesOf(attribute)
    return quietUntil === undefined || !inRange(version, { until: quietUntil })
  })

/** What PyKMIP reads, and with it libkmip: of 1.2, without structures that it never learned. */
const COMMON: ReadonlySet<string> = new Set<AttributeName | 'VendorAttribute'>([
  'UniqueIdentifier',
  'Name',
  'ObjectType',
  'CryptographicAlgorithm',
  'CryptographicLength',
  'CryptographicParameters',
  'CertificateType',
  'CertificateLength',
  'Digest',
  'OperationPolicyName',
  'CryptographicUsageMask',
  'LeaseTime',
  'State',
  'InitialDate',
  'ActivationDate',
  'ProcessStartDate',
  'ProtectStopDate',
  'DeactivationDate',
  'DestroyDate',
  'CompromiseOccurrenceDate',
  'CompromiseDate',
  'ArchiveDate',
  'ObjectGroup',
  'Fresh',
  'ApplicationSpecificInformation',
  'ContactInformation',
  'LastChangeDate',
  'Sensitive',
  'VendorAttribute',
])

/** Those of a list that every old client can read. */
export const commonAttributes = (attributes: readonly Attribute[]): readonly Attribute[] =>
  attributes.filter(({ name }) => COMMON.has(name))

/** One text per attribute, whatever its value. */
export const attributeKey = (ref: AttributeRef | Attribute): string => {
  if (ref.name === 'Unknown') return `unknown ${ref.label}`
  if (ref.name === 'VendorAttribute') return `vendor ${encodeURIComponent(ref.vendor)} ${ref.attributeName}`
  return 'linkType' in ref && ref.linkType !== undefined ? `${ref.name} ${ref.linkType}` : ref.name
}

/**
 * The instances of the attributes named, in the order of the names. What the object does not have is left out, whether
 * the name is known or not: real clients look for their own attributes before they set them.
 * @throws KmipError InvalidMessage where a name is given twice (1.4 section 4.12)
 */
export const attributesNamed = (
  object: ManagedObject,
  refs: readonly AttributeRef[],
  now: number,
): readonly Attribute[] => {
  if (new Set(refs.map(attributeKey)).size < refs.length) {
    throw new KmipError('InvalidMessage', 'An attribute is named more than once')
  }
  const all = [...derived(object, now), ...object.attributes]
  return refs.flatMap((ref) => all.filter((attribute) => isInstanceOf(attribute, ref)))
}

export const refOf = (attribute: Attribute): AttributeRef =>
  attribute.name === 'VendorAttribute'
    ? { name: attribute.name, vendor: attribute.vendor, attributeName: attribute.attributeName }
    : { name: attribute.name, ...(attribute.name === 'Link' ? kindOf(attribute.value) : {}) }

/** Links of a kind that only its vendor knows are not told apart. */
const kindOf = ({ linkType }: AttributeValue<'Link'>): { readonly linkType?: LinkType } =>
  typeof linkType === 'string' ? { linkType } : {}

/** The names of the attributes that an object has, each once; links of each kind count as an attribute. */
export const attributeList = (object: ManagedObject, now: number): readonly AttributeRef[] => [
  ...new Map(
    allAttributes(object, now).map((attribute) => [attributeKey(refOf(attribute)), refOf(attribute)]),
  ).values(),
]
