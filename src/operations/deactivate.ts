import { deactivated } from '../domain/life-cycle.ts'
import { then } from '../domain/maybe-promise.ts'
import { deactivationReason } from '../protocol/structures/draft-values.ts'
import { TAG } from '../protocol/tags.ts'
import { dateTime } from '../schema/primitives.ts'
import { optional } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'

/** Deactivate: takes an Active object out of service, now or at a date (3.0 section 6.1.14). */
export const deactivate = defineOperation({
  name: 'Deactivate',
  spec: { '3.0': '6.1.14' },
  request: {
    uniqueIdentifier: uniqueIdentifierOrPlaceholder,
    deactivationReason: optional(TAG.DeactivationReason, deactivationReason),
    deactivationDate: optional(TAG.DeactivationDate, dateTime),
  },
  response: { uniqueIdentifier },
  handle: ({ objects, batch, now }, request) =>
    then(objects.get(batch.resolve(request.uniqueIdentifier)), (object) => {
      const { deactivationReason: reason, deactivationDate: date } = request
      objects.update(deactivated(object, { reason, date }, now))
      return { uniqueIdentifier: object.id }
    }),
})
