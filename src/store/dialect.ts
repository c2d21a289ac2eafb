import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  sql,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type RawBuilder,
} from 'kysely'
import type { Tables } from './tables.ts'

/** What the two engines write differently: the compiler of kysely, and a few words of table definitions. */
export type Dialect = {
  readonly name: 'sqlite' | 'postgres'
  /** Builds and compiles; it has no connection and executes nothing. */
  readonly db: Kysely<Tables>
  readonly columns: {
    readonly text: RawBuilder<unknown>
    readonly integer: RawBuilder<unknown>
    readonly bytes: RawBuilder<unknown>
    /** Primary key that counts up. */
    readonly counter: RawBuilder<unknown>
  }
  /** Ends a table definition; `clustered`: the primary key is the table. */
  readonly tableEnd: { readonly plain: RawBuilder<unknown>; readonly clustered: RawBuilder<unknown> }
  /** Starts a transaction that will write. */
  readonly begin: string
}

// STRICT makes SQLite keep what the types of the tables promise.
export const SQLITE: Dialect = {
  name: 'sqlite',
  db: new Kysely<Tables>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  }),
  columns: { text: sql`text`, integer: sql`integer`, bytes: sql`blob`, counter: sql`integer primary key` },
  tableEnd: { plain: sql`strict`, clustered: sql`strict, without rowid` },
  begin: 'begin immediate',
}

// The C collation compares bytes: quicker, and the same order whatever locale the cluster was made with.
export const POSTGRES: Dialect = {
  name: 'postgres',
  db: new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  }),
  columns: {
    text: sql`text collate "C"`,
    integer: sql`bigint`,
    bytes: sql`bytea`,
    counter: sql`bigint generated always as identity primary key`,
  },
  tableEnd: { plain: sql``, clustered: sql`` },
  begin: 'begin',
}
