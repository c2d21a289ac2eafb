import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { codeOf, StoreError } from '../errors.ts'

/** The data directory is this process's alone until `release`, or until the process ends in whatever way. */
export type DirectoryLock = { release(): void }

/**
 * Takes the data directory. Node has no flock, so the lock is that of an empty SQLite file beside the database, on
 * which a transaction stays open. Nothing else in this process may open that file: closing any handle of it would drop
 * the lock (POSIX).
 * @throws StoreError `in-use` where another process has it
 */
export const lockDirectory = (databasePath: string): DirectoryLock => {
  const path = join(dirname(databasePath), 'kmipd.lock')
  const database = new Database(path, { timeout: 0 })
  try {
    database.exec('begin exclusive')
  } catch (error) {
    database.close()
    if (!codeOf(error).startsWith('SQLITE_BUSY')) throw error
    throw new StoreError('in-use', `another kmipd is running on this data directory: it holds ${path}`)
  }
  return { release: () => void database.close() }
}
