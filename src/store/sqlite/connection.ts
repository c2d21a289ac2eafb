import Database from 'better-sqlite3'
import type { QueryResultRow } from 'pg'
import { codeOf, messageOf, StoreError, type StoreProblem } from '../errors.ts'
import type { Connection } from '../connection.ts'
import type { Prepare, Prepared, Statement, SqlValue } from '../statement.ts'

/** Milliseconds to wait for a writer in another process: an administrator's command beside the running server. */
const BUSY_TIMEOUT = 5_000

/**
 * The settings that every connection needs; SQLite keeps only the journal mode in the file. `synchronous` must be set,
 * as better-sqlite3 opens WAL databases at NORMAL, which may lose what was acknowledged. No memory map: a database cut
 * short under a map kills the process, where a read reports it. The WAL is checkpointed by the writer, which sees a
 * failure there; the automatic checkpoint would swallow it.
 */
const SETTINGS = [
  'synchronous = FULL',
  'fullfsync = ON',
  'foreign_keys = ON',
  'secure_delete = ON',
  'wal_autocheckpoint = 0',
  'temp_store = MEMORY',
] as const

const FULL = 2

export type Access = 'read-write' | 'read-only'

/** KiB of cache. SQLite walks over the whole table of a writer's cache with every commit. */
const CACHE: Readonly<Record<Access, number>> = { 'read-write': 16_384, 'read-only': 65_536 }

/**
 * Opens the database file. The one place where that is done.
 * @throws StoreError where the file is missing, is no database, or does not take the settings
 */
export const openDatabase = (path: string, access: Access): Database.Database => {
  const database = openFile(path, access)
  try {
    if (access === 'read-write') database.pragma('journal_mode = WAL')
    for (const setting of SETTINGS) database.pragma(setting)
    database.pragma(`cache_size = -${CACHE[access]}`)
    requireDurable(database, path)
    return database
  } catch (error) {
    database.close()
    throw openError(path, error)
  }
}

const openFile = (path: string, access: Access): Database.Database => {
  try {
    return new Database(path, { readonly: access === 'read-only', fileMustExist: true, timeout: BUSY_TIMEOUT })
  } catch (error) {
    throw openError(path, error)
  }
}

const requireDurable = (database: Database.Database, path: string): void => {
  const mode = database.pragma('journal_mode', { simple: true })
  const synchronous = database.pragma('synchronous', { simple: true })
  if (mode === 'wal' && synchronous === FULL) return
  throw new StoreError('failed', `${path}: the file system allows no write-ahead log with full synchronisation`)
}

const PROBLEMS: readonly (readonly [codePrefix: string, problem: StoreProblem, text: string])[] = [
  ['SQLITE_NOTADB', 'not-a-database', 'is not a database'],
  ['SQLITE_CORRUPT', 'corrupt', 'is damaged: restore it from a backup'],
  ['SQLITE_CANTOPEN', 'missing', 'cannot be opened'],
  ['SQLITE_BUSY', 'in-use', 'is locked by another process'],
  ['SQLITE_ERROR', 'corrupt', 'lacks a part of its schema'],
]

/** Says what is wrong with the file at `path`. Errors of the store pass unchanged. */
export const openError = (path: string, error: unknown): StoreError => {
  if (error instanceof StoreError) return error
  const code = codeOf(error)
  const [, problem, text] = PROBLEMS.find(([prefix]) => code.startsWith(prefix)) ?? ['', 'failed', 'does not open']
  return new StoreError(problem, `${path} ${text} (${messageOf(error)})`, { cause: error })
}

/** Prepares statements on one connection; they answer at once. */
export const prepareOn =
  (database: Database.Database): Prepare =>
  <I, O extends QueryResultRow>({ sql, bind }: Statement<I, O>): Prepared<I, O> => {
    const prepared = database.prepare<SqlValue[], O>(sql)
    if (prepared.reader) {
      return { all: (input) => prepared.all(...bind(input)), first: (input) => prepared.get(...bind(input)) }
    }
    const run = (input: I): readonly O[] => {
      prepared.run(...bind(input))
      return []
    }
    return { all: run, first: (input) => run(input)[0] }
  }

/** A connection as the shared code of both engines knows it. */
export const connectionOf = (database: Database.Database): Connection => {
  const ready = new Map<string, Database.Statement<[]>>()
  // Only the words of transactions are asked for again and again; a definition of a table comes once.
  const kept = (text: string): Database.Statement<[]> => {
    const statement = ready.get(text) ?? database.prepare<[]>(text)
    ready.set(text, statement)
    return statement
  }
  return {
    prepare: prepareOn(database),
    execute: (text) => {
      kept(text).run()
    },
  }
}
