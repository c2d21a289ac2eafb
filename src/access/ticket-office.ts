import { randomBytes } from 'node:crypto'
import { type MaybePromise, then } from '../domain/maybe-promise.ts'
import type { OperationContext } from '../domain/operation-context.ts'
import type { Lease } from '../protocol/structures/rights.ts'
import type { Records, ServerRecord } from '../domain/records.ts'
import type { Permit, Ticket, TicketOffice, TicketTerms } from '../domain/tickets.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { decodeTicket, encodeTicket, type KeptTicket, ticketIdOf } from './ticket-record.ts'

const VALUE_BYTES = 32

/** Tickets that one principal may have at a time. */
const MOST_TICKETS = 1000

/** Tickets looked at, at each new one, for those whose time is over. */
const SWEPT_AT_ONCE = 8

type Context = Pick<OperationContext, 'records' | 'principal' | 'now' | 'keys'>

/** The longest time of this server, where the client asks for none or for more. @throws KmipError InvalidField */
const expiryOf = (lease: Lease | undefined, now: number, longest: number): number => {
  const latest = now + longest
  if (lease === undefined) return latest
  if (lease.kind === 'until' && lease.time <= now) {
    throw new KmipError('InvalidField', 'The Lease Time is over already')
  }
  if (lease.kind === 'until') return Math.min(latest, lease.time)
  // 0 stands for no limit of the client's own (the published cases TC-LOGIN-3 and TC-DLOGIN-2).
  return lease.seconds === 0 ? latest : Math.min(latest, now + lease.seconds)
}

const counted = (uses: bigint | undefined): number | undefined =>
  uses === undefined ? undefined : Number(uses < BigInt(Number.MAX_SAFE_INTEGER) ? uses : Number.MAX_SAFE_INTEGER)

const ticketFor = ({ id, name, tenant, role, source }: Context['principal'], terms: TicketTerms): KeptTicket => ({
  principal: { id, name, tenant, role },
  source,
  requests: terms.requests,
  uses: counted(terms.uses),
  rights: terms.rights?.map((right) => ({ ...right, uses: counted(right.uses) })),
})

/** Makes room: what has expired goes, and then there may not be too many. @throws KmipError ServerLimitExceeded */
const makeRoom = async ({ records, principal, now }: Context): Promise<void> => {
  const oldest = await records.list({ kind: 'ticket', owner: principal.id, limit: SWEPT_AT_ONCE })
  const expired = oldest.filter(({ expiresAt }) => expiresAt !== undefined && expiresAt <= now)
  for (const record of expired) records.remove(record)
  if ((await records.count('ticket', principal.id)) >= MOST_TICKETS) {
    throw new KmipError('ServerLimitExceeded', 'The client has too many tickets: log out of some')
  }
}

const exceeded = (): KmipError =>
  new KmipError('UsageLimitExceeded', 'The ticket has been used as often as it may', { older: 'PermissionDenied' })

/** One less; undefined stays: no limit. @throws KmipError UsageLimitExceeded */
const oneLess = (left: number | undefined): number | undefined => {
  if (left === undefined) return undefined
  if (left <= 0) throw exceeded()
  return left - 1
}

/** One use less of the ticket, and of the first right that allowed the operation and has any left. */
const oneUseLess = (ticket: KeptTicket, candidates: readonly number[] | undefined): KeptTicket => {
  const { rights } = ticket
  const uses = oneLess(ticket.uses)
  if (rights === undefined || candidates === undefined) return { ...ticket, uses }
  const used = candidates.find((index) => (rights[index]?.uses ?? 1) > 0)
  if (used === undefined) throw exceeded()
  return {
    ...ticket,
    uses,
    rights: rights.map((right, index) => (index === used ? { ...right, uses: oneLess(right.uses) } : right)),
  }
}

/** One request less. @throws KmipError UsageLimitExceeded */
export const oneRequestLess = (ticket: KeptTicket): KeptTicket => ({ ...ticket, requests: oneLess(ticket.requests) })

const invalid = (): KmipError => new KmipError('InvalidTicket', 'The ticket is not valid')

/** `longest`: seconds that a ticket holds at most. */
export const createTicketOffice = (longest: number): TicketOffice => {
  /** Items that have ended a ticket, perhaps the one that they came with. */
  const ended = new WeakSet<Records>()

  const issue = async (context: Context, terms: TicketTerms): Promise<Ticket> => {
    const expiresAt = expiryOf(terms.lease, context.now, longest)
    await makeRoom(context)
    const ticketValue = randomBytes(VALUE_BYTES)
    const id = ticketIdOf(ticketValue)
    const document = encodeTicket(context.keys, id, ticketFor(context.principal, terms))
    context.records.add({ kind: 'ticket', id, owner: context.principal.id, expiresAt, document, sealed: undefined })
    return { ticketType: 'Login', ticketValue }
  }

  const find = ({ records, now }: Context, id: string): MaybePromise<ServerRecord | undefined> =>
    then(records.find('ticket', id), (record) =>
      record?.expiresAt === undefined || record.expiresAt <= now ? undefined : record,
    )

  const end = (context: Context, { ticketType, ticketValue }: Ticket): MaybePromise<boolean> => {
    if (ticketType !== 'Login') return false
    return then(find(context, ticketIdOf(ticketValue)), (record) => {
      if (record === undefined) return false
      context.records.remove(record)
      ended.add(context.records)
      return true
    })
  }

  const charge = (context: Context, permit: Permit | undefined): MaybePromise<void> => {
    const held = context.principal.ticket
    const candidates = permit?.settle()
    if (held?.isMetered !== true || ended.has(context.records)) return
    return then(context.records.find('ticket', held.id), (record) => {
      if (record === undefined) throw invalid()
      const ticket = oneUseLess(decodeTicket(context.keys, held.id, record.document), candidates)
      context.records.replace(record, { document: encodeTicket(context.keys, held.id, ticket) })
    })
  }

  return { issue, end, charge }
}
