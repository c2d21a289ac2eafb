import { type MaybePromise, then } from '../../domain/maybe-promise.ts'
import type { Principal } from '../../domain/principal.ts'
import type {
  NewRecord,
  RecordChange,
  RecordKind,
  RecordList,
  Records,
  RecordStore,
  ServerRecord,
} from '../../domain/records.ts'

type Pending = { readonly change: RecordChange; readonly isNew: boolean }

type RecordKey = Pick<ServerRecord, 'kind' | 'tenant' | 'id'>

const keyOf = ({ kind, tenant, id }: RecordKey): string => `${kind}\n${tenant}\n${id}`

/** A record that was to be removed, and is written anew, follows the one that is stored. */
const writtenVersion = ({ kind, record }: RecordChange): number =>
  kind === 'put' ? record.version : record.version + 1

type Listed = Pick<RecordList, 'kind' | 'owner'>

const isListed = (record: ServerRecord, tenant: string, { kind, owner }: Listed): boolean =>
  record.kind === kind && record.tenant === tenant && (owner === undefined || record.owner === owner)

/** The records of a tenant, as the unit sees them. */
class TenantRecords implements Records {
  readonly #unit: UnitRecords
  readonly #tenant: string
  readonly #now: number

  constructor(unit: UnitRecords, tenant: string, now: number) {
    this.#unit = unit
    this.#tenant = tenant
    this.#now = now
  }

  find(kind: RecordKind, id: string): MaybePromise<ServerRecord | undefined> {
    const known = this.#unit.find({ kind, tenant: this.#tenant, id })
    if (known !== undefined) return known.kind === 'put' ? known.record : undefined
    return this.#unit.store.read(kind, this.#tenant, id)
  }

  list(list: RecordList): MaybePromise<readonly ServerRecord[]> {
    const { added, removed } = this.#unit.differenceIn(this.#tenant, list)
    const stored = this.#unit.store.list(this.#tenant, { ...list, limit: list.limit + removed })
    return then(stored, (found) => [
      ...found.flatMap((record) => this.#unit.own(record)).slice(0, list.limit),
      ...added,
    ])
  }

  count(kind: RecordKind, owner?: string): MaybePromise<number> {
    const { added, removed } = this.#unit.differenceIn(this.#tenant, { kind, owner })
    return then(this.#unit.store.count(kind, this.#tenant, owner), (stored) => stored + added.length - removed)
  }

  add(record: NewRecord): void {
    this.#unit.put({ ...record, tenant: this.#tenant, version: 0, createdAt: this.#now })
  }

  replace(found: ServerRecord, changes: Partial<ServerRecord>): void {
    this.#unit.put({ ...found, ...changes })
  }

  remove(record: ServerRecord): void {
    this.#unit.remove(record)
  }
}

/** The records that one unit of work has written, until it commits. A class, as the unit itself is. */
class UnitRecords {
  readonly store: RecordStore
  #pending: Map<string, Pending> | undefined

  constructor(store: RecordStore) {
    this.store = store
  }

  recordsFor({ tenant }: Principal, now: number): Records {
    return new TenantRecords(this, tenant, now)
  }

  isEmpty(): boolean {
    return this.#pending === undefined || this.#pending.size === 0
  }

  changes(): readonly RecordChange[] {
    return this.#all().map(({ change }) => change)
  }

  find(key: RecordKey): RecordChange | undefined {
    return this.#pending?.get(keyOf(key))?.change
  }

  /** What is written is one step past what is stored, however often the unit has changed it. */
  put(record: ServerRecord): void {
    const before = this.#pending?.get(keyOf(record))
    const version = before === undefined ? record.version + 1 : writtenVersion(before.change)
    this.#set(record, {
      change: { kind: 'put', record: { ...record, version } },
      isNew: before?.isNew ?? record.version === 0,
    })
  }

  /** The stored version is the one to be removed; what was never stored is forgotten. */
  remove(record: ServerRecord): void {
    const before = this.#pending?.get(keyOf(record))
    if (before?.isNew === true) this.#pending?.delete(keyOf(record))
    else {
      const version = before === undefined ? record.version : before.change.record.version - 1
      this.#set(record, { change: { kind: 'remove', record: { ...record, version } }, isNew: false })
    }
  }

  own(record: ServerRecord): readonly ServerRecord[] {
    const known = this.find(record)
    if (known === undefined) return [record]
    return known.kind === 'put' ? [known.record] : []
  }

  /** What the unit adds to those that are stored, and how many of them it removes. */
  differenceIn(tenant: string, listed: Listed) {
    const own = this.#all().filter(({ change }) => isListed(change.record, tenant, listed))
    return {
      added: own.filter(({ isNew }) => isNew).map(({ change }) => change.record),
      removed: own.filter(({ change }) => change.kind === 'remove').length,
    }
  }

  #all(): readonly Pending[] {
    return [...(this.#pending?.values() ?? [])]
  }

  #set(key: RecordKey, pending: Pending): void {
    this.#pending ??= new Map()
    this.#pending.set(keyOf(key), pending)
  }
}

export type { UnitRecords }

export const createUnitRecords = (store: RecordStore): UnitRecords => new UnitRecords(store)
