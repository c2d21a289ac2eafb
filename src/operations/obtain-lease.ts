import { checkOnline } from '../domain/attribute-rules.ts'
import { valueOf } from '../domain/attribute-set.ts'
import { type ManagedObject, stateOf } from '../domain/managed-object.ts'
import { then } from '../domain/maybe-promise.ts'
import type { State } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { TAG } from '../protocol/tags.ts'
import { dateTime, interval } from '../schema/primitives.ts'
import { required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'

/** Seconds: no lease is effective, and the client may use the object as long as it likes. */
const NO_LEASE = 0

/** Nobody should go on using these (TC-95 refuses what is Compromised). */
const REFUSED: readonly State[] = ['Compromised', 'Destroyed', 'DestroyedCompromised']

const checkLeasable = (object: ManagedObject, now: number): void => {
  checkOnline(object)
  if (object.objectType !== 'Template' && !REFUSED.includes(stateOf(object, now))) return
  throw new KmipError('PermissionDenied', 'The server gives no lease for the object')
}

/**
 * Obtain Lease: how long the client may use what it holds of the object (1.4 section 4.17, 2.1 section 6.1.35). That is
 * the Lease Time of the object, and without one there is no limit.
 */
export const obtainLease = defineOperation({
  name: 'ObtainLease',
  spec: { '1.4': '4.17', '2.1': '6.1.35' },
  request: { uniqueIdentifier: uniqueIdentifierOrPlaceholder },
  response: {
    uniqueIdentifier,
    leaseTime: required(TAG.LeaseTime, interval),
    lastChangeDate: required(TAG.LastChangeDate, dateTime),
  },
  handle: ({ objects, batch, now }, request) =>
    then(objects.get(batch.resolve(request.uniqueIdentifier)), (object) => {
      checkLeasable(object, now)
      return {
        uniqueIdentifier: object.id,
        leaseTime: valueOf(object.attributes, 'LeaseTime') ?? NO_LEASE,
        lastChangeDate: valueOf(object.attributes, 'LastChangeDate') ?? now,
      }
    }),
})
