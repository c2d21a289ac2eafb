import { then } from '../domain/maybe-promise.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { ticket } from '../protocol/structures/credential.ts'
import { TAG } from '../protocol/tags.ts'
import { required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'

/**
 * Logout: a ticket is good for nothing any more, on no connection (2.1 section 6.1.31). Whoever has it may give it up: it
 * could be used by the same one as well.
 */
export const logout = defineOperation({
  name: 'Logout',
  spec: { '2.1': '6.1.31' },
  request: { ticket: required(TAG.Ticket, ticket) },
  response: {},
  handle: (context, request) =>
    then(context.tickets.end(context, request.ticket), (isEnded) => {
      if (!isEnded) throw new KmipError('InvalidTicket', 'The ticket is not valid')
      return {}
    }),
})
