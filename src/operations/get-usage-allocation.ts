import { then } from '../domain/maybe-promise.ts'
import { allocated } from '../domain/usage-allocation.ts'
import { TAG } from '../protocol/tags.ts'
import { longInteger } from '../schema/primitives.ts'
import { required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'

/**
 * Get Usage Allocation: sets units of the Usage Limits aside for a client that protects with the key by itself; they
 * count as used (1.4 section 4.18, 2.1 section 6.1.23).
 */
export const getUsageAllocation = defineOperation({
  name: 'GetUsageAllocation',
  spec: { '1.4': '4.18', '2.1': '6.1.23' },
  request: {
    uniqueIdentifier: uniqueIdentifierOrPlaceholder,
    usageLimitsCount: required(TAG.UsageLimitsCount, longInteger),
  },
  response: { uniqueIdentifier },
  handle: ({ objects, batch, now }, request) =>
    then(objects.get(batch.resolve(request.uniqueIdentifier)), (object) => {
      objects.update(allocated(object, request.usageLimitsCount, now))
      return { uniqueIdentifier: object.id }
    }),
})
