import { defineOperation } from './define-operation.ts'

/** Ping: the answer is that there is one (2.1 section 6.1.36). */
export const ping = defineOperation({
  name: 'Ping',
  spec: { '2.1': '6.1.36' },
  request: {},
  response: {},
  handle: () => ({}),
})
