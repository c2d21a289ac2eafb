import { sql, type Kysely, type Selectable } from 'kysely'
import { statement, type Slot } from '../statement.ts'
import type { RecordsTable, Tables } from '../tables.ts'

export type RecordRow = Selectable<RecordsTable>

type RecordId = Pick<RecordRow, 'kind' | 'tenant' | 'id'>
type Written = Omit<RecordRow, 'record_key'>
type Listed = Pick<RecordRow, 'kind' | 'tenant'> & { readonly after: number; readonly limit: number }
type ListedOfOwner = Listed & Pick<RecordRow, 'owner'>

const COLUMNS = [
  'record_key',
  'kind',
  'tenant',
  'id',
  'owner',
  'version',
  'created_at',
  'expires_at',
  'document',
  'sealed',
] as const satisfies readonly (keyof RecordRow)[]

const reads = (db: Kysely<Tables>) => ({
  read: statement((slot: Slot<RecordId>) =>
    db
      .selectFrom('records')
      .select(COLUMNS)
      .where('kind', '=', slot('kind'))
      .where('tenant', '=', slot('tenant'))
      .where('id', '=', slot('id')),
  ),
  count: statement((slot: Slot<Pick<RecordRow, 'kind' | 'tenant'>>) =>
    db
      .selectFrom('records')
      .select(sql<number>`count(*)`.as('total'))
      .where('kind', '=', slot('kind'))
      .where('tenant', '=', slot('tenant')),
  ),
  countOfOwner: statement((slot: Slot<Pick<RecordRow, 'kind' | 'tenant' | 'owner'>>) =>
    db
      .selectFrom('records')
      .select(sql<number>`count(*)`.as('total'))
      .where('kind', '=', slot('kind'))
      .where('tenant', '=', slot('tenant'))
      .where('owner', '=', slot('owner')),
  ),
  all: statement((slot: Slot<{ after: number; limit: number }>) =>
    db
      .selectFrom('records')
      .select(COLUMNS)
      .where('record_key', '>', slot('after'))
      .orderBy('record_key')
      .limit(slot('limit')),
  ),
  expired: statement((slot: Slot<Pick<RecordRow, 'kind'> & { readonly now: number; readonly limit: number }>) =>
    db
      .selectFrom('records')
      .select(COLUMNS)
      .where('kind', '=', slot('kind'))
      .where('expires_at', '<=', slot('now'))
      .orderBy('expires_at')
      .limit(slot('limit')),
  ),
})

type Order = 'asc' | 'desc'

const lists = (db: Kysely<Tables>) => {
  const listed = (order: Order) =>
    statement((slot: Slot<Listed>) =>
      db
        .selectFrom('records')
        .select(COLUMNS)
        .where('kind', '=', slot('kind'))
        .where('tenant', '=', slot('tenant'))
        .where('record_key', order === 'asc' ? '>' : '<', slot('after'))
        .orderBy('record_key', order)
        .limit(slot('limit')),
    )
  const listedOfOwner = (order: Order) =>
    statement((slot: Slot<ListedOfOwner>) =>
      db
        .selectFrom('records')
        .select(COLUMNS)
        .where('kind', '=', slot('kind'))
        .where('tenant', '=', slot('tenant'))
        .where('owner', '=', slot('owner'))
        .where('record_key', order === 'asc' ? '>' : '<', slot('after'))
        .orderBy('record_key', order)
        .limit(slot('limit')),
    )
  return {
    oldest: listed('asc'),
    newest: listed('desc'),
    oldestOfOwner: listedOfOwner('asc'),
    newestOfOwner: listedOfOwner('desc'),
  }
}

/** Each returns no row where another commit came first. */
const writes = (db: Kysely<Tables>) => ({
  insert: statement((slot: Slot<Written>) =>
    db
      .insertInto('records')
      .values({
        kind: slot('kind'),
        tenant: slot('tenant'),
        id: slot('id'),
        owner: slot('owner'),
        version: slot('version'),
        created_at: slot('created_at'),
        expires_at: slot('expires_at'),
        document: slot('document'),
        sealed: slot('sealed'),
      })
      .onConflict((conflict) => conflict.doNothing())
      .returning('id'),
  ),
  update: statement((slot: Slot<Written>) =>
    db
      .updateTable('records')
      .set({
        version: slot('version'),
        expires_at: slot('expires_at'),
        document: slot('document'),
        sealed: slot('sealed'),
      })
      .where('kind', '=', slot('kind'))
      .where('tenant', '=', slot('tenant'))
      .where('id', '=', slot('id'))
      .where('version', '=', sql<number>`${slot('version')} - 1`)
      .returning('id'),
  ),
  remove: statement((slot: Slot<RecordId & Pick<RecordRow, 'version'>>) =>
    db
      .deleteFrom('records')
      .where('kind', '=', slot('kind'))
      .where('tenant', '=', slot('tenant'))
      .where('id', '=', slot('id'))
      .where('version', '=', slot('version'))
      .returning('id'),
  ),
})

/** What the server keeps beside managed objects. */
export const recordQueries = (db: Kysely<Tables>) => ({ ...reads(db), ...lists(db), ...writes(db) })
