import { type MaybePromise, then } from '../domain/maybe-promise.ts'
import { ConflictError, type ObjectStore } from '../domain/object-store.ts'
import type { ClientDirectory } from '../domain/principal.ts'
import type { UserDirectory } from '../domain/users.ts'
import { createDirectories } from './directories.ts'
import type { Dialect } from './dialect.ts'
import { StoreError } from './errors.ts'
import type { GroupQueue } from './group-queue.ts'
import { keepPolicies } from './kept-policies.ts'
import { rowOf } from './object-record.ts'
import type { Queries } from './queries/all.ts'
import { createRecordStore } from './record-store.ts'
import { createSearch } from './search/search.ts'
import type { Prepare } from './statement.ts'
import { createCommitWriter } from './written-commit.ts'

/** An open database. */
export type OpenStore = {
  readonly objects: ObjectStore
  readonly clients: ClientDirectory
  readonly users: UserDirectory
  /** Another number after every change of clients or users, by whatever process. */
  directoryVersion(): MaybePromise<number>
  /** Waits for running commits and closes. May be called again. */
  close(): Promise<void>
}

/** What a store of either engine is put together from. */
export type StoreParts = {
  readonly dialect: Dialect
  readonly queries: Queries
  /** Where reads go. */
  readonly prepare: Prepare
  /** Where writes go. */
  readonly queue: GroupQueue
  readonly exclusive: boolean
  /** Whether objects may be changed: not beside a server that takes them for its own. */
  readonly mayCommit: boolean
  /** Called once, when all writes have been answered. */
  readonly end: () => Promise<void>
}

/** Closes once, however often it is asked to. */
const closeOnce = ({ queue, end }: Pick<StoreParts, 'queue' | 'end'>): (() => Promise<void>) => {
  let closing: Promise<void> | undefined
  return () => (closing ??= queue.drain().then(end))
}

/** Beside a server that takes the objects for its own, only records are written. @throws StoreError in-use */
const commitRecords =
  (add: ObjectStore['commit']): ObjectStore['commit'] =>
  (commit) =>
    commit.changes.length === 0 && commit.reseals === undefined
      ? add(commit)
      : Promise.reject(new StoreError('in-use', 'objects are changed by the server that holds the data directory'))

const createObjectStore = (parts: StoreParts, close: () => Promise<void>): ObjectStore => {
  const { dialect, prepare, queries, queue, exclusive, mayCommit } = parts
  const readObject = prepare(queries.objects.read)
  const readRows = prepare(queries.objects.rows)
  const newestRow = prepare(queries.objects.newest)
  const readSetting = prepare(queries.settings.get)
  const latestAudit = prepare(queries.audit.latest)
  const search = createSearch(dialect, prepare)
  const written = createCommitWriter(queries)
  const stored = createRecordStore(prepare, queries)
  const { records, forget } = exclusive ? keepPolicies(stored) : { records: stored, forget: () => undefined }
  const add: ObjectStore['commit'] = async (commit) => {
    try {
      await queue.add({ kind: 'commit', commit: written(commit) })
    } finally {
      forget(commit.records ?? [])
    }
  }
  const getSetting: ObjectStore['settings']['get'] = (name) => then(readSetting.first({ name }), (row) => row?.value)

  return {
    read: (tenant, id) => then(readObject.first({ tenant, id }), (record) => record && rowOf(record)),
    rows: (after, limit) =>
      then(readRows.all({ after, limit }), (records) =>
        records.map((record) => ({ sequence: record.row_key, row: rowOf(record) })),
      ),
    lastPlace: () => then(newestRow.first({}), (record) => record?.row_key ?? 0),
    search,
    commit: mayCommit ? add : commitRecords(add),
    latestCommit: () => then(latestAudit.first({}), (record) => record?.time),
    exclusive,
    records,
    settings: {
      get: getSetting,
      putIfAbsent: async (name, value) => {
        await queue.add({ kind: 'put-setting', name, value, replace: false })
        return (await getSetting(name)) ?? value
      },
      put: (name, value) => queue.add({ kind: 'put-setting', name, value, replace: true }),
      replace: async (name, before, value) => {
        try {
          await queue.add({ kind: 'replace-setting', name, before, value })
          return true
        } catch (error) {
          if (error instanceof ConflictError) return false
          throw error
        }
      },
    },
    close,
  }
}

export const createStore = (parts: StoreParts): OpenStore => {
  const close = closeOnce(parts)
  return { objects: createObjectStore(parts, close), ...createDirectories(parts), close }
}
