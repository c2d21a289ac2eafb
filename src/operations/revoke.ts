import { revoked } from '../domain/life-cycle.ts'
import { then } from '../domain/maybe-promise.ts'
import { revocationReason } from '../protocol/structures/attribute-values.ts'
import { TAG } from '../protocol/tags.ts'
import { dateTime } from '../schema/primitives.ts'
import { optional, required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'

/** Revoke: compromises or deactivates, by its reason (1.4 section 4.20, 2.1 section 6.1.44). */
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
      const { revocationReason: reason, compromiseOccurrenceDate } = request
      objects.update(revoked(object, { reason, compromiseOccurrenceDate }, now))
      return { uniqueIdentifier: object.id }
    }),
})
