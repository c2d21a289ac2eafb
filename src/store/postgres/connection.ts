import pg from 'pg'
import type { Connection } from '../connection.ts'
import { StoreError } from '../errors.ts'
import type { Prepare, Prepared, Statement } from '../statement.ts'

/** What runs queries: a pool for single reads, one client of it for a transaction. */
export type Queryable = pg.Pool | pg.PoolClient

/** Bigint columns hold versions, keys and seconds: all within the exact range of a number. */
export const TYPES: pg.CustomTypesConfig = {
  getTypeParser: (oid, format): unknown =>
    oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format),
}

/** Prepares statements by name: the server keeps the plan for each connection. */
export const prepareOn =
  (queryable: Queryable): Prepare =>
  <I, O extends pg.QueryResultRow>({ name, sql, bind }: Statement<I, O>): Prepared<I, O> => {
    const all = async (input: I): Promise<readonly O[]> => {
      const { rows } = await queryable.query<O>({
        ...(name === undefined ? {} : { name }),
        text: sql,
        values: bind(input),
      })
      return rows
    }
    return { all, first: async (input) => (await all(input))[0] }
  }

export const connectionOf = (client: pg.PoolClient): Connection => ({
  prepare: prepareOn(client),
  execute: async (text) => {
    await client.query(text)
  },
})

/** Settings without which a server acknowledges what it can still lose. */
const SAFE: readonly (readonly [setting: string, unsafe: string])[] = [
  ['fsync', 'off'],
  ['full_page_writes', 'off'],
  ['synchronous_commit', 'off'],
]

/** @throws StoreError `unsafe-server` where commits are not durable once they are answered */
export const requireSafeServer = async (client: pg.PoolClient): Promise<void> => {
  for (const [setting, unsafe] of SAFE) {
    const { rows } = await client.query<{ value: string }>('select current_setting($1) as value', [setting])
    if (rows[0]?.value === unsafe) {
      throw new StoreError(
        'unsafe-server',
        `the PostgreSQL server runs with ${setting} = ${unsafe}: keys could be lost`,
      )
    }
  }
}
