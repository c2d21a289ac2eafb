import { then } from '../domain/maybe-promise.ts'
import { asynchronousCorrelationValue } from './fields.ts'
import { defineOperation } from './define-operation.ts'

/**
 * Poll: what has come of a request that was to be answered later (1.4 section 4.28, 2.1 section 6.1.38). What stands in
 * the answer is not of Poll but of that request: its operation, result and payload.
 */
export const poll = defineOperation({
  name: 'Poll',
  spec: { '1.4': '4.28', '2.1': '6.1.38' },
  asynchronous: 'never',
  request: { asynchronousCorrelationValue },
  response: {},
  handle: ({ jobs }, request) => then(jobs().poll(request.asynchronousCorrelationValue), () => ({})),
})
