import { type MaybePromise, then } from '../domain/maybe-promise.ts'
import type { OperationContext } from '../domain/operation-context.ts'
import { checkOwnAccount, requestsOf, rightsOf, type Ticket, usesOf } from '../domain/tickets.ts'
import { usageLimits } from '../protocol/structures/attribute-values.ts'
import { ticket } from '../protocol/structures/credential.ts'
import { lease, type Right } from '../protocol/structures/rights.ts'
import { TAG } from '../protocol/tags.ts'
import { integer } from '../schema/primitives.ts'
import { type Infer, optional, required } from '../schema/struct.ts'

/** What Login and Delegated Login ask alike (2.1 sections 6.1.12 and 6.1.30). */
export const ticketRequest = {
  leaseTime: optional(TAG.LeaseTime, lease),
  requestCount: optional(TAG.RequestCount, integer),
  usageLimits: optional(TAG.UsageLimits, usageLimits),
}

export const ticketResponse = { ticket: required(TAG.Ticket, ticket) }

/** Issues a ticket for whoever asks; without rights it is good for all that the same may do. @throws KmipError */
export const issueTicket = (
  context: OperationContext,
  request: Infer<typeof ticketRequest>,
  rights?: readonly Right[],
): MaybePromise<{ readonly ticket: Ticket }> => {
  checkOwnAccount(context.principal)
  const terms = {
    lease: request.leaseTime,
    requests: requestsOf(request.requestCount),
    uses: usesOf(request.usageLimits),
    rights: rights && rightsOf(rights, context.batch),
  }
  return then(context.tickets.issue(context, terms), (issued) => ({ ticket: issued }))
}
