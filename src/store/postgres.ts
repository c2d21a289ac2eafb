import pg from 'pg'
import { createApply, type Apply } from './apply.ts'
import { POSTGRES } from './dialect.ts'
import { codeOf, messageOf, StoreError } from './errors.ts'
import { createGroupQueue } from './group-queue.ts'
import { MIGRATIONS } from './migrations/list.ts'
import { migrate } from './migrations/migrate.ts'
import { connectionOf, prepareOn, requireSafeServer, TYPES } from './postgres/connection.ts'
import { queriesFor, type Queries } from './queries/all.ts'
import { createStore, type OpenStore } from './store.ts'
import type { GroupOutcome, Work } from './work.ts'
import { writeGroup } from './write-group.ts'

export type PostgresOptions = {
  /** As libpq takes it: `postgresql://user@host/database`. */
  readonly connectionString: string
  /** Connections at most; one of them writes. */
  readonly connections?: number
}

const CONNECTIONS = 10

/** Milliseconds until a server that does not answer is taken for unreachable. */
const CONNECT_TIMEOUT = 10_000

const SERIALIZATION_FAILURE = '40001'
const DEADLOCK = '40P01'

const RULES = {
  begin: POSTGRES.begin,
  // Nodes that write the same rows in another order: the server picks one to start over.
  isConflict: (error: unknown) => [SERIALIZATION_FAILURE, DEADLOCK].includes(codeOf(error)),
  // A server that cannot write stops by itself; this end reconnects.
  isBroken: () => false,
}

const nothingWritten = (group: readonly Work[], error: unknown): GroupOutcome => ({
  outcomes: group.map(() => ({ kind: 'failed', message: messageOf(error) })),
  broken: undefined,
})

/** Writes groups on whichever connection is free, prepared once on each. */
const createGroupWriter = (pool: pg.Pool, queries: Queries) => {
  const prepared = new WeakMap<pg.PoolClient, Apply>()
  const applyOn = (client: pg.PoolClient): Apply => {
    const apply = prepared.get(client) ?? createApply(prepareOn(client), queries)
    prepared.set(client, apply)
    return apply
  }

  return async (group: readonly Work[]): Promise<GroupOutcome> => {
    try {
      const client = await pool.connect()
      const outcome = await writeGroup(connectionOf(client), applyOn(client), group, RULES)
      // Where all failed, what state the connection is in is not worth finding out.
      client.release(outcome.outcomes.every(({ kind }) => kind === 'failed'))
      return outcome
    } catch (error) {
      return nothingWritten(group, error)
    }
  }
}

const prepareServer = async (pool: pg.Pool): Promise<void> => {
  const client = await pool.connect()
  try {
    await requireSafeServer(client)
    await migrate(POSTGRES, connectionOf(client), MIGRATIONS)
  } finally {
    client.release()
  }
}

const openError = (error: unknown): StoreError => {
  if (error instanceof StoreError) return error
  const code = codeOf(error)
  // Five characters: the server answered, and refused. Anything else is of the network.
  const problem = /^[0-9A-Z]{5}$/.test(code) ? 'failed' : 'unreachable'
  return new StoreError(problem, `the PostgreSQL database does not open: ${messageOf(error)}`, { cause: error })
}

/**
 * Opens a database on a PostgreSQL server, which other nodes may use as well, and brings its schema up to date.
 * @throws StoreError `unreachable`, `unsafe-server`, `foreign`, `newer-schema`, `failed`
 */
export const openPostgresStore = async ({ connectionString, connections }: PostgresOptions): Promise<OpenStore> => {
  const pool = new pg.Pool({
    connectionString,
    max: connections ?? CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    types: TYPES,
  })
  // A connection that breaks is replaced by the pool; its query fails, and whoever asks next sees whether the server is
  // there. Without listeners either event would end the process.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  try {
    await prepareServer(pool)
  } catch (error) {
    await pool.end()
    throw openError(error)
  }
  const queries = queriesFor(POSTGRES)
  return createStore({
    dialect: POSTGRES,
    queries,
    prepare: prepareOn(pool),
    queue: createGroupQueue(createGroupWriter(pool, queries)),
    exclusive: false,
    mayCommit: true,
    end: () => pool.end(),
  })
}
