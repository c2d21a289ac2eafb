import { rights } from '../protocol/structures/rights.ts'
import { TAG } from '../protocol/tags.ts'
import { required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'
import { issueTicket, ticketRequest, ticketResponse } from './issue-ticket.ts'

/**
 * Delegated Login: a ticket for somebody else, who may do with it no more than the Rights say (2.1 section 6.1.12).
 */
export const delegatedLogin = defineOperation({
  name: 'DelegatedLogin',
  spec: { '2.1': '6.1.12' },
  request: { ...ticketRequest, rights: required(TAG.Rights, rights) },
  response: ticketResponse,
  handle: (context, request) => issueTicket(context, request, request.rights.rights),
})
