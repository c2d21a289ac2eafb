import {
  ConflictError,
  DuplicateError,
  type Change,
  type Commit,
  type ObjectRow,
  type SearchKey,
} from '../domain/object-store.ts'
import { createFence } from './fence.ts'
import { createResealWriter } from './reseal-writer.ts'
import { createDirectoryWriter, DIRECTORY_COUNTER } from './directory-writer.ts'
import { factColumns, materialColumns, recordOf } from './object-record.ts'
import { KEYS_AT_ONCE, keyValuesOf, type ObjectKey } from './queries/objects.ts'
import { createRecordWriter } from './record-store.ts'
import type { Queries } from './queries/all.ts'
import type { Prepare, Prepared } from './statement.ts'
import type { NamesTable } from './tables.ts'
import type { Work } from './work.ts'

/** Applies pieces of work within the open transaction. @throws ConflictError, DuplicateError, DuplicateClientError, DuplicateUserError */
export type Apply = {
  /** Comes first in every transaction. */
  begin(): Promise<void>
  write(work: Work): Promise<void>
}

/** What an object holds in a table of its own: what is stored, and what shall be. */
type Difference<R> = { readonly gone: readonly R[]; readonly added: readonly R[] }

const keyIdentity = (key: SearchKey): string => key.toString('latin1')
const nameIdentity = (name: NamesTable): string => `${name.tenant}\n${name.name}`

const difference = <R>(stored: readonly R[], wanted: readonly R[], identity: (record: R) => string): Difference<R> => {
  const kept = new Set(stored.map(identity))
  const asked = new Set(wanted.map(identity))
  return {
    gone: stored.filter((record) => !asked.has(identity(record))),
    added: wanted.filter((record) => !kept.has(identity(record))),
  }
}

const createKeyWriter = (prepare: Prepare, { objectKeys }: Queries) => {
  const remove = prepare(objectKeys.remove)
  const inserts = objectKeys.inserts.map((insert) => prepare(insert))

  const insert = async (keys: readonly SearchKey[], object: number): Promise<void> => {
    for (let first = 0; first < keys.length; first += KEYS_AT_ONCE) {
      const some = keys.slice(first, first + KEYS_AT_ONCE)
      await inserts[some.length - 1]?.all(keyValuesOf(object, some))
    }
  }

  return async (change: Change, object: number): Promise<void> => {
    if (change.kind === 'insert') return insert(change.keys, object)
    const { gone, added } = difference(change.keysBefore, change.keys, keyIdentity)
    for (const key of gone) await remove.all({ key, object })
    return insert(added, object)
  }
}

/** What differs from the names that are stored. A new object holds none yet. */
const compareNames = async (
  held: Prepared<ObjectKey, NamesTable>,
  change: Change,
  object: number,
): Promise<Difference<NamesTable>> => {
  const wanted = change.names.map((name) => ({ ...name, object }))
  return change.kind === 'insert'
    ? { gone: [], added: wanted }
    : difference(await held.all({ object }), wanted, nameIdentity)
}

const createNameWriter = (prepare: Prepare, { names }: Queries) => {
  const held = prepare(names.held)
  const remove = prepare(names.remove)
  const insert = prepare(names.insert)
  return {
    /** Gives up what the object shall not hold any more, and returns what it shall hold besides. */
    release: async (change: Change, object: number): Promise<readonly NamesTable[]> => {
      const { gone, added } = await compareNames(held, change, object)
      for (const name of gone) await remove.all(name)
      return added
    },
    claim: async (name: NamesTable): Promise<void> => {
      if ((await insert.first(name)) === undefined) throw new DuplicateError('name')
    },
  }
}

/** Keeps the material of an archived object out of the table that is on line; `held`: the archive has some of it. */
const createArchive = (prepare: Prepare, { archive }: Queries) => {
  const insert = prepare(archive.insert)
  const remove = prepare(archive.remove)
  return async ({ lifecycle, material }: ObjectRow, object: number, held: boolean): Promise<void> => {
    if (held) await remove.all({ object })
    if (lifecycle.archiveDate !== undefined && material !== undefined)
      await insert.all({ object, ...materialColumns(material) })
  }
}

const createCommit = (prepare: Prepare, queries: Queries) => {
  const insertObject = prepare(queries.objects.insert)
  const updateObject = prepare(queries.objects.update)
  const append = prepare(queries.audit.append)
  const writeKeys = createKeyWriter(prepare, queries)
  const names = createNameWriter(prepare, queries)
  const writeRecords = createRecordWriter(prepare, queries)
  const count = prepare(queries.counters.next)
  const reseal = createResealWriter(prepare, queries)

  const archive = createArchive(prepare, queries)

  const insertRow = async ({ row, facts }: Change): Promise<number> => {
    const written = await insertObject.first({ ...recordOf(row), ...factColumns(facts) })
    if (written === undefined) throw new DuplicateError('id')
    await archive(row, written.object, false)
    return written.object
  }

  const updateRow = async ({ row, facts }: Change): Promise<number> => {
    const written = await updateObject.first({ ...recordOf(row), ...factColumns(facts) })
    if (written === undefined) throw new ConflictError(row.id)
    await archive(row, written.object, Number(written.archived) > 0)
    return written.object
  }

  return async ({ changes, audit, records, reseals = [] }: Commit): Promise<void> => {
    const claims: NamesTable[] = []
    for (const change of changes) {
      const object = await (change.kind === 'insert' ? insertRow : updateRow)(change)
      await writeKeys(change, object)
      claims.push(...(await names.release(change, object)))
    }
    // After all have been given up: a Re-key moves the Name to the new object (1.4 section 4.4, 2.1 section 6.1.43).
    for (const name of claims) await names.claim(name)
    for (const row of reseals) await reseal(row)
    if (records !== undefined) await writeRecords(records)
    // Who may connect is another one now: every server has to notice.
    if (records?.some(({ record }) => record.kind === 'credential') === true)
      await count.all({ name: DIRECTORY_COUNTER })
    for (const { objectId, ...record } of audit) await append.all({ ...record, object_id: objectId ?? null })
  }
}

/** Prepares all writes on one connection. */
export const createApply = (prepare: Prepare, queries: Queries): Apply => {
  const commit = createCommit(prepare, queries)
  const insertSetting = prepare(queries.settings.insert)
  const replaceSetting = prepare(queries.settings.replace)
  const compareAndSet = prepare(queries.settings.compareAndSet)
  const directory = createDirectoryWriter(prepare, queries)

  const fence = createFence(prepare, queries)

  const write = async (work: Work): Promise<void> => {
    fence.check(work)
    switch (work.kind) {
      case 'commit':
        await commit(work.commit)
        return
      case 'put-setting':
        await (work.replace ? replaceSetting : insertSetting).all({ name: work.name, value: work.value })
        return
      case 'replace-setting':
        if ((await compareAndSet.first({ name: work.name, before: work.before, value: work.value })) === undefined)
          throw new ConflictError(work.name)
        return
      case 'directory':
        await directory(work.change)
    }
  }
  return { begin: () => fence.look(), write }
}
