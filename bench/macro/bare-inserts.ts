import Database from 'better-sqlite3'
import { join } from 'node:path'

/*
 * The baseline of Create: better-sqlite3 writes the very rows that the server has written, one transaction each, with
 * synchronous=FULL, into an empty database with the same tables and indexes.
 */

type Row = Readonly<Record<string, string | number | Buffer | null>>

const TABLES = ['objects', 'object_keys', 'names', 'audit'] as const

const rowsOf = (database: Database.Database, sql: string, parameter: unknown): readonly Row[] =>
  database.prepare(sql).all(parameter) as Row[]

const insertInto = (database: Database.Database, table: string, columns: readonly string[]): Database.Statement =>
  database.prepare(
    `insert into "${table}" (${columns.join(', ')}) values (${columns.map((name) => `@${name}`).join(', ')})`,
  )

type ObjectRows = Readonly<Record<(typeof TABLES)[number], readonly Row[]>>

const readObjects = (source: Database.Database, count: number): readonly ObjectRows[] =>
  (source.prepare('select * from objects order by row_key desc limit ?').all(count) as Row[])
    .reverse()
    .map((object) => ({
      objects: [object],
      object_keys: rowsOf(source, 'select * from object_keys where object = ?', object['row_key']),
      names: rowsOf(source, 'select * from names where object = ?', object['row_key']),
      audit: rowsOf(source, 'select * from audit where object_id = ? limit 1', object['id']),
    }))

/** Objects per second. */
export const bareInserts = (sourcePath: string, directory: string, count: number): number => {
  const source = new Database(sourcePath, { readonly: true })
  const target = new Database(join(directory, `bare-${Date.now()}.db`))
  target.pragma('journal_mode = WAL')
  target.pragma('synchronous = FULL')
  for (const { sql } of source.prepare('select sql from sqlite_master where sql is not null').all() as {
    sql: string
  }[])
    target.exec(sql)
  const objects = readObjects(source, count)
  const statements = new Map(
    TABLES.map((table) => {
      const columns = (source.pragma(`table_info(${table})`) as { name: string }[]).map(({ name }) => name)
      return [table, insertInto(target, table, columns)]
    }),
  )
  const write = target.transaction((rows: ObjectRows) => {
    for (const table of TABLES) for (const row of rows[table]) statements.get(table)?.run(row)
  })
  const start = performance.now()
  for (const rows of objects) write(rows)
  const elapsed = (performance.now() - start) / 1000
  source.close()
  target.close()
  return objects.length / elapsed
}
