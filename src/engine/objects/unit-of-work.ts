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
import { planLocate } from './locate-search.ts'
import type { ObjectCache } from './object-cache.ts'
import { fromRow, toChange } from './object-rows.ts'
import { runLocate } from './run-locate.ts'
import { createUnitRecords } from './unit-records.ts'

export type UnitDependencies = {
  readonly store: ObjectStore
  readonly keys: KeyStore
  readonly access: Access
  readonly cache: ObjectCache
  readonly log: Log
  /** Most identifiers in one answer of Locate. */
  readonly locateCap: number
  /** What is open with keys whose material goes. */
  readonly streams: { forget(objectId: string): void }
  /** What is to be sent because of a change; absent where nobody is told anything. */
  readonly outbox?: Outbox | undefined
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

type Load = (tenant: string, id: string) => MaybePromise<ManagedObject | undefined>

const objectLoader =
  ({ store, keys, cache }: UnitDependencies, pending: ReadonlyMap<string, ManagedObject>): Load =>
  (tenant, id) => {
    const known = pending.get(id) ?? cache.get(tenant, id)
    if (known !== undefined) return known
    return then(store.read(tenant, id), (row) => {
      if (row === undefined) return undefined
      const object = fromRow(row, keys)
      cache.set(object)
      return object
    })
  }

/** Searches what is stored, and what the unit has changed. */
const locator =
  ({ store, access, locateCap }: UnitDependencies, load: Load, pending: ReadonlyMap<string, ManagedObject>) =>
  (principal: Principal, query: LocateQuery, now: number, permit: Permit | undefined): MaybePromise<SearchResult> => {
    permit?.admitAny()
    const { tenant } = principal
    const scope = { tenant, owner: access.searchedOwner(principal), now, cap: locateCap }
    return runLocate({ store, load, pending: [...pending.values()] }, planLocate(query, scope))
  }

/** @throws ConflictError, DuplicateError */
const commitAll = async (
  { store, keys, cache }: UnitDependencies,
  objects: readonly ManagedObject[],
  besides: Omit<Commit, 'changes'>,
): Promise<void> => {
  try {
    await store.commit({ changes: objects.map((object) => toChange(object, keys)), ...besides })
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

/** What has been done in a unit, and which objects have been made. Nearly all units only read: nothing is made for those. */
const createJournal = () => {
  let audit: Map<string, AuditRecord> | undefined
  let made: Set<string> | undefined
  return {
    changed: ({ id }: ManagedObject, principal: Principal, operation: Operation, now: number): void => {
      audit ??= new Map()
      audit.set(`${operation} ${id}`, {
        time: now,
        principal: principal.id,
        operation,
        objectId: id,
        outcome: 'Success',
      })
    },
    made: ({ id }: ManagedObject): void => {
      made ??= new Set()
      made.add(id)
    },
    records: (): readonly AuditRecord[] => [...(audit?.values() ?? [])],
    /** Those made since it was last asked, as they are by now. */
    takeMade: (pending: ReadonlyMap<string, ManagedObject>): readonly ManagedObject[] => {
      if (made === undefined) return NOTHING
      const objects = [...made].flatMap((id) => pending.get(id) ?? [])
      made = undefined
      return objects
    },
  }
}

export const createUnitOfWork = (dependencies: UnitDependencies): UnitOfWork => {
  const { store, access } = dependencies
  const loaded = new Map<string, ManagedObject>()
  const pending = new Map<string, ManagedObject>()
  const journal = createJournal()
  const unitRecords = createUnitRecords(store.records)
  const load = objectLoader(dependencies, pending)

  const locate = locator(dependencies, load, pending)

  const change = (object: ManagedObject, { principal, operation }: Asker, now: number): void => {
    pending.set(object.id, object)
    journal.changed(object, principal, operation, now)
  }

  const taken = (object: ManagedObject): ManagedObject => {
    if (!loaded.has(object.id)) loaded.set(object.id, object)
    return object
  }

  const objectsFor = (principal: Principal, operation: Operation, now: number, permit?: Permit): Objects => {
    const asker = { access, principal, operation, permit }
    return {
      find: (id) => then(load(principal.tenant, id), (object) => (isUsable(asker, object) ? taken(object) : undefined)),
      get: (id) => then(load(principal.tenant, id), (object) => taken(admitted(asker, object))),
      insert: (object) => {
        permit?.admit(object)
        change(object, asker, now)
        journal.made(object)
      },
      update: (object) => {
        change(object, asker, now)
        // What takes the place of another object is made as well (2.1 section 6.1.25).
        if (operation === 'Import') journal.made(object)
      },
      locate: (query) => locate(principal, query, now, permit),
    }
  }

  const commit = async (): Promise<void> => {
    const performed = journal.records()
    const messages = messagesAbout(dependencies.outbox, loaded, pending, performed)
    const records = [...unitRecords.changes(), ...messages.map((record): RecordChange => ({ kind: 'put', record }))]
    await commitAll(dependencies, [...pending.values()], { audit: performed, records })
    dependencies.outbox?.written(messages)
    await destroyKeys(dependencies, vanishedKeys(loaded, pending))
  }

  return {
    objectsFor,
    recordsFor: unitRecords.recordsFor,
    get changed() {
      return pending.size > 0 || !unitRecords.isEmpty()
    },
    takeMade: () => journal.takeMade(pending),
    commit,
  }
}
