import { asynchronousCorrelationValue } from './fields.ts'
import { defineOperation } from './define-operation.ts'

/**
 * Process: an asynchronous request is performed now, with those before it in its batch, so that the next Poll has its
 * result (2.1 section 6.1.39).
 */
export const process = defineOperation({
  name: 'Process',
  spec: { '2.1': '6.1.39' },
  asynchronous: 'never',
  request: { asynchronousCorrelationValue },
  response: {},
  handle: async ({ jobs }, request) => {
    await jobs().process(request.asynchronousCorrelationValue)
    return {}
  },
})
