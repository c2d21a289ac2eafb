import { sql } from 'kysely'
import type { Dialect } from '../dialect.ts'
import type { Migration } from './migration.ts'
import { table } from './table.ts'

// Wide columns come last: a search that reads the facts of a row need not walk over its document.
const objects = (dialect: Dialect) => [
  table(dialect, 'objects', [
    ['row_key', 'counter'],
    ['tenant', 'text'],
    ['id', 'text'],
    ['version', 'integer'],
    ['owner', 'text'],
    ['object_type', 'integer'],
    ['activation_date', 'integer', 'optional'],
    ['deactivation_date', 'integer', 'optional'],
    ['compromise_date', 'integer', 'optional'],
    ['destroy_date', 'integer', 'optional'],
    ['archive_date', 'integer', 'optional'],
    ['seal_version', 'integer'],
    ['mac', 'bytes'],
    ['document', 'bytes'],
    ['sealed', 'bytes', 'optional'],
    ['resident_token', 'text', 'optional'],
    ['resident_key', 'bytes', 'optional'],
  ])
    .addUniqueConstraint('objects_id', ['tenant', 'id'])
    .modifyEnd(dialect.tableEnd.plain),
  // Holds all that a search without a selective condition looks at, in the order in which it answers.
  dialect.db.schema
    .createIndex('objects_newest')
    .on('objects')
    .columns([
      'tenant',
      'row_key',
      'owner',
      'object_type',
      'activation_date',
      'deactivation_date',
      'compromise_date',
      'destroy_date',
      'archive_date',
    ]),
  dialect.db.schema.createIndex('objects_owner').on('objects').columns(['tenant', 'owner', 'row_key']),
  dialect.db.schema.createIndex('objects_type').on('objects').columns(['tenant', 'object_type', 'row_key']),
]

// The key is the table, in the order in which Locate answers: equal values stand together, by row key.
const searchKeys = (dialect: Dialect) => [
  table(dialect, 'search_keys', [
    ['attribute', 'text'],
    ['value', 'bytes'],
    ['object', 'integer'],
    ['number', 'integer', 'optional'],
  ])
    .addPrimaryKeyConstraint('search_keys_value', ['attribute', 'value', 'object'])
    .addForeignKeyConstraint('search_keys_object', ['object'], 'objects', ['row_key'])
    .modifyEnd(dialect.tableEnd.clustered),
  dialect.db.schema.createIndex('search_keys_held').on('search_keys').columns(['object', 'attribute', 'number']),
  dialect.db.schema
    .createIndex('search_keys_number')
    .on('search_keys')
    .columns(['attribute', 'number', 'object'])
    .where(sql.ref('number'), 'is not', null),
]

const names = (dialect: Dialect) => [
  table(dialect, 'names', [
    ['tenant', 'text'],
    ['name', 'text'],
    ['object', 'integer'],
  ])
    .addPrimaryKeyConstraint('names_name', ['tenant', 'name'])
    .addForeignKeyConstraint('names_object', ['object'], 'objects', ['row_key'])
    .modifyEnd(dialect.tableEnd.clustered),
  dialect.db.schema.createIndex('names_held').on('names').columns(['object']),
]

const administration = (dialect: Dialect) => [
  table(dialect, 'settings', [
    ['name', 'text'],
    ['value', 'bytes'],
  ])
    .addPrimaryKeyConstraint('settings_name', ['name'])
    .modifyEnd(dialect.tableEnd.clustered),
  table(dialect, 'clients', [
    ['client_key', 'counter'],
    ['id', 'text'],
    ['name', 'text'],
    ['tenant', 'text'],
    ['role', 'text'],
    ['fingerprint', 'text', 'optional'],
    ['issuer', 'text', 'optional'],
    ['subject', 'text', 'optional'],
    ['created_at', 'integer'],
    ['revoked_at', 'integer', 'optional'],
  ])
    .addUniqueConstraint('clients_name', ['name'])
    .addUniqueConstraint('clients_fingerprint', ['fingerprint'])
    .addUniqueConstraint('clients_subject', ['issuer', 'subject'])
    .modifyEnd(dialect.tableEnd.plain),
  table(dialect, 'audit', [
    ['audit_key', 'counter'],
    ['time', 'integer'],
    ['principal', 'text'],
    ['operation', 'text'],
    ['object_id', 'text', 'optional'],
    ['outcome', 'text'],
  ]).modifyEnd(dialect.tableEnd.plain),
]

export const initial: Migration = {
  version: 1,
  up: (dialect) => [...objects(dialect), ...searchKeys(dialect), ...names(dialect), ...administration(dialect)],
}
