import { then } from '../domain/maybe-promise.ts'
import { checkOwnAccount, requestsOf, usesOf } from '../domain/tickets.ts'
import { usageLimits } from '../protocol/structures/attribute-values.ts'
import { ticket } from '../protocol/structures/credential.ts'
import { lease } from '../protocol/structures/rights.ts'
import { TAG } from '../protocol/tags.ts'
import { integer } from '../schema/primitives.ts'
import { optional, required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'

/** Login: a ticket by which later requests are those of whoever asks now (2.1 section 6.1.30). */
export const login = defineOperation({
  name: 'Login',
  spec: { '2.1': '6.1.30' },
  request: {
    leaseTime: optional(TAG.LeaseTime, lease),
    requestCount: optional(TAG.RequestCount, integer),
    usageLimits: optional(TAG.UsageLimits, usageLimits),
  },
  response: { ticket: required(TAG.Ticket, ticket) },
  handle: (context, request) => {
    checkOwnAccount(context.principal)
    const terms = {
      lease: request.leaseTime,
      requests: requestsOf(request.requestCount),
      uses: usesOf(request.usageLimits),
      rights: undefined,
    }
    return then(context.tickets.issue(context, terms), (issued) => ({ ticket: issued }))
  },
})
