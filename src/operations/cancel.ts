import { then } from '../domain/maybe-promise.ts'
import { CANCELLATION_RESULT } from '../protocol/enumerations.ts'
import { TAG } from '../protocol/tags.ts'
import { enumOf } from '../schema/primitives.ts'
import { required } from '../schema/struct.ts'
import { asynchronousCorrelationValue } from './fields.ts'
import { defineOperation } from './define-operation.ts'

/**
 * Cancel: an asynchronous request is not to be performed (1.4 section 4.27, 2.1 section 6.1.5). One whose effect is not
 * committed can always be canceled; a value that this client has not been given is Unavailable.
 */
export const cancel = defineOperation({
  name: 'Cancel',
  spec: { '1.4': '4.27', '2.1': '6.1.5' },
  asynchronous: 'never',
  request: { asynchronousCorrelationValue },
  response: {
    asynchronousCorrelationValue,
    cancellationResult: required(TAG.CancellationResult, enumOf(CANCELLATION_RESULT)),
  },
  handle: ({ jobs }, request) =>
    then(jobs().cancel(request.asynchronousCorrelationValue), (cancellationResult) => ({
      asynchronousCorrelationValue: request.asynchronousCorrelationValue,
      cancellationResult,
    })),
})
