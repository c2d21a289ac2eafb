import { keepEntry } from '../domain/client-log.ts'
import { then } from '../domain/maybe-promise.ts'
import { INTEROP_FUNCTION } from '../protocol/enums/interop-function.ts'
import { TAG } from '../protocol/tags.ts'
import { enumOf, text } from '../schema/primitives.ts'
import { required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'

/**
 * Interop: a client tells where a test case begins and ends (2.1 section 6.1.26). It is written down and changes
 * nothing, not even with Reset. The setting `interop` takes it away.
 */
export const interop = defineOperation({
  name: 'Interop',
  spec: { '2.1': '6.1.26' },
  request: {
    interopFunction: required(TAG.InteropFunction, enumOf(INTEROP_FUNCTION)),
    interopIdentifier: required(TAG.InteropIdentifier, text),
  },
  response: {},
  handle: (context, { interopFunction, interopIdentifier }) =>
    then(keepEntry(context, { operation: 'Interop', message: `${interopFunction} ${interopIdentifier}` }), () => ({})),
})
