import { ConflictError, DuplicateError, type Change, type Commit, type SearchKey } from '../domain/object-store.ts'
import { DuplicateClientError } from '../domain/principal.ts'
import { clientRecordOf } from './client-record.ts'
import { recordOf } from './object-record.ts'
import type { ObjectKey } from './queries/objects.ts'
import type { Queries } from './queries/all.ts'
import type { Prepare, Prepared } from './statement.ts'
import type { NamesTable, SearchKeysTable } from './tables.ts'
import type { Work } from './work.ts'

/** Applies one piece of work within the open transaction. @throws ConflictError, DuplicateError, DuplicateClientError */
export type Apply = (work: Work) => Promise<void>

/** What an object holds in a table of its own: what is stored, and what shall be. */
type Difference<R> = { readonly gone: readonly R[]; readonly added: readonly R[] }

const NOTHING = { gone: [], added: [] }

type HeldTable<R extends NamesTable | SearchKeysTable> = {
  readonly held: Prepared<ObjectKey, R>
  readonly insert: Prepared<R, object>
  readonly remove: Prepared<R, object>
}

const keyRecord = (object: number, key: SearchKey): SearchKeysTable => ({
  object,
  attribute: key.attribute,
  value: key.value,
  number: key.number ?? null,
})

const keyIdentity = (key: SearchKeysTable): string =>
  `${key.attribute}\n${key.number ?? ''}\n${key.value.toString('latin1')}`
const nameIdentity = (name: NamesTable): string => `${name.tenant}\n${name.name}`

const difference = <R>(stored: readonly R[], wanted: readonly R[], identity: (record: R) => string): Difference<R> => {
  const kept = new Set(stored.map(identity))
  const asked = new Set(wanted.map(identity))
  return {
    gone: stored.filter((record) => !asked.has(identity(record))),
    added: wanted.filter((record) => !kept.has(identity(record))),
  }
}

const createCommit = (prepare: Prepare, queries: Queries) => {
  const insertObject = prepare(queries.objects.insert)
  const updateObject = prepare(queries.objects.update)
  const append = prepare(queries.audit.append)
  const ready = <R extends NamesTable | SearchKeysTable>(table: HeldTable<R>): HeldTable<R> => table
  const searchKeys = ready<SearchKeysTable>({
    held: prepare(queries.searchKeys.held),
    insert: prepare(queries.searchKeys.insert),
    remove: prepare(queries.searchKeys.remove),
  })
  const names = ready<NamesTable>({
    held: prepare(queries.names.held),
    insert: prepare(queries.names.insert),
    remove: prepare(queries.names.remove),
  })

  const writeRow = async (change: Change): Promise<number> => {
    const record = recordOf(change.row)
    const written = await (change.kind === 'insert' ? insertObject : updateObject).first(record)
    if (written !== undefined) return written.object
    throw change.kind === 'insert' ? new DuplicateError('id') : new ConflictError(change.row.id)
  }

  /** What differs from what is stored; most changes of an object leave its names and most of its keys alone. */
  const compare = async <R extends NamesTable | SearchKeysTable>(
    table: HeldTable<R>,
    object: number,
    kind: Change['kind'],
    wanted: readonly R[],
    identity: (record: R) => string,
  ): Promise<Difference<R>> =>
    kind === 'insert' ? { ...NOTHING, added: wanted } : difference(await table.held.all({ object }), wanted, identity)

  const claim = async (name: NamesTable): Promise<void> => {
    if ((await names.insert.first(name)) === undefined) throw new DuplicateError('name')
  }

  return async ({ changes, audit }: Commit): Promise<void> => {
    const claims: NamesTable[] = []
    for (const change of changes) {
      const object = await writeRow(change)
      const keys = await compare(
        searchKeys,
        object,
        change.kind,
        change.keys.map((key) => keyRecord(object, key)),
        keyIdentity,
      )
      for (const key of keys.gone) await searchKeys.remove.all(key)
      for (const key of keys.added) await searchKeys.insert.all(key)
      const held = await compare(
        names,
        object,
        change.kind,
        change.names.map((name) => ({ ...name, object })),
        nameIdentity,
      )
      for (const name of held.gone) await names.remove.all(name)
      claims.push(...held.added)
    }
    // After all removals: a Re-key moves the Name to the new object (1.4 section 4.4, 2.1 section 6.1.43).
    for (const name of claims) await claim(name)
    for (const { objectId, ...record } of audit) await append.all({ ...record, object_id: objectId ?? null })
  }
}

/** Prepares all writes on one connection. */
export const createApply = (prepare: Prepare, queries: Queries): Apply => {
  const commit = createCommit(prepare, queries)
  const insertSetting = prepare(queries.settings.insert)
  const replaceSetting = prepare(queries.settings.replace)
  const insertClient = prepare(queries.clients.insert)
  const revokeClient = prepare(queries.clients.revoke)

  return async (work) => {
    switch (work.kind) {
      case 'commit':
        await commit(work.commit)
        return
      case 'put-setting':
        await (work.replace ? replaceSetting : insertSetting).all({ name: work.name, value: work.value })
        return
      case 'add-client':
        if ((await insertClient.first(clientRecordOf(work.client))) === undefined) {
          throw new DuplicateClientError(work.client.name)
        }
        return
      case 'revoke-client':
        await revokeClient.all({ name: work.name, at: work.at })
    }
  }
}
