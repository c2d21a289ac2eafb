import { then } from '../../domain/maybe-promise.ts'
import type { Principal } from '../../domain/principal.ts'
import type { RecordChange, RecordList, Records, RecordStore, ServerRecord } from '../../domain/records.ts'

/** The records that one unit of work has written, until it commits. */
export type UnitRecords = {
  readonly recordsFor: (principal: Principal, now: number) => Records
  readonly isEmpty: () => boolean
  changes(): readonly RecordChange[]
}

type Pending = { readonly change: RecordChange; readonly isNew: boolean }

const keyOf = ({ kind, tenant, id }: Pick<ServerRecord, 'kind' | 'tenant' | 'id'>): string =>
  `${kind}\n${tenant}\n${id}`

/** A record that was to be removed, and is written anew, follows the one that is stored. */
const writtenVersion = ({ kind, record }: RecordChange): number =>
  kind === 'put' ? record.version : record.version + 1

type Listed = Pick<RecordList, 'kind' | 'owner'>

const isListed = (record: ServerRecord, tenant: string, { kind, owner }: Listed): boolean =>
  record.kind === kind && record.tenant === tenant && (owner === undefined || record.owner === owner)

export const createUnitRecords = (store: RecordStore): UnitRecords => {
  const pending = new Map<string, Pending>()

  /** What is written is one step past what is stored, however often the unit has changed it. */
  const put = (record: ServerRecord): void => {
    const before = pending.get(keyOf(record))
    const version = before === undefined ? record.version + 1 : writtenVersion(before.change)
    pending.set(keyOf(record), {
      change: { kind: 'put', record: { ...record, version } },
      isNew: before?.isNew ?? record.version === 0,
    })
  }

  /** The stored version is the one to be removed; what was never stored is forgotten. */
  const remove = (record: ServerRecord): void => {
    const before = pending.get(keyOf(record))
    if (before?.isNew === true) pending.delete(keyOf(record))
    else {
      const version = before === undefined ? record.version : before.change.record.version - 1
      pending.set(keyOf(record), { change: { kind: 'remove', record: { ...record, version } }, isNew: false })
    }
  }

  const own = (record: ServerRecord): readonly ServerRecord[] => {
    const known = pending.get(keyOf(record))
    if (known === undefined) return [record]
    return known.change.kind === 'put' ? [known.change.record] : []
  }

  /** What the unit adds to those that are stored, and how many of them it removes. */
  const differenceIn = (tenant: string, listed: Listed) => {
    const own = [...pending.values()].filter(({ change }) => isListed(change.record, tenant, listed))
    return {
      added: own.filter(({ isNew }) => isNew).map(({ change }) => change.record),
      removed: own.filter(({ change }) => change.kind === 'remove').length,
    }
  }

  const recordsFor = ({ tenant }: Principal, now: number): Records => ({
    find: (kind, id) => {
      const known = pending.get(keyOf({ kind, tenant, id }))
      if (known !== undefined) return known.change.kind === 'put' ? known.change.record : undefined
      return store.read(kind, tenant, id)
    },
    list: (list) => {
      const { added, removed } = differenceIn(tenant, list)
      return then(store.list(tenant, { ...list, limit: list.limit + removed }), (stored) => [
        ...stored.flatMap(own).slice(0, list.limit),
        ...added,
      ])
    },
    count: (kind, owner) => {
      const { added, removed } = differenceIn(tenant, { kind, owner })
      return then(store.count(kind, tenant, owner), (stored) => stored + added.length - removed)
    },
    add: (record) => put({ ...record, tenant, version: 0, createdAt: now }),
    replace: (found, changes) => put({ ...found, ...changes }),
    remove,
  })

  return {
    recordsFor,
    isEmpty: () => pending.size === 0,
    changes: () => [...pending.values()].map(({ change }) => change),
  }
}
