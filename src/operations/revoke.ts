import { type AttributeSet, valueOf, withValue } from '../domain/attribute-set.ts'
import { isArchived, type ManagedObject, stateOf } from '../domain/managed-object.ts'
import { then } from '../domain/maybe-promise.ts'
import type { RevocationReasonCode, State } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { revocationReason } from '../protocol/structures/attribute-values.ts'
import { TAG } from '../protocol/tags.ts'
import { dateTime } from '../schema/primitives.ts'
import { optional, required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'

const COMPROMISES: readonly (RevocationReasonCode | number)[] = ['KeyCompromise', 'CACompromise']

/** States from which each kind of revocation leads on (1.4 section 3.22, transitions 3, 5, 6, 8 and 10). */
const COMPROMISED_FROM: readonly State[] = ['PreActive', 'Active', 'Deactivated', 'Destroyed']
const DEACTIVATED_FROM: readonly State[] = ['Active']

const checkState = (object: ManagedObject, now: number, allowed: readonly State[]): void => {
  if (allowed.includes(stateOf(object, now))) return
  throw new KmipError('WrongKeyLifecycleState', 'The object cannot be revoked for that reason in its state')
}

const compromised = (object: ManagedObject, occurrence: number | undefined, now: number): AttributeSet => {
  const occurred = occurrence ?? valueOf(object.attributes, 'InitialDate') ?? now
  const dated = withValue(object.attributes, { name: 'CompromiseDate', value: now })
  return withValue(dated, { name: 'CompromiseOccurrenceDate', value: occurred })
}

/**
 * Revoke: a compromise is recorded with its dates, any other reason deactivates the object now (1.4 section 4.20, 2.1
 * section 6.1.44).
 */
export const revoke = defineOperation({
  name: 'Revoke',
  spec: { '1.4': '4.20', '2.1': '6.1.44' },
  request: {
    uniqueIdentifier: uniqueIdentifierOrPlaceholder,
    revocationReason: required(TAG.RevocationReason, revocationReason),
    compromiseOccurrenceDate: optional(TAG.CompromiseOccurrenceDate, dateTime),
  },
  response: { uniqueIdentifier },
  handle: ({ objects, batch, now }, request) =>
    then(objects.get(batch.resolve(request.uniqueIdentifier)), (object) => {
      const { revocationReason: reason, compromiseOccurrenceDate: occurrence } = request
      if (object.objectType === 'Template') {
        throw new KmipError('InvalidObjectType', 'A Template cannot be revoked', { older: 'IllegalOperation' })
      }
      if (isArchived(object)) throw new KmipError('ObjectArchived', 'The object is archived')
      if (occurrence !== undefined && occurrence > now) {
        throw new KmipError('InvalidField', 'The Compromise Occurrence Date is in the future')
      }
      const isCompromise = COMPROMISES.includes(reason.revocationReasonCode)
      checkState(object, now, isCompromise ? COMPROMISED_FROM : DEACTIVATED_FROM)
      const dated = isCompromise
        ? compromised(object, occurrence, now)
        : withValue(object.attributes, { name: 'DeactivationDate', value: now })
      const reasoned = withValue(dated, { name: 'RevocationReason', value: reason })
      objects.update({ ...object, attributes: withValue(reasoned, { name: 'LastChangeDate', value: now }) })
      return { uniqueIdentifier: object.id }
    }),
})
