import type { Operation } from '../protocol/enums/operation.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import type { Infer } from '../schema/struct.ts'
import type { ticket } from '../protocol/structures/credential.ts'
import type { Lease, Right } from '../protocol/structures/rights.ts'
import type { usageLimits } from '../protocol/structures/attribute-values.ts'
import { instancesOf } from './attribute-set.ts'
import type { ManagedObject } from './managed-object.ts'
import type { MaybePromise } from './maybe-promise.ts'
import type { BatchIdentifiers, OperationContext } from './operation-context.ts'
import type { Principal } from './principal.ts'

/*
 * Tickets (2.1 sections 6.1.12, 6.1.30, 6.1.31, 7.34, 7.35 and 7.39): somebody logs in and gets a ticket, and whoever
 * shows it later is that somebody, for a time, so many requests and uses, and with no more rights than it grants.
 */

export type Ticket = Infer<typeof ticket.fields>

/** One of the things that a ticket allows; what is absent is not restricted. */
export type TicketRight = {
  readonly operations?: readonly Operation[] | undefined
  readonly objects?: readonly string[] | undefined
  readonly groups?: readonly string[] | undefined
}

/** A principal who shows a ticket. */
export type TicketHold = {
  /** Names the record of the ticket. */
  readonly id: string
  /** Absent: all that the principal may do. */
  readonly rights: readonly TicketRight[] | undefined
  /** Whether operations are counted. */
  readonly isMetered: boolean
}

/** What a ticket is to be good for. */
export type TicketTerms = {
  readonly lease: Lease | undefined
  /** Requests; absent: as many as come. */
  readonly requests: number | undefined
  /** Operations; absent: as many as come. */
  readonly uses: bigint | undefined
  readonly rights: readonly (TicketRight & { readonly uses: bigint | undefined })[] | undefined
}

type TicketContext = Pick<OperationContext, 'records' | 'principal' | 'now' | 'keys'>

/** Hands out tickets and takes them back, in the unit of work of an item. */
export type TicketOffice = {
  /** @throws KmipError InvalidField, ServerLimitExceeded */
  issue(context: TicketContext, terms: TicketTerms): MaybePromise<Ticket>
  /** False where there is no such ticket. */
  end(context: TicketContext, ticket: Ticket): MaybePromise<boolean>
  /** Counts an operation that has been done. @throws KmipError NotAuthorised, UsageLimitExceeded, InvalidTicket */
  charge(context: TicketContext, permit: Permit | undefined): MaybePromise<void>
}

// What a ticket allows --------------------------------------------------------------------------------------------------

const notAllowed = (): KmipError => new KmipError('NotAuthorised', 'The ticket does not allow that')

/** What is left of the rights of a ticket while an item goes on: one right has to allow all of it. */
export type Permit = {
  /** @throws KmipError NotAuthorised where no right covers the object */
  admit(object: ManagedObject): void
  /** Whether some right covers the object. */
  covers(object: ManagedObject): boolean
  /** For what is about objects that cannot be told beforehand. @throws KmipError NotAuthorised */
  admitAny(): void
  /** Rights, by their places, that allow what has been done. @throws KmipError NotAuthorised */
  settle(): readonly number[]
}

const isRestricted = ({ objects, groups }: TicketRight): boolean => objects !== undefined || groups !== undefined

const includes = ({ objects, groups }: TicketRight, { id, attributes }: ManagedObject): boolean =>
  (objects === undefined || objects.includes(id)) &&
  (groups === undefined || instancesOf(attributes, 'ObjectGroup').some(({ value }) => groups.includes(value)))

/**
 * The permit of a principal for one operation; undefined where no ticket restricts it. "Only permitted to perform
 * operations allowed by at least one of the contained Right structures" (2.1 section 6.1.12): by one, not by parts of
 * several.
 * @throws KmipError NotAuthorised
 */
export const permitFor = ({ ticket }: Principal, operation: Operation): Permit | undefined => {
  const rights = ticket?.rights
  if (rights === undefined) return undefined
  let left = [...rights.keys()].filter((index) => rights[index]?.operations?.includes(operation) ?? true)
  let isAboutObjects = false

  const narrow = (fits: (right: TicketRight) => boolean): void => {
    left = left.filter((index) => fits(rights[index] ?? {}))
    if (left.length === 0) throw notAllowed()
  }

  narrow(() => true)
  return {
    admit: (object) => {
      isAboutObjects = true
      narrow((right) => includes(right, object))
    },
    covers: (object) => left.some((index) => includes(rights[index] ?? {}, object)),
    admitAny: () => narrow((right) => !isRestricted(right)),
    settle: () => {
      // A right to some objects is none to what is about no object, unless it says so.
      narrow((right) => isAboutObjects || !isRestricted(right) || right.operations !== undefined)
      return left
    },
  }
}

// What is asked for -------------------------------------------------------------------------------------------------------

/** Rights, and what one of them lists: what is looked at with every request has to have an end. */
const MOST_ENTRIES = 256

type Limits = Infer<typeof usageLimits.fields>

/**
 * Uses that a limit grants: operations are what is counted (2.1 section 7.40), so there is no limit in bytes.
 * @throws KmipError InvalidField, FeatureNotSupported
 */
export const usesOf = (limits: Limits | undefined): bigint | undefined => {
  if (limits === undefined) return undefined
  if (limits.usageLimitsUnit !== 'Object') {
    throw new KmipError('FeatureNotSupported', 'The uses of a ticket are counted in operations')
  }
  const uses = limits.usageLimitsCount ?? limits.usageLimitsTotal
  if (uses <= 0n || limits.usageLimitsTotal < uses) {
    throw new KmipError('InvalidField', 'The Usage Limits of the ticket allow nothing')
  }
  return uses
}

/** Requests that a ticket is good for; 0 stands for no limit (the published case TC-DLOGIN-2). */
export const requestsOf = (count: number | undefined): number | undefined => {
  if (count !== undefined && count < 0) throw new KmipError('InvalidField', 'The Request Count is negative')
  return count === 0 ? undefined : count
}

const short = <T>(list: readonly T[]): readonly T[] => {
  if (list.length > MOST_ENTRIES) throw new KmipError('InvalidField', 'There are too many Rights')
  return list
}

/** Rights as they are kept: objects by their identifiers. @throws KmipError */
export const rightsOf = (rights: readonly Right[], batch: BatchIdentifiers): NonNullable<TicketTerms['rights']> =>
  short(rights).map((right) => ({
    operations: right.operations && short(right.operations.names),
    objects: right.objects && short(right.objects.ids).map((reference) => batch.resolve(reference)),
    groups: right.objectGroups && short(right.objectGroups.groups),
    uses: usesOf(right.usageLimits),
  }))

/** Whoever shows a ticket gets no other: it would outlive the first, or allow more. @throws KmipError */
export const checkOwnAccount = ({ ticket: held }: Principal): void => {
  if (held !== undefined) throw new KmipError('PermissionDenied', 'A ticket cannot be had for a ticket')
}
