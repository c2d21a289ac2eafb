import type { Attribute } from '../protocol/attribute-instance.ts'
import type { AttributeValue } from '../protocol/attributes.ts'
import type { State } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { checkDates } from './attribute-dates.ts'
import { checkOnline } from './attribute-rules.ts'
import { valueOf, withoutAll } from './attribute-set.ts'
import { isArchived, isDestroyed, type ManagedObject, NOBODY, stateOf } from './managed-object.ts'
import { withAttributes } from './with-attributes.ts'

/*
 * The transitions between states that a client asks for. Those that time brings about need nothing: the state follows
 * from the dates (docs/decisions/003). What stands in no list here is not permitted (1.4 section 3.22, 2.1 section
 * 4.57). Times are seconds since 1970.
 */

const wrongState = (message: string): KmipError =>
  new KmipError('WrongKeyLifecycleState', message, { older: 'PermissionDenied' })

const checkState = (object: ManagedObject, allowed: readonly State[], now: number, message: string): void => {
  if (!allowed.includes(stateOf(object, now))) throw wrongState(message)
}

/** Templates have attributes for others, and no life of their own. */
const checkHasStates = (object: ManagedObject): void => {
  if (object.objectType !== 'Template') return
  throw new KmipError('InvalidObjectType', 'A Template has no state', { older: 'IllegalOperation' })
}

/**
 * Activate (1.4 section 4.19, 2.1 section 6.1.1).
 * @throws KmipError InvalidObjectType, ObjectArchived, WrongKeyLifecycleState
 */
export const activated = (object: ManagedObject, now: number): ManagedObject => {
  checkHasStates(object)
  checkOnline(object)
  checkState(object, ['PreActive'], now, 'The object is not Pre-Active')
  return withAttributes(object, now, { name: 'ActivationDate', value: now })
}

/** What a client says when it revokes. */
export type Revocation = {
  readonly reason: AttributeValue<'RevocationReason'>
  readonly compromiseOccurrenceDate: number | undefined
}

type Consequence = {
  readonly from: readonly State[]
  readonly attributes: (object: ManagedObject, revocation: Revocation, now: number) => readonly Attribute[]
}

const COMPROMISE: Consequence = {
  from: ['PreActive', 'Active', 'Deactivated', 'Destroyed'],
  attributes: (object, { compromiseOccurrenceDate }, now) => [
    { name: 'CompromiseDate', value: now },
    {
      name: 'CompromiseOccurrenceDate',
      value: compromiseOccurrenceDate ?? valueOf(object.attributes, 'InitialDate') ?? now,
    },
  ],
}

const DEACTIVATION: Consequence = {
  from: ['Active'],
  attributes: (_object, _revocation, now) => [{ name: 'DeactivationDate', value: now }],
}

const consequenceOf = ({ reason, compromiseOccurrenceDate }: Revocation, now: number): Consequence => {
  const { revocationReasonCode: code } = reason
  if (typeof code === 'number') throw new KmipError('InvalidField', 'The Revocation Reason is not known')
  if (code !== 'KeyCompromise' && code !== 'CACompromise') {
    if (compromiseOccurrenceDate === undefined) return DEACTIVATION
    throw new KmipError('InvalidField', 'A Compromise Occurrence Date belongs to a compromise only')
  }
  if (compromiseOccurrenceDate === undefined || compromiseOccurrenceDate <= now) return COMPROMISE
  throw new KmipError('InvalidField', 'The Compromise Occurrence Date is in the future')
}

/**
 * Revoke: a compromise compromises, also what is destroyed already; any other reason deactivates (1.4 section 4.20, 2.1
 * section 6.1.44).
 * @throws KmipError InvalidObjectType, InvalidField, ObjectArchived, WrongKeyLifecycleState
 */
export const revoked = (object: ManagedObject, revocation: Revocation, now: number): ManagedObject => {
  checkHasStates(object)
  const { from, attributes } = consequenceOf(revocation, now)
  checkOnline(object)
  checkState(object, from, now, 'The state of the object does not allow this revocation')
  const reason: Attribute = { name: 'RevocationReason', value: revocation.reason }
  return withAttributes(object, now, reason, ...attributes(object, revocation, now))
}

const destroyedTemplate = (object: ManagedObject, now: number): ManagedObject => ({
  ...object,
  key: undefined,
  attributes: [{ name: 'DestroyDate', value: now, index: 0 }],
})

/**
 * Destroy: the material goes, the attributes stay, for whoever asks later what became of the key. Of a Template nothing
 * stays but that it is gone (1.4 section 4.21, 2.1 section 6.1.15). The tables of both add Compromised to the states
 * that their text names.
 * @throws KmipError ObjectDestroyed, ObjectArchived, WrongKeyLifecycleState
 */
export const destroyed = (object: ManagedObject, now: number): ManagedObject => {
  if (isDestroyed(object)) {
    throw new KmipError('ObjectDestroyed', 'The object has been destroyed already', { older: 'PermissionDenied' })
  }
  checkOnline(object)
  if (object.objectType === 'Template') return destroyedTemplate(object, now)
  checkState(object, ['PreActive', 'Deactivated', 'Compromised'], now, 'The object is in use: revoke it first')
  return withAttributes({ ...object, key: undefined }, now, { name: 'DestroyDate', value: now })
}

/**
 * Deactivate (3.0 section 4.21, 6.1.14): an Active object, at once or at a date that is not past.
 * @throws KmipError InvalidObjectType, InvalidField, ObjectArchived, WrongKeyLifecycleState
 */
export const deactivated = (
  object: ManagedObject,
  {
    reason,
    date,
  }: { readonly reason: AttributeValue<'DeactivationReason'> | undefined; readonly date: number | undefined },
  now: number,
): ManagedObject => {
  checkHasStates(object)
  checkOnline(object)
  checkState(object, ['Active'], now, 'The object is not Active')
  if (date !== undefined && date < now) throw new KmipError('InvalidField', 'The Deactivation Date is in the past')
  const said: readonly Attribute[] = reason === undefined ? [] : [{ name: 'DeactivationReason', value: reason }]
  const changed = withAttributes(object, now, { name: 'DeactivationDate', value: date ?? now }, ...said)
  checkDates(changed.attributes)
  return changed
}

/**
 * Obliterate (3.0 section 6.1.39): what may be destroyed, or has been. The row stays, so that the identifier never means
 * another object, and holds nothing; it belongs to nobody.
 * @throws KmipError ObjectArchived, WrongKeyLifecycleState
 */
export const obliterated = (object: ManagedObject, now: number): ManagedObject => {
  checkOnline(object)
  const allowed: readonly State[] = ['PreActive', 'Deactivated', 'Compromised', 'Destroyed', 'DestroyedCompromised']
  if (object.objectType !== 'Template') checkState(object, allowed, now, 'The object is in use: revoke it first')
  return { ...object, owner: NOBODY, key: undefined, attributes: [{ name: 'DestroyDate', value: now, index: 0 }] }
}

/**
 * Archive: the material is out of reach until it is recovered, the attributes are not (1.4 section 4.22, 2.1 section
 * 6.1.4). What has been destroyed has no material left to keep.
 * @throws KmipError ObjectArchived, PermissionDenied
 */
export const archived = (object: ManagedObject, now: number): ManagedObject => {
  checkOnline(object)
  if (isDestroyed(object)) throw new KmipError('PermissionDenied', 'A destroyed object cannot be archived')
  return withAttributes(object, now, { name: 'ArchiveDate', value: now })
}

/**
 * Recover: on line again. The Archive Date goes (1.4 section 3.32, 2.1 section 4.5); an object that is on line stays
 * as it is, since no failure is laid down for it (1.4 section 11.24, 2.1 section 6.1.42).
 */
export const recovered = (object: ManagedObject, now: number): ManagedObject => {
  if (!isArchived(object)) return object
  return withAttributes({ ...object, attributes: withoutAll(object.attributes, { name: 'ArchiveDate' }) }, now)
}
