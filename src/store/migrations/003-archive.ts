import { sql } from 'kysely'
import type { Migration } from './migration.ts'
import { table } from './table.ts'

/**
 * Material of archived objects leaves the table that is on line (1.4 section 4.22, 2.1 section 6.1.4). What was archived
 * before moves along.
 */
export const archive: Migration = {
  version: 3,
  up: (dialect) => [
    table(dialect, 'archived_material', [
      ['object', 'integer'],
      ['sealed', 'bytes', 'optional'],
      ['resident_token', 'text', 'optional'],
      ['resident_key', 'bytes', 'optional'],
    ])
      .addPrimaryKeyConstraint('archived_material_object', ['object'])
      .addForeignKeyConstraint('archived_material_row', ['object'], 'objects', ['row_key'])
      .modifyEnd(dialect.tableEnd.plain),
    dialect.db
      .insertInto('archived_material')
      .columns(['object', 'sealed', 'resident_token', 'resident_key'])
      .expression((from) =>
        from
          .selectFrom('objects')
          .select(['row_key', 'sealed', 'resident_token', 'resident_key'])
          .where('archive_date', 'is not', null)
          .where(sql`coalesce(length(sealed), length(resident_token))`, 'is not', null),
      ),
    dialect.db
      .updateTable('objects')
      .set({ sealed: sql.lit(null), resident_token: sql.lit(null), resident_key: sql.lit(null) })
      .where('archive_date', 'is not', null),
  ],
}
