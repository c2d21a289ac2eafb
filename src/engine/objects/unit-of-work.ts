import type { Operation } from '../../protocol/enums/operation.ts'
import type { Access } from '../../domain/access.ts'
import type { HeldKey, KeyStore } from '../../domain/key-store.ts'
import { type ManagedObject, noSuchObject } from '../../domain/managed-object.ts'
import { type MaybePromise, then } from '../../domain/maybe-promise.ts'
import type { AuditRecord, Commit, ObjectStore, SearchResult } from '../../domain/object-store.ts'
import type { LocateQuery, Objects } from '../../domain/operation-context.ts'
import type { ObjectChange } from '../../domain/outbox.ts'
import type { Principal } from '../../domain/principal.ts'
import type { RecordChange, Records, ServerRecord } from '../../domain/records.ts'
import type { Permit } from '../../domain/tickets.ts'
import type { Log } from '../../observe/log.ts'
import { planLocate, type SearchScope } from './locate-search.ts'
import type { ObjectCache } from './object-cache.ts'
import { fromRow, toChange } from './object-rows.ts'
import { runLocate } from './run-locate.ts'
import { createUnitRecords, type UnitRecords } from './unit-records.ts'

export type UnitDependencies = {
  readonly store: ObjectStore
  readonly keys: KeyStore
  readonly access: Access
  readonly cache: ObjectCache
  readonly log: Log
  /** Whether there may be System Objects, which Locate leaves out unless it is asked for them. */
  readonly hasSystemObjects?: boolean
  /** Most identifiers in one answer of Locate. */
  readonly locateCap: number
  /** What is open with keys whose material goes. */
  readonly streams: { forget(objectId: string): void }
  /** What is to be sent because of a change; absent where nobody is told anything. */
  readonly outbox: () => Outbox | undefined
}

/** Whom changes concern besides those who make them. */
export type Outbox = {
  /** The messages that a change is followed by: written in the same commit. */
  messagesFor(change: ObjectChange): readonly ServerRecord[]
  /** They are written: time to send them. */
  written(messages: readonly ServerRecord[]): void
}

/** Reads and changes of one item, or of one batch with Undo, until they are committed or thrown away. */
export type UnitOfWork = {
  /** The objects as `principal` sees them while it performs `operation`. */
  objectsFor(principal: Principal, operation: Operation, now: number, permit?: Permit): Objects
  /** An object, whoever may use it: for what the server does of itself. */
  load(tenant: string, id: string): MaybePromise<ManagedObject | undefined>
  /** The records kept beside objects, of the principal's tenant. */
  recordsFor(principal: Principal, now: number): Records
  readonly changed: boolean
  /** The objects that have been made since this was asked last: they are checked before they are committed. */
  takeMade(): readonly ManagedObject[]
  /**
   * Writes everything at once; resolves when it is durable.
   * @throws ConflictError, DuplicateError
   */
  commit(): Promise<void>
}

/** Keys that are not held any more: their material is destroyed once the database has committed. */
const vanishedKeys = (
  loaded: ReadonlyMap<string, ManagedObject>,
  pending: ReadonlyMap<string, ManagedObject>,
): readonly HeldKey[] =>
  [...pending.values()].flatMap((object) => {
    const before = loaded.get(object.id)?.key
    return before === undefined || object.key?.sealVersion === before.sealVersion ? [] : [before]
  })

/** The database has committed: whatever happens now, the operation has succeeded. What is left over is swept at start. */
const destroyKeys = async ({ keys, log, streams }: UnitDependencies, vanished: readonly HeldKey[]): Promise<void> => {
  for (const { objectId } of vanished) streams.forget(objectId)
  if (vanished.length === 0) return
  try {
    await keys.destroy(vanished)
  } catch (error) {
    log.error('destroyed keys are left over in the keystore', { count: vanished.length, error })
  }
}

/** @throws ConflictError, DuplicateError */
const commitAll = async (
  { store, keys, cache }: UnitDependencies,
  objects: readonly ManagedObject[],
  loaded: ReadonlyMap<string, ManagedObject>,
  besides: Omit<Commit, 'changes'>,
): Promise<void> => {
  try {
    const changes = objects.map((object) => toChange(object, loaded.get(object.id), keys))
    await store.commit({ changes, storeKey: keys.storeKey, ...besides })
  } catch (error) {
    // What lost a race is stale, whether it was read or cached before.
    for (const object of objects) cache.delete(object.tenant, object.id)
    throw error
  }
  for (const object of objects) cache.set({ ...object, rowVersion: object.rowVersion + 1 })
}

/** Who asks for objects, and what for. */
type Asker = {
  readonly access: Access
  readonly principal: Principal
  readonly operation: Operation
  readonly permit: Permit | undefined
}

/** @throws KmipError where there is no object, or none that the principal may use */
const admitted = (
  { access, principal, operation, permit }: Asker,
  object: ManagedObject | undefined,
): ManagedObject => {
  if (object === undefined) throw noSuchObject()
  if (!access.mayUse(principal, operation, object)) throw access.refusalOf(object)
  permit?.admit(object)
  return object
}

const isUsable = (
  { access, principal, operation, permit }: Asker,
  object: ManagedObject | undefined,
): object is ManagedObject =>
  object !== undefined && access.mayUse(principal, operation, object) && (permit?.covers(object) ?? true)

/** The messages that follow the changes of a unit, each by whoever changed the object last. */
const messagesAbout = (
  outbox: Outbox | undefined,
  loaded: ReadonlyMap<string, ManagedObject>,
  pending: ReadonlyMap<string, ManagedObject>,
  audit: readonly AuditRecord[],
): readonly ServerRecord[] => {
  if (outbox === undefined) return []
  const latest = new Map(audit.map((record) => [record.objectId, record]))
  return [...pending.values()].flatMap((after) => {
    const record = latest.get(after.id)
    const before = loaded.get(after.id)
    return record === undefined ? [] : outbox.messagesFor({ before, after, by: record.principal, now: record.time })
  })
}

const NOTHING: readonly ManagedObject[] = []

/** The objects as somebody sees them who performs an operation. */
class UnitObjects implements Objects {
  readonly #unit: Unit
  readonly #asker: Asker
  readonly #now: number

  constructor(unit: Unit, asker: Asker, now: number) {
    this.#unit = unit
    this.#asker = asker
    this.#now = now
  }

  find(id: string): MaybePromise<ManagedObject | undefined> {
    return then(this.#unit.load(this.#asker.principal.tenant, id), (object) =>
      isUsable(this.#asker, object) ? this.#unit.taken(object) : undefined,
    )
  }

  get(id: string): MaybePromise<ManagedObject> {
    return then(this.#unit.load(this.#asker.principal.tenant, id), (object) =>
      this.#unit.taken(admitted(this.#asker, object)),
    )
  }

  insert(object: ManagedObject): void {
    this.#asker.permit?.admit(object)
    this.#unit.change(object, this.#asker, this.#now)
    this.#unit.made(object)
  }

  update(object: ManagedObject): void {
    this.#unit.change(object, this.#asker, this.#now)
    // What takes the place of another object is made as well (2.1 section 6.1.25).
    if (this.#asker.operation === 'Import') this.#unit.made(object)
  }

  /** Searches what is stored, and what the unit has changed. */
  locate(query: LocateQuery): MaybePromise<SearchResult> {
    const { principal, permit, access } = this.#asker
    permit?.admitAny()
    const owner = access.searchedOwner(principal)
    return this.#unit.search(query, { tenant: principal.tenant, owner, now: this.#now })
  }
}

/**
 * Classes, because a unit is made for every item: as closures, its functions were more than a tenth of the memory that
 * a Get takes. Nearly all units only read: what keeps changes is made with the first one.
 */
class Unit implements UnitOfWork {
  readonly #dependencies: UnitDependencies
  #loaded: Map<string, ManagedObject> | undefined
  #pending: Map<string, ManagedObject> | undefined
  #audit: Map<string, AuditRecord> | undefined
  #made: Set<string> | undefined
  #records: UnitRecords | undefined

  constructor(dependencies: UnitDependencies) {
    this.#dependencies = dependencies
  }

  objectsFor(principal: Principal, operation: Operation, now: number, permit?: Permit): Objects {
    return new UnitObjects(this, { access: this.#dependencies.access, principal, operation, permit }, now)
  }

  recordsFor(principal: Principal, now: number): Records {
    this.#records ??= createUnitRecords(this.#dependencies.store.records)
    return this.#records.recordsFor(principal, now)
  }

  get changed(): boolean {
    return this.#pending !== undefined || this.#records?.isEmpty() === false
  }

  load(tenant: string, id: string): MaybePromise<ManagedObject | undefined> {
    const { store, keys, cache } = this.#dependencies
    const known = this.#pending?.get(id) ?? cache.get(tenant, id)
    if (known !== undefined) return known
    return then(store.read(tenant, id), (row) => {
      if (row === undefined) return undefined
      const object = fromRow(row, keys)
      cache.set(object)
      return object
    })
  }

  /** Notes how an object was before the unit changed it. */
  taken(object: ManagedObject): ManagedObject {
    this.#loaded ??= new Map()
    if (!this.#loaded.has(object.id)) this.#loaded.set(object.id, object)
    return object
  }

  change(object: ManagedObject, { principal, operation }: Asker, now: number): void {
    this.#pending ??= new Map()
    this.#pending.set(object.id, object)
    this.#audit ??= new Map()
    this.#audit.set(`${operation} ${object.id}`, {
      time: now,
      principal: principal.actor ?? principal.id,
      operation,
      objectId: object.id,
      outcome: 'Success',
    })
  }

  made({ id }: ManagedObject): void {
    this.#made ??= new Set()
    this.#made.add(id)
  }

  takeMade(): readonly ManagedObject[] {
    if (this.#made === undefined) return NOTHING
    const objects = [...this.#made].flatMap((id) => this.#pending?.get(id) ?? [])
    this.#made = undefined
    return objects
  }

  search(query: LocateQuery, scope: Omit<SearchScope, 'cap'>): MaybePromise<SearchResult> {
    const { store, locateCap: cap, hasSystemObjects } = this.#dependencies
    const load = (tenant: string, id: string) => this.load(tenant, id)
    const pending = [...(this.#pending?.values() ?? [])]
    return runLocate({ store, load, pending }, planLocate(query, { ...scope, cap, hasSystemObjects }))
  }

  async commit(): Promise<void> {
    const loaded = this.#loaded ?? new Map<string, ManagedObject>()
    const pending = this.#pending ?? new Map<string, ManagedObject>()
    const audit = [...(this.#audit?.values() ?? [])]
    const outbox = this.#dependencies.outbox()
    const messages = messagesAbout(outbox, loaded, pending, audit)
    const records = [
      ...(this.#records?.changes() ?? []),
      ...messages.map((record): RecordChange => ({ kind: 'put', record })),
    ]
    await commitAll(this.#dependencies, [...pending.values()], loaded, { audit, records })
    outbox?.written(messages)
    await destroyKeys(this.#dependencies, vanishedKeys(loaded, pending))
  }
}

export const createUnitOfWork = (dependencies: UnitDependencies): UnitOfWork => new Unit(dependencies)
