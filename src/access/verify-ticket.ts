import type { Channel } from '../domain/authenticator.ts'
import type { Clock } from '../domain/clock.ts'
import { type MaybePromise, then } from '../domain/maybe-promise.ts'
import { ConflictError, type ObjectStore } from '../domain/object-store.ts'
import type { Principal, PrincipalSource } from '../domain/principal.ts'
import type { StoredRecord } from '../domain/records.ts'
import type { Ticket } from '../domain/tickets.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { oneRequestLess } from './ticket-office.ts'
import { decodeTicket, encodeTicket, type KeptTicket, type Sealing, ticketIdOf } from './ticket-record.ts'

export type TicketParts = {
  readonly store: Pick<ObjectStore, 'records' | 'commit'>
  readonly keys: Sealing
  readonly clock: Clock
  /** Who that is by now; undefined where nobody is let in by it any more. */
  readonly current: (source: PrincipalSource) => MaybePromise<Principal | undefined>
}

const invalid = (): KmipError => new KmipError('InvalidTicket', 'The ticket is not valid')

const holdOf = (id: string, { uses, rights }: KeptTicket): Principal['ticket'] => ({
  id,
  rights,
  isMetered: uses !== undefined || (rights ?? []).some((right) => right.uses !== undefined),
})

/** The principal as it is now: a role may have changed, and whoever is revoked is nobody. */
const holderOf = ({ current }: TicketParts, id: string, ticket: KeptTicket): MaybePromise<Principal> => {
  const known: MaybePromise<Principal | undefined> =
    ticket.source === undefined ? { ...ticket.principal, groups: [] } : current(ticket.source)
  return then(known, (principal) => {
    if (principal?.id !== ticket.principal.id) throw invalid()
    return { ...principal, ticket: holdOf(id, ticket) }
  })
}

/** Processes and nodes that share the database may each be faster once in a while; nobody loses so often. */
const MOST_RETRIES = 16

/**
 * Checks the tickets that requests show (2.1 sections 6.1.30 and 9.11). Each request is read from the database: a Logout
 * is in force with its commit. A counted one is counted before anything is done, durably, one after the other.
 */
export const createTicketCheck = (
  parts: TicketParts,
): ((channel: Channel, ticket: Ticket) => MaybePromise<Principal>) => {
  const { store, keys, clock } = parts
  /** The last who waits, for each ticket whose requests are counted. */
  const turns = new Map<string, Promise<KeptTicket>>()

  /** @throws KmipError InvalidTicket */
  const read = (tenant: string, id: string): MaybePromise<StoredRecord> =>
    then(store.records.read('ticket', tenant, id), (record) => {
      if (record?.expiresAt === undefined || record.expiresAt <= clock.now()) throw invalid()
      return record
    })

  const count = async (tenant: string, id: string, retries = MOST_RETRIES): Promise<KeptTicket> => {
    const record = await read(tenant, id)
    const ticket = oneRequestLess(decodeTicket(keys, id, record.document))
    const counted = { ...record, version: record.version + 1, document: encodeTicket(keys, id, ticket) }
    try {
      await store.commit({ changes: [], audit: [], records: [{ kind: 'put', record: counted }] })
      return ticket
    } catch (error) {
      if (!(error instanceof ConflictError) || retries === 0) throw error
      return count(tenant, id, retries - 1)
    }
  }

  const countInTurn = (tenant: string, id: string): Promise<KeptTicket> => {
    const key = `${tenant} ${id}`
    const next = () => count(tenant, id)
    const mine = (turns.get(key) ?? Promise.resolve()).then(next, next)
    turns.set(key, mine)
    const leave = () => {
      if (turns.get(key) === mine) turns.delete(key)
    }
    mine.then(leave, leave)
    return mine
  }

  return ({ principal: { tenant } }, { ticketType, ticketValue }) => {
    if (ticketType !== 'Login') throw invalid()
    const id = ticketIdOf(ticketValue)
    return then(read(tenant, id), (record) => {
      const ticket = decodeTicket(keys, id, record.document)
      return then(holderOf(parts, id, ticket), (principal) =>
        ticket.requests === undefined ? principal : countInTurn(tenant, id).then(() => principal),
      )
    })
  }
}
