import { keepEntry } from '../domain/client-log.ts'
import { then } from '../domain/maybe-promise.ts'
import { TAG } from '../protocol/tags.ts'
import { text } from '../schema/primitives.ts'
import { required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'

/** Log: the server keeps a message of the client; `kmipd log` shows it (2.1 section 6.1.29). */
export const log = defineOperation({
  name: 'Log',
  spec: { '2.1': '6.1.29' },
  request: { logMessage: required(TAG.LogMessage, text) },
  response: {},
  handle: (context, { logMessage }) => then(keepEntry(context, { operation: 'Log', message: logMessage }), () => ({})),
})
