import { then } from '../domain/maybe-promise.ts'
import { checkOwnAccount, requestsOf, rightsOf, usesOf } from '../domain/tickets.ts'
import { usageLimits } from '../protocol/structures/attribute-values.ts'
import { ticket } from '../protocol/structures/credential.ts'
import { lease, rights } from '../protocol/structures/rights.ts'
import { TAG } from '../protocol/tags.ts'
import { integer } from '../schema/primitives.ts'
import { optional, required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'

/**
 * Delegated Login: a ticket for somebody else, who may do with it no more than the Rights say (2.1 section 6.1.12).
 */
export const delegatedLogin = defineOperation({
  name: 'DelegatedLogin',
  spec: { '2.1': '6.1.12' },
  request: {
    leaseTime: optional(TAG.LeaseTime, lease),
    requestCount: optional(TAG.RequestCount, integer),
    usageLimits: optional(TAG.UsageLimits, usageLimits),
    rights: required(TAG.Rights, rights),
  },
  response: { ticket: required(TAG.Ticket, ticket) },
  handle: (context, request) => {
    checkOwnAccount(context.principal)
    const terms = {
      lease: request.leaseTime,
      requests: requestsOf(request.requestCount),
      uses: usesOf(request.usageLimits),
      rights: rightsOf(request.rights.rights, context.batch),
    }
    return then(context.tickets.issue(context, terms), (issued) => ({ ticket: issued }))
  },
})
