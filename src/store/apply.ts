import type { QueryResultRow } from 'pg'
import { ConflictError, DuplicateError } from '../domain/object-store.ts'
import { createFence } from './fence.ts'
import { createResealWriter } from './reseal-writer.ts'
import { createDirectoryWriter, DIRECTORY_COUNTER } from './directory-writer.ts'
import { KEYS_AT_ONCE, keyValuesOf } from './queries/objects.ts'
import { createRecordWriter } from './record-store.ts'
import type { Queries } from './queries/all.ts'
import type { Prepare, SqlValue, Statement } from './statement.ts'
import type { NamesTable } from './tables.ts'
import type { Work, WrittenChange, WrittenCommit } from './work.ts'
import { without } from './written-commit.ts'

/** Applies pieces of work within the open transaction. @throws ConflictError, DuplicateError, DuplicateClientError, DuplicateUserError */
export type Apply = {
  /** Comes first in every transaction. */
  begin(): Promise<void>
  write(work: Work): Promise<void>
}

const nameIdentity = (name: NamesTable): string => `${name.tenant}\n${name.name}`

/** A statement of which all values are there, in its order. */
const bound = <O extends QueryResultRow>(prepare: Prepare, { name, sql }: Statement<never, O>) =>
  prepare<readonly SqlValue[], O>({ name, sql, bind: (values) => [...values] })

const createKeyWriter = (prepare: Prepare, { objectKeys }: Queries) => {
  const remove = prepare(objectKeys.remove)
  const inserts = objectKeys.inserts.map((insert) => prepare(insert))

  return async ({ gone, added }: WrittenChange, object: number): Promise<void> => {
    for (const key of gone) await remove.all({ key, object })
    for (let first = 0; first < added.length; first += KEYS_AT_ONCE) {
      const some = added.slice(first, first + KEYS_AT_ONCE)
      await inserts[some.length - 1]?.all(keyValuesOf(object, some))
    }
  }
}

const createNameWriter = (prepare: Prepare, { names }: Queries) => {
  const held = prepare(names.held)
  const remove = prepare(names.remove)
  const insert = prepare(names.insert)
  return {
    /** Gives up what the object shall not hold any more, and returns what it shall hold besides. */
    release: async ({ kind, names: claims }: WrittenChange, object: number): Promise<readonly NamesTable[]> => {
      const wanted = claims.map((name) => ({ ...name, object }))
      if (kind === 'insert') return wanted
      const stored = await held.all({ object })
      for (const name of without(stored, wanted, nameIdentity)) await remove.all(name)
      return without(wanted, stored, nameIdentity)
    },
    claim: async (name: NamesTable): Promise<void> => {
      if ((await insert.first(name)) === undefined) throw new DuplicateError('name')
    },
  }
}

/** Keeps the material of an archived object out of the table that is on line; `held`: the archive has some of it. */
const createArchive = (prepare: Prepare, { archive }: Queries) => {
  const insert = bound(prepare, archive.insert)
  const remove = prepare(archive.remove)
  return async ({ archived }: WrittenChange, object: number, held: boolean): Promise<void> => {
    if (held) await remove.all({ object })
    if (archived.length > 0) await insert.all([object, ...archived])
  }
}

const createCommit = (prepare: Prepare, queries: Queries) => {
  const insertObject = bound(prepare, queries.objects.insert)
  const updateObject = bound(prepare, queries.objects.update)
  const append = bound(prepare, queries.audit.append)
  const writeKeys = createKeyWriter(prepare, queries)
  const names = createNameWriter(prepare, queries)
  const writeRecords = createRecordWriter(prepare, queries)
  const count = prepare(queries.counters.next)
  const reseal = createResealWriter(prepare, queries)

  const archive = createArchive(prepare, queries)

  const insertRow = async (change: WrittenChange): Promise<number> => {
    const written = await insertObject.first(change.row)
    if (written === undefined) throw new DuplicateError('id')
    await archive(change, written.object, false)
    return written.object
  }

  const updateRow = async (change: WrittenChange): Promise<number> => {
    const written = await updateObject.first(change.row)
    if (written === undefined) throw new ConflictError(change.id)
    await archive(change, written.object, Number(written.archived) > 0)
    return written.object
  }

  return async ({ changes, audit, records, reseals }: WrittenCommit): Promise<void> => {
    const claims: NamesTable[] = []
    for (const change of changes) {
      const object = await (change.kind === 'insert' ? insertRow : updateRow)(change)
      await writeKeys(change, object)
      claims.push(...(await names.release(change, object)))
    }
    // After all have been given up: a Re-key moves the Name to the new object (1.4 section 4.4, 2.1 section 6.1.43).
    for (const name of claims) await names.claim(name)
    for (const row of reseals) await reseal(row)
    await writeRecords(records)
    // Who may connect is another one now: every server has to notice.
    if (records.some(({ record }) => record.kind === 'credential')) await count.all({ name: DIRECTORY_COUNTER })
    for (const record of audit) await append.all(record)
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
