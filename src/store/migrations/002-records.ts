import { sql } from 'kysely'
import type { Migration } from './migration.ts'
import { table } from './table.ts'

/** What the server keeps beside managed objects. */
export const records: Migration = {
  version: 2,
  up: (dialect) => [
    table(dialect, 'records', [
      ['record_key', 'counter'],
      ['kind', 'text'],
      ['tenant', 'text'],
      ['id', 'text'],
      ['owner', 'text'],
      ['version', 'integer'],
      ['created_at', 'integer'],
      ['expires_at', 'integer', 'optional'],
      ['document', 'bytes'],
      ['sealed', 'bytes', 'optional'],
    ])
      .addUniqueConstraint('records_id', ['kind', 'tenant', 'id'])
      .modifyEnd(dialect.tableEnd.plain),
    dialect.db.schema.createIndex('records_kind').on('records').columns(['kind', 'tenant', 'record_key']),
    dialect.db.schema.createIndex('records_owner').on('records').columns(['kind', 'tenant', 'owner', 'record_key']),
    dialect.db.schema
      .createIndex('records_expiry')
      .on('records')
      .columns(['kind', 'expires_at'])
      .where(sql.ref('expires_at'), 'is not', null),
  ],
}
