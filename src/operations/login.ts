import { defineOperation } from './define-operation.ts'
import { issueTicket, ticketRequest, ticketResponse } from './issue-ticket.ts'

/** Login: a ticket by which later requests are those of whoever asks now (2.1 section 6.1.30). */
export const login = defineOperation({
  name: 'Login',
  spec: { '2.1': '6.1.30' },
  request: ticketRequest,
  response: ticketResponse,
  handle: (context, request) => issueTicket(context, request),
})
