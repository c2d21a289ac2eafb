import type { Attribute } from '../protocol/attribute-instance.ts'
import type { AttributeName } from '../protocol/attributes.ts'
import type { ObjectType } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { checkOnline } from './attribute-rules.ts'
import { valueOf, withInstance, withoutAll } from './attribute-set.ts'
import { linkTo } from './key-pair.ts'
import type { ManagedObject } from './managed-object.ts'
import { withAttributes } from './with-attributes.ts'

/*
 * What a replacement key takes over from the key that it replaces, and what becomes of that one (1.4 sections 4.4 and
 * 4.5, 2.1 sections 6.1.46 and 6.1.47). Times and offsets are seconds.
 */

/** The dates that an Offset moves, after the Activation Date, from which it is counted. */
const FOLLOWING_DATES = ['ProcessStartDate', 'ProtectStopDate', 'DeactivationDate'] as const

const OFFSET_DATES: readonly string[] = ['ActivationDate', ...FOLLOWING_DATES]

/**
 * What belongs to the existing key alone: its life so far, its relations, and what follows from its material or its
 * place (Tables 173 and 177 of 1.4, 304 and 309 of 2.1). All the rest is copied.
 */
const NOT_COPIED: ReadonlySet<AttributeName | 'VendorAttribute'> = new Set<AttributeName | 'VendorAttribute'>([
  'UniqueIdentifier',
  'ShortUniqueIdentifier',
  'InitialDate',
  'OriginalCreationDate',
  'LastChangeDate',
  'DestroyDate',
  'CompromiseDate',
  'CompromiseOccurrenceDate',
  'RevocationReason',
  'ArchiveDate',
  'LeaseTime',
  'Fresh',
  'AlwaysSensitive',
  'NeverExtractable',
  'Digest',
  'Link',
  'RandomNumberGenerator',
  'ProtectionStorageMask',
  'KeyValuePresent',
  'KeyValueLocation',
  'RotateDate',
  'RotateGeneration',
  'RotateLatest',
])

/** The whole allowance is there again: what has been used was used of another key. */
const refilled = (attribute: Attribute): Attribute =>
  attribute.name === 'UsageLimits'
    ? { ...attribute, value: { ...attribute.value, usageLimitsCount: attribute.value.usageLimitsTotal } }
    : attribute

/** Table 172 of 1.4, Table 303 of 2.1: every date keeps its distance from the Activation Date. */
const movedDates = (existing: ManagedObject, offset: number, now: number): readonly Attribute[] => {
  const before = valueOf(existing.attributes, 'ActivationDate')
  const activation = now + offset
  const following = FOLLOWING_DATES.flatMap((name): readonly Attribute[] => {
    const date = valueOf(existing.attributes, name)
    if (date === undefined) return []
    // 1.x calls this an Illegal Operation, a reason that 2.0 has dropped.
    if (before === undefined) {
      throw new KmipError('IllegalOperation', 'The existing key has no Activation Date to count from', {
        older: 'InvalidField',
      })
    }
    return [{ name, value: date + activation - before }]
  })
  return [{ name: 'ActivationDate', value: activation }, ...following]
}

/** Where a key stands in the row of its replacements (2.1 sections 4.50 and 4.52). */
const rotation = (existing: ManagedObject): readonly Attribute[] => [
  { name: 'RotateGeneration', value: (valueOf(existing.attributes, 'RotateGeneration') ?? 0) + 1 },
  { name: 'RotateLatest', value: true },
]

/**
 * What the replacement takes over: give it to `newObject` as its own.
 * @throws KmipError IllegalOperation where an Offset has dates to move and nothing to count from
 */
export const takenOver = (existing: ManagedObject, offset: number | undefined, now: number): readonly Attribute[] => {
  const copied = existing.attributes.filter(({ name }) => !NOT_COPIED.has(name)).map(refilled)
  const links = [linkTo('ReplacedObjectLink', existing.id), ...rotation(existing)]
  if (offset === undefined) return [...copied, ...links]
  const dates = movedDates(existing, offset, now)
  return [...copied.filter(({ name }) => !OFFSET_DATES.includes(name)), ...dates, ...links]
}

/** The existing key afterwards: it has given its Names away, and is otherwise what it was. */
export const superseded = (existing: ManagedObject, replacement: string, now: number): ManagedObject => {
  const nameless = withoutAll(existing.attributes, { name: 'Name' })
  const linked = { ...existing, attributes: withInstance(nameless, linkTo('ReplacementObjectLink', replacement)) }
  return withAttributes(linked, now, { name: 'RotateDate', value: now }, { name: 'RotateLatest', value: false })
}

/** @throws KmipError InvalidMessage where a request gives an Offset and the dates that it would move */
export const checkOffset = (offset: number | undefined, given: readonly Attribute[]): void => {
  if (offset === undefined || !given.some(({ name }) => OFFSET_DATES.includes(name))) return
  throw new KmipError('InvalidMessage', 'An Offset cannot be given together with dates')
}

const unfit = (message: string): KmipError => new KmipError('InvalidObjectType', message, { older: 'PermissionDenied' })

/**
 * Any state will do: a key that has been compromised or has run out is just what is replaced.
 * @throws KmipError InvalidObjectType, ObjectArchived, KeyValueNotPresent
 */
export const checkReplaceable = (existing: ManagedObject, objectType: ObjectType): void => {
  if (existing.objectType !== objectType) throw unfit('The object is no key that can be replaced like this')
  checkOnline(existing)
  if (existing.key === undefined) {
    throw new KmipError('KeyValueNotPresent', 'The server does not hold the key', { older: 'PermissionDenied' })
  }
}

/**
 * The other half of a key pair.
 * @throws KmipError InvalidObjectType where the key is not half of one
 */
export const publicHalf = (privateKey: ManagedObject): string => {
  for (const { name, value } of privateKey.attributes) {
    if (name !== 'Link' || value.linkType !== 'PublicKeyLink') continue
    if (value.linkedObjectIdentifier.by === 'id') return value.linkedObjectIdentifier.id
  }
  throw unfit('The private key has no public key')
}

/** A replacement belongs to whom the existing object belongs, whoever asked for it. */
export const ownedLike = (replacement: ManagedObject, { tenant, owner }: ManagedObject): ManagedObject => ({
  ...replacement,
  tenant,
  owner,
})
