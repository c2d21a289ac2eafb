import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type Test } from 'tap'
import pg from 'pg'
import type { Connection } from '../../src/store/connection.ts'
import { POSTGRES, SQLITE, type Dialect } from '../../src/store/dialect.ts'
import { connectionOf as postgresConnectionOf, TYPES } from '../../src/store/postgres/connection.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import { connectionOf, openDatabase } from '../../src/store/sqlite/connection.ts'
import { openSqliteStore, type OpenStore } from '../../src/store/sqlite.ts'
import { postgresPrograms, startPostgres } from './postgres.ts'

/** A database of one engine that outlives the stores opened on it. */
export type Place = {
  open(): Promise<OpenStore>
  /** A bare connection, as the migrations have it. */
  connect(): Promise<BareConnection>
  remove(): Promise<void>
}

export type BareConnection = {
  readonly dialect: Dialect
  readonly connection: Connection
  end(): Promise<void>
}

/** An engine under test; `place` makes an empty database. */
export type Engine = { readonly name: string; place(): Promise<Place>; stop(): Promise<void> }

export const temporaryFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'kmipd-store-'))

const sqlite: Engine = {
  name: 'SQLite',
  place: async () => {
    const folder = await temporaryFolder()
    return {
      open: () => openSqliteStore({ path: join(folder, 'kmipd.db') }),
      connect: async () => {
        const path = join(folder, 'kmipd.db')
        await appendFile(path, '')
        const database = openDatabase(path, 'read-write')
        return {
          dialect: SQLITE,
          connection: connectionOf(database),
          end: () => Promise.resolve(void database.close()),
        }
      },
      remove: () => rm(folder, { recursive: true, force: true }),
    }
  },
  stop: () => Promise.resolve(),
}

const postgres = async (programs: string): Promise<Engine> => {
  const server = await startPostgres(programs)
  let places = 0
  return {
    name: 'PostgreSQL',
    place: async () => {
      places += 1
      const connectionString = await server.connectionString(`place${places}`)
      return {
        open: () => openPostgresStore({ connectionString }),
        connect: async () => {
          const pool = new pg.Pool({ connectionString, types: TYPES })
          const client = await pool.connect()
          return {
            dialect: POSTGRES,
            connection: postgresConnectionOf(client),
            end: async () => {
              client.release()
              await pool.end()
            },
          }
        },
        remove: () => Promise.resolve(),
      }
    },
    stop: () => server.stop(),
  }
}

// One server for all the tests of a file: started by the first, stopped by the last.
let server: Promise<Engine> | undefined
let users = 0

/** Runs `suite` once for each engine. PostgreSQL is skipped, and says so, on a machine that has no server programs. */
export const forEachEngine = (title: string, suite: (t: Test, engine: Engine) => Promise<void> | void): void => {
  void test(`${title} (SQLite)`, async (t) => {
    await suite(t, sqlite)
  })
  users += 1
  void test(`${title} (PostgreSQL)`, async (t) => {
    const programs = await postgresPrograms()
    if (programs === undefined) {
      t.comment('skipped: no PostgreSQL server programs in /usr/lib/postgresql')
      return
    }
    const engine = await (server ??= postgres(programs))
    t.teardown(async () => {
      users -= 1
      if (users === 0) await engine.stop()
    })
    await suite(t, engine)
  })
}

/** A store on an empty database that is closed and removed with the test. */
export const openFor = async (t: Test, engine: Engine): Promise<OpenStore> => {
  const place = await engine.place()
  const store = await place.open()
  t.teardown(async () => {
    await store.close()
    await place.remove()
  })
  return store
}
