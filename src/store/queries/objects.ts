import { sql, type Kysely } from 'kysely'
import type { Sealed } from '../../domain/bytes.ts'
import type { SearchKey } from '../../domain/object-store.ts'
import { ROW_COLUMNS, type WrittenRecord } from '../object-record.ts'
import { statement, type Slot, type SqlValue } from '../statement.ts'
import type { ArchivedMaterialTable, NamesTable, ObjectKeysTable, Tables } from '../tables.ts'

/** Names an object; unique. */
export type ObjectId = { readonly tenant: string; readonly id: string }

/** Names the row of an object. */
export type ObjectKey = { readonly object: number }

const columnsFrom = (slot: Slot<WrittenRecord>) => ({
  version: slot('version'),
  owner: slot('owner'),
  object_type: slot('object_type'),
  activation_date: slot('activation_date'),
  deactivation_date: slot('deactivation_date'),
  compromise_date: slot('compromise_date'),
  destroy_date: slot('destroy_date'),
  archive_date: slot('archive_date'),
  seal_version: slot('seal_version'),
  mac: slot('mac'),
  document: slot('document'),
  sealed: slot('sealed'),
  resident_token: slot('resident_token'),
  resident_key: slot('resident_key'),
  initial_date: slot('initial_date'),
  last_change_date: slot('last_change_date'),
  original_creation_date: slot('original_creation_date'),
  process_start_date: slot('process_start_date'),
  protect_stop_date: slot('protect_stop_date'),
  compromise_occurrence_date: slot('compromise_occurrence_date'),
  rotate_date: slot('rotate_date'),
  rotation_due: slot('rotation_due'),
  usage_mask: slot('usage_mask'),
  storage_mask: slot('storage_mask'),
  limit_total: slot('limit_total'),
  limit_count: slot('limit_count'),
})

/** Whether the archive holds material of the object, told by the statement that changes its row. */
const isArchived = (db: Kysely<Tables>) =>
  db
    .selectFrom('archived_material')
    .select((select) => select.fn.countAll<number>().as('count'))
    .where('archived_material.object', '=', sql<number>`objects.row_key`)

/** Rows with their material, wherever it is. */
const wholeRows = (db: Kysely<Tables>) =>
  db
    .selectFrom('objects')
    .leftJoin('archived_material as archived', (join) =>
      join.onRef('archived.object', '=', 'objects.row_key').on('objects.archive_date', 'is not', null),
    )
    .select(ROW_COLUMNS.map((column) => `objects.${column}` as const))
    .select([
      sql<Sealed | null>`coalesce(objects.sealed, archived.sealed)`.as('sealed'),
      sql<string | null>`coalesce(objects.resident_token, archived.resident_token)`.as('resident_token'),
      sql<Buffer | null>`coalesce(objects.resident_key, archived.resident_key)`.as('resident_key'),
    ])

/** Reads and writes of the table of objects. */
export const objectQueries = (db: Kysely<Tables>) => ({
  read: statement((slot: Slot<ObjectId>) =>
    wholeRows(db).where('objects.tenant', '=', slot('tenant')).where('objects.id', '=', slot('id')),
  ),
  rows: statement((slot: Slot<{ after: number; limit: number }>) =>
    wholeRows(db)
      .select('objects.row_key')
      .where('objects.row_key', '>', slot('after'))
      .orderBy('objects.row_key')
      .limit(slot('limit')),
  ),
  newest: statement(() => db.selectFrom('objects').select('row_key').orderBy('row_key', 'desc').limit(sql.lit(1))),
  /** Returns no row where the identifier is taken: that leaves a transaction of PostgreSQL usable, an error does not. */
  insert: statement((slot: Slot<WrittenRecord>) =>
    db
      .insertInto('objects')
      .values({ tenant: slot('tenant'), id: slot('id'), ...columnsFrom(slot) })
      .onConflict((conflict) => conflict.columns(['tenant', 'id']).doNothing())
      .returning('row_key as object'),
  ),
  /** Compare and set: returns no row where somebody else has counted the version up. */
  update: statement((slot: Slot<WrittenRecord>) =>
    db
      .updateTable('objects')
      .set(columnsFrom(slot))
      .where('tenant', '=', slot('tenant'))
      .where('id', '=', slot('id'))
      .where(sql<number>`version + 1`, '=', slot('version'))
      .returning(['row_key as object', isArchived(db).as('archived')]),
  ),
})

/** Writes of rows that change in nothing but the store key that they are under. */
export const resealQueries = (db: Kysely<Tables>) => ({
  /** Compare and set, as `update` of all columns. */
  row: statement((slot: Slot<Pick<WrittenRecord, 'tenant' | 'id' | 'version' | 'mac' | 'sealed'>>) =>
    db
      .updateTable('objects')
      .set({ version: slot('version'), mac: slot('mac'), sealed: slot('sealed') })
      .where('tenant', '=', slot('tenant'))
      .where('id', '=', slot('id'))
      .where(sql<number>`version + 1`, '=', slot('version'))
      .returning('row_key as object'),
  ),
  archived: statement((slot: Slot<Pick<ArchivedMaterialTable, 'object' | 'sealed'>>) =>
    db
      .updateTable('archived_material')
      .set({ sealed: slot('sealed') })
      .where('object', '=', slot('object')),
  ),
})

/** Reads and writes of the material of archived objects. */
export const archiveQueries = (db: Kysely<Tables>) => ({
  insert: statement((slot: Slot<ArchivedMaterialTable>) =>
    db.insertInto('archived_material').values({
      object: slot('object'),
      sealed: slot('sealed'),
      resident_token: slot('resident_token'),
      resident_key: slot('resident_key'),
    }),
  ),
  remove: statement((slot: Slot<ObjectKey>) => db.deleteFrom('archived_material').where('object', '=', slot('object'))),
})

/** Search keys that one statement inserts at most: a server is asked once for what most objects have. */
export const KEYS_AT_ONCE = 8

/** The columns of one row after the other. */
type KeyValues = Readonly<Record<number, SqlValue>>

export const keyValuesOf = (object: number, keys: readonly SearchKey[]): readonly SqlValue[] =>
  keys.flatMap((key) => [key, object])

const insertKeys = (db: Kysely<Tables>, count: number) =>
  statement((slot: Slot<KeyValues>) =>
    db
      .insertInto('object_keys')
      .values(
        Array.from({ length: count }, (_, row) => ({
          key: sql<Buffer>`${slot(2 * row)}`,
          object: sql<number>`${slot(2 * row + 1)}`,
        })),
      )
      .onConflict((conflict) => conflict.doNothing()),
  )

/** Writes of what an object is found by. */
export const objectKeyQueries = (db: Kysely<Tables>) => ({
  /** Inserts 1, 2, ... `KEYS_AT_ONCE` rows. Two instances of an attribute with the same value are one key. */
  inserts: Array.from({ length: KEYS_AT_ONCE }, (_, index) => insertKeys(db, index + 1)),
  remove: statement((slot: Slot<ObjectKeysTable>) =>
    db.deleteFrom('object_keys').where('key', '=', slot('key')).where('object', '=', slot('object')),
  ),
})

/** Reads and writes of Names, unique within a tenant. */
export const nameQueries = (db: Kysely<Tables>) => ({
  held: statement((slot: Slot<ObjectKey>) =>
    db.selectFrom('names').select(['tenant', 'name', 'object']).where('object', '=', slot('object')),
  ),
  /** Returns no row where the Name is taken. */
  insert: statement((slot: Slot<NamesTable>) =>
    db
      .insertInto('names')
      .values({ tenant: slot('tenant'), name: slot('name'), object: slot('object') })
      .onConflict((conflict) => conflict.doNothing())
      .returning('object'),
  ),
  remove: statement((slot: Slot<NamesTable>) =>
    db.deleteFrom('names').where('tenant', '=', slot('tenant')).where('name', '=', slot('name')),
  ),
})
