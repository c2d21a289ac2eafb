import { sql, type RawBuilder } from 'kysely'
import type { Dialect } from '../dialect.ts'
import { StoreError } from '../errors.ts'
import { statement, type Slot } from '../statement.ts'
import type { Connection } from '../connection.ts'
import type { Migration } from './migration.ts'

type TableName = { readonly name: string }

// An arbitrary number that every kmipd agrees on: servers that start together migrate one after the other.
const ADVISORY_LOCK = 0x6b6d6970

const tablesOf: Readonly<Record<Dialect['name'], RawBuilder<TableName>>> = {
  sqlite: sql<TableName>`select name from sqlite_schema where type = 'table'`,
  postgres: sql<TableName>`select tablename as name from pg_tables where schemaname = current_schema()`,
}

/** The tables there are, whoever made them. */
const tableNames = async (dialect: Dialect, connection: Connection): Promise<readonly string[]> => {
  const tables = statement(() => ({ compile: () => tablesOf[dialect.name].compile(dialect.db) }))
  return (await connection.prepare(tables).all({})).map(({ name }) => name)
}

/**
 * Version of the schema, 0 for an empty database.
 * @throws StoreError `foreign` for a database with tables of another program
 */
export const schemaVersion = async (dialect: Dialect, connection: Connection): Promise<number> => {
  const tables = await tableNames(dialect, connection)
  if (tables.length === 0) return 0
  if (!tables.includes('schema_version')) {
    throw new StoreError('foreign', 'the database holds tables of another program')
  }
  const newest = statement(() =>
    dialect.db.selectFrom('schema_version').select((select) => select.fn.max('version').as('version')),
  )
  return (await connection.prepare(newest).first({}))?.version ?? 0
}

/** @throws StoreError `newer-schema` where the database is ahead of `migrations` */
export const requireKnown = (version: number, migrations: readonly Migration[]): void => {
  const known = migrations.at(-1)?.version ?? 0
  if (version <= known) return
  throw new StoreError(
    'newer-schema',
    `the database has schema version ${version}, this program knows versions up to ${known}: start a newer kmipd`,
  )
}

const createVersionTable = (dialect: Dialect): string =>
  dialect.db.schema
    .createTable('schema_version')
    .addColumn('version', dialect.columns.integer, (column) => column.notNull().primaryKey())
    .modifyEnd(dialect.tableEnd.plain)
    .compile().sql

const applyMigration = async (dialect: Dialect, connection: Connection, migration: Migration): Promise<void> => {
  if (migration.version === 1) await connection.execute(createVersionTable(dialect))
  for (const step of migration.up(dialect)) await connection.execute(step.compile().sql)
  const record = statement((slot: Slot<{ version: number }>) =>
    dialect.db.insertInto('schema_version').values({ version: slot('version') }),
  )
  await connection.prepare(record).all({ version: migration.version })
}

/** Applies the next migration that the database lacks. All of it or nothing; false where none is left. */
const applyNext = async (
  dialect: Dialect,
  connection: Connection,
  migrations: readonly Migration[],
): Promise<boolean> => {
  await connection.execute(dialect.begin)
  try {
    if (dialect.name === 'postgres') await connection.execute(`select pg_advisory_xact_lock(${ADVISORY_LOCK})`)
    // Read under the lock: another process may have been here first.
    const version = await schemaVersion(dialect, connection)
    requireKnown(version, migrations)
    const next = migrations.find((migration) => migration.version === version + 1)
    if (next !== undefined) await applyMigration(dialect, connection, next)
    await connection.execute('commit')
    return next !== undefined
  } catch (error) {
    await connection.execute('rollback')
    throw error
  }
}

/**
 * Brings the schema up to the last of `migrations`, each in a transaction of its own.
 * @throws StoreError `foreign`, `newer-schema`; and whatever a statement fails with, which leaves the step undone
 */
export const migrate = async (
  dialect: Dialect,
  connection: Connection,
  migrations: readonly Migration[],
): Promise<void> => {
  while (await applyNext(dialect, connection, migrations)) continue
}
