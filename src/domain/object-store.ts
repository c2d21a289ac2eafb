import type { MaybePromise } from './maybe-promise.ts'
import type { Sealed } from './bytes.ts'
import type { RecordChange, RecordStore } from './records.ts'

/*
 * What the domain needs of a database. Rows, not objects: the store knows no attribute rule and opens no document, so
 * that an embedded and a shared database differ in nothing the domain can see.
 */

/** One managed object as it is stored: one row. */
export type ObjectRow = {
  /** Unique Identifier. */
  readonly id: string
  /** Counts the changes of the row; a commit names the version it read. 1 when inserted. */
  readonly version: number
  readonly tenant: string
  readonly owner: string
  /** Code of the Object Type. */
  readonly objectType: number
  /** Attributes and key block facts, encoded; authenticated by `mac`, and without any material. */
  readonly document: Buffer
  readonly mac: Buffer
  readonly sealVersion: number
  /** Absent once destroyed, and for objects without material. */
  readonly material: StoredMaterial | undefined
  /** The facts that the state follows from, for searches by time. */
  readonly lifecycle: LifecycleColumns
}

export type StoredMaterial =
  | { readonly kind: 'sealed'; readonly sealed: Sealed }
  | { readonly kind: 'resident'; readonly token: string; readonly keyId: Buffer }

/** Columns from which SQL derives the State at a time; seconds since 1970. See `domain/state.ts` for the rule. */
export type LifecycleColumns = {
  readonly activationDate: number | undefined
  readonly deactivationDate: number | undefined
  readonly compromiseDate: number | undefined
  readonly destroyDate: number | undefined
  readonly archiveDate: number | undefined
}

/** What an object is found by in an index: which attribute, and its encoded value. Equal values have equal bytes. */
export type SearchKey = Buffer

/**
 * What an object is found by in columns of its row, because it is asked for by range or by bits: dates in seconds since
 * 1970. Copies of what the document says, for searches alone.
 */
export type SearchFacts = {
  readonly initialDate?: number | undefined
  readonly lastChangeDate?: number | undefined
  readonly originalCreationDate?: number | undefined
  readonly processStartDate?: number | undefined
  readonly protectStopDate?: number | undefined
  readonly compromiseOccurrenceDate?: number | undefined
  readonly rotateDate?: number | undefined
  /** No attribute: when the server rotates the object. */
  readonly rotationDue?: number | undefined
  readonly usageMask?: number | undefined
  readonly storageMask?: number | undefined
  readonly limitTotal?: bigint | undefined
  readonly limitCount?: bigint | undefined
}

export type MaskFact = 'usageMask' | 'storageMask'
export type LimitFact = 'limitTotal' | 'limitCount'
export type DateFact = Exclude<keyof SearchFacts, MaskFact | LimitFact> | keyof LifecycleColumns

/** A Name held by an object: unique within a tenant (1.4 section 3.2, 2.1 section 4.32). */
export type NameClaim = { readonly tenant: string; readonly name: string }

type Held = {
  readonly row: ObjectRow
  readonly facts: SearchFacts
  readonly keys: readonly SearchKey[]
  readonly names: readonly NameClaim[]
}

export type Change =
  | ({ readonly kind: 'insert' } & Held)
  /** Replaces row, keys and names. `row.version` is the version read plus one, `keysBefore` are the keys of that one. */
  | ({ readonly kind: 'update'; readonly keysBefore: readonly SearchKey[] } & Held)

export type AuditRecord = {
  /** Seconds since 1970. */
  readonly time: number
  readonly principal: string
  readonly operation: string
  readonly objectId: string | undefined
  readonly outcome: string
}

/** What one item, or one batch with Undo, wants written: all of it or nothing. Plain data. */
export type Commit = {
  readonly changes: readonly Change[]
  readonly audit: readonly AuditRecord[]
  readonly records?: readonly RecordChange[]
  /**
   * Rows whose material and MAC are the same as before, under another store key; `version` is the version read plus one.
   * Nothing else of them is written.
   */
  readonly reseals?: readonly ObjectRow[]
  /** The store key that was current when this was put together: MACs within documents are under it, or a newer one. */
  readonly storeKey?: number
}

/**
 * Setting with the number of the oldest store key under which something may still be written, four bytes. A commit that
 * holds anything older conflicts: whoever made it has not noticed that the store key was changed.
 */
export const OLDEST_STORE_KEY = 'store-key/oldest'

/** A row with its place in the order in which objects came. */
export type PlacedRow = { readonly sequence: number; readonly row: ObjectRow }

/** One condition of a search; a search is the AND of all. */
export type Condition =
  | { readonly kind: 'equals'; readonly key: SearchKey }
  /** The object has `key`, or has no `marker`: its value is the usual one. */
  | { readonly kind: 'usual'; readonly key: SearchKey; readonly marker: SearchKey }
  /** Both ends included. */
  | { readonly kind: 'range'; readonly fact: DateFact; readonly from: number; readonly to: number }
  | { readonly kind: 'at-least'; readonly fact: LimitFact; readonly limit: bigint }
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'object-type'; readonly objectType: number }
  /** Codes of Object Types, both ends included. */
  | { readonly kind: 'object-types'; readonly from: number; readonly to: number }
  /** Code of a State, at the time of the search. */
  | { readonly kind: 'state'; readonly state: number }
  /** All of these bits are set. */
  | { readonly kind: 'has-bits'; readonly fact: MaskFact; readonly bits: number }

export type Search = {
  readonly tenant: string
  /** Absent: objects of any owner. */
  readonly owner: string | undefined
  readonly conditions: readonly Condition[]
  /** Which objects count: those on line, archived, destroyed. */
  readonly storage: { readonly online: boolean; readonly archived: boolean; readonly destroyed: boolean }
  /** Seconds since 1970: the time at which states are judged. */
  readonly now: number
  readonly offset: number
  readonly limit: number
  /** Whether to count all hits, where that costs no scan. */
  readonly count: boolean
  /** The order of the hits; absent: newest first. */
  readonly oldestFirst?: boolean
}

export type SearchResult = {
  /** Unique Identifiers, in the order asked for. */
  readonly ids: readonly string[]
  /** All hits, where it was asked for and cheap to know. */
  readonly total: number | undefined
}

/** Another commit changed a row after it was read: read again and retry. */
export class ConflictError extends Error {
  readonly id: string

  constructor(id: string) {
    super(`object ${id} was changed in the meantime`)
    this.name = 'ConflictError'
    this.id = id
  }
}

/** A Name, or a Unique Identifier that a client chose, is taken. */
export class DuplicateError extends Error {
  readonly what: 'name' | 'id'

  constructor(what: 'name' | 'id') {
    super(`${what} is taken`)
    this.name = 'DuplicateError'
    this.what = what
  }
}

/** A database of managed objects. */
export type ObjectStore = {
  read(tenant: string, id: string): MaybePromise<ObjectRow | undefined>
  /** Rows of any tenant behind the one at `after`, in their order. */
  rows(after: number, limit: number): MaybePromise<readonly PlacedRow[]>
  /** The place of the newest row; 0 where there is none. */
  lastPlace(): MaybePromise<number>
  search(search: Search): MaybePromise<SearchResult>
  /**
   * Resolves once everything in it is durable. Commits of many callers share one transaction with a savepoint each, so
   * one that fails takes no other with it.
   * @throws ConflictError, DuplicateError
   */
  commit(commit: Commit): Promise<void>
  /** Time of the latest commit, in seconds since 1970: the clock must not run behind it. */
  latestCommit(): MaybePromise<number | undefined>
  /** Whether no other process changes these objects, so that what was read may be kept without asking again. */
  readonly exclusive: boolean
  /** What is kept beside managed objects. */
  readonly records: RecordStore
  /** Small values of the server itself: wrapped store keys and the like. */
  readonly settings: {
    get(name: string): MaybePromise<Buffer | undefined>
    /** Writes only where there is no value of that name yet; returns the value that is there afterwards. */
    putIfAbsent(name: string, value: Buffer): Promise<Buffer>
    put(name: string, value: Buffer): Promise<void>
    /** Writes only where the value is still `before`; false where it is not. */
    replace(name: string, before: Buffer, value: Buffer): Promise<boolean>
  }
  /** Waits for running commits and closes. */
  close(): Promise<void>
}
