import type { Attribute } from '../protocol/attribute-instance.ts'
import type { ObjectType, State } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { checkOnline } from './attribute-rules.ts'
import { valueOf } from './attribute-set.ts'
import { mergeLayers } from './given-attributes.ts'
import { isDestroyed, type ManagedObject } from './managed-object.ts'
import { type NewObject, newObject } from './new-object.ts'

/*
 * What Import makes of the attributes that it brings (1.4 section 4.41, 2.1 section 6.1.25): all of them are taken as
 * they are, but for those that say the same as something else does.
 */

/** Bytes: a database has to find it, and people to read it. */
const LONGEST_IDENTIFIER = 1024

const CONTROL = /\p{Cc}/u

/** @throws KmipError InvalidField */
export const checkIdentifier = (id: string): void => {
  if (id !== '' && Buffer.byteLength(id) <= LONGEST_IDENTIFIER && !CONTROL.test(id)) return
  throw new KmipError('InvalidField', 'The Unique Identifier is empty, too long, or no readable text')
}

type Identity = { readonly id: string; readonly objectType: ObjectType }

const contradiction = (): KmipError =>
  new KmipError('InvalidAttributeValue', 'An attribute contradicts the request that brings it')

/** The dates that an object in a state has; a state without material cannot be imported. */
const DATES: Readonly<Partial<Record<State, readonly ('ActivationDate' | 'DeactivationDate' | 'CompromiseDate')[]>>> = {
  PreActive: [],
  Active: ['ActivationDate'],
  Deactivated: ['ActivationDate', 'DeactivationDate'],
  Compromised: ['CompromiseDate'],
}

/** The State follows from dates: where they do not come along, the state is entered now. */
const enteredState = (given: readonly Attribute[], now: number): readonly Attribute[] => {
  const dates = DATES[valueOf(given, 'State') ?? 'PreActive']
  if (dates === undefined || valueOf(given, 'DestroyDate') !== undefined) {
    throw new KmipError('InvalidAttributeValue', 'A destroyed object cannot be imported')
  }
  return dates.map((name) => ({ name, value: now }))
}

/** Kept elsewhere than in the list of attributes, or true of this server only. */
const IMPLIED: readonly string[] = ['UniqueIdentifier', 'ObjectType', 'State', 'ProtectionStorageMask']

/**
 * The attributes to keep. `now` in seconds since 1970.
 * @throws KmipError InvalidAttributeValue where they are those of another object, or of a destroyed one
 */
export const importedAttributes = (
  given: readonly Attribute[],
  { id, objectType }: Identity,
  now: number,
): readonly Attribute[] => {
  if ((valueOf(given, 'UniqueIdentifier') ?? id) !== id) throw contradiction()
  if ((valueOf(given, 'ObjectType') ?? objectType) !== objectType) throw contradiction()
  const kept = given.filter(({ name }) => !IMPLIED.includes(name))
  return mergeLayers(kept, enteredState(given, now))
}

/** A count that the total does not reach would allow more than the limit. */
const checkLimits = (given: readonly Attribute[]): void => {
  const limits = valueOf(given, 'UsageLimits')
  if (limits?.usageLimitsCount === undefined) return
  const { usageLimitsCount: count, usageLimitsTotal: total } = limits
  if (count < 0n || count > total) {
    throw new KmipError('InvalidAttributeValue', 'The Usage Limits Count is not within the total')
  }
}

const sameDigest = (stated: Attribute, fact: Attribute): boolean =>
  stated.name === 'Digest' &&
  fact.name === 'Digest' &&
  stated.value.hashingAlgorithm === fact.value.hashingAlgorithm &&
  stated.value.keyFormatType === fact.value.keyFormatType

/** A Digest of the material as it is must be that of the material. */
const checkDigests = ({ given, deposit }: Pick<NewObject, 'given' | 'deposit'>): void => {
  for (const fact of deposit?.attributes ?? []) {
    if (fact.name !== 'Digest') continue
    const stated = given.find((attribute) => sameDigest(attribute, fact))
    if (stated?.name !== 'Digest' || stated.value.digestValue === undefined) continue
    if (fact.value.digestValue?.equals(stated.value.digestValue) !== true) throw contradiction()
  }
}

/**
 * The imported object, in the place of `existing` where there is one: it stays with its owner. What has been destroyed
 * comes back this way.
 * @throws KmipError ObjectArchived, and what `newObject` says
 */
export const importedObject = (
  plan: Omit<NewObject, 'generator' | 'imported'>,
  existing: ManagedObject | undefined,
): ManagedObject => {
  if (existing !== undefined && !isDestroyed(existing)) checkOnline(existing)
  checkLimits(plan.given)
  checkDigests(plan)
  const object = newObject({ ...plan, generator: undefined, imported: true })
  if (existing === undefined) return object
  const { rowVersion, tenant, owner } = existing
  return { ...object, rowVersion, tenant, owner }
}
