import type { Sealed } from './bytes.ts'
import type { MaybePromise } from './maybe-promise.ts'

/*
 * What the server keeps beside managed objects: jobs, tickets, constraints, messages to send. A record is written in the
 * same commit as the objects that an item changes, so that both are there or neither.
 */

/** What a record is about. Each kind belongs to one file of the domain, which alone knows what its document holds. */
export type RecordKind =
  'log' | 'job' | 'ticket' | 'user' | 'defaults' | 'constraints' | 'outbox' | 'subscription' | 'credential'

export type ServerRecord = {
  readonly kind: RecordKind
  readonly tenant: string
  /** Unique within kind and tenant. */
  readonly id: string
  /** Identity of the principal it belongs to; empty where it belongs to the tenant. */
  readonly owner: string
  /** Counts the changes: 1 when inserted. */
  readonly version: number
  /** Seconds since 1970. */
  readonly createdAt: number
  /** From when on it may be swept, in seconds since 1970; absent: never. */
  readonly expiresAt: number | undefined
  /** Nothing secret: it is stored as it is. */
  readonly document: Buffer
  /** What is secret of it, sealed by the keystore. */
  readonly sealed: Sealed | undefined
}

/** A record as it is stored, with its place in the order in which records came. */
export type StoredRecord = ServerRecord & { readonly sequence: number }

/** `put` inserts version 1 and replaces any other by the version read plus one; `remove` names the version read. */
export type RecordChange =
  { readonly kind: 'put'; readonly record: ServerRecord } | { readonly kind: 'remove'; readonly record: ServerRecord }

export type RecordList = {
  readonly kind: RecordKind
  /** Absent: of any owner. */
  readonly owner?: string | undefined
  /** Sequence of the last record that is known already. */
  readonly after?: number | undefined
  /** Absent: oldest first. */
  readonly newestFirst?: boolean | undefined
  readonly limit: number
}

/** The records of a database. Reads see what is committed. */
export type RecordStore = {
  read(kind: RecordKind, tenant: string, id: string): MaybePromise<StoredRecord | undefined>
  list(tenant: string, list: RecordList): MaybePromise<readonly StoredRecord[]>
  /** How many there are of one kind and owner; of any owner where none is given. */
  count(kind: RecordKind, tenant: string, owner?: string): MaybePromise<number>
  /** Records of any kind and tenant behind the one at `after`, in their order. */
  all(after: number, limit: number): MaybePromise<readonly StoredRecord[]>
  /** Records of any tenant whose time is over, oldest first. */
  expired(kind: RecordKind, now: number, limit: number): MaybePromise<readonly StoredRecord[]>
}

/** A record to be; kept for the tenant of the principal who performs the operation. */
export type NewRecord = Omit<ServerRecord, 'tenant' | 'version' | 'createdAt'>

/**
 * The records as one item of one client sees them: with what the item, or its batch with Undo, has written itself, which
 * is stored when the engine commits. Two that change one record at a time conflict, and the later one is run again.
 */
export type Records = {
  find(kind: RecordKind, id: string): MaybePromise<ServerRecord | undefined>
  /** Stored ones in their order, as many as the limit says, then all that have been added. */
  list(list: RecordList): MaybePromise<readonly ServerRecord[]>
  /** How many there are of one kind and owner; of any owner where none is given. */
  count(kind: RecordKind, owner?: string): MaybePromise<number>
  add(record: NewRecord): void
  /** Replaces a record that was found or listed. */
  replace(found: ServerRecord, changes: Partial<Pick<ServerRecord, 'expiresAt' | 'document' | 'sealed'>>): void
  remove(found: ServerRecord): void
}
