import type { Migration } from './migration.ts'
import { table } from './table.ts'

/** Users with passwords, names of clients that can be freed, and a number that changes with every change of either. */
export const users: Migration = {
  version: 4,
  up: (dialect) => [
    table(dialect, 'users', [
      ['user_key', 'counter'],
      ['id', 'text'],
      ['name', 'text'],
      ['tenant', 'text'],
      ['role', 'text'],
      ['verifier', 'text'],
      ['device', 'text', 'optional'],
      ['one_time', 'integer'],
      ['secrets', 'bytes', 'optional'],
      ['version', 'integer'],
      ['created_at', 'integer'],
      ['revoked_at', 'integer', 'optional'],
    ])
      .addUniqueConstraint('users_name', ['name'])
      .addUniqueConstraint('users_device', ['device'])
      .modifyEnd(dialect.tableEnd.plain),
    dialect.db.schema.alterTable('clients').addColumn('removed_at', dialect.columns.integer),
    table(dialect, 'counters', [
      ['name', 'text'],
      ['value', 'integer'],
    ])
      .addPrimaryKeyConstraint('counters_name', ['name'])
      .modifyEnd(dialect.tableEnd.clustered),
  ],
}
