import { closeSync, existsSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import type Database from 'better-sqlite3'
import { SQLITE } from './dialect.ts'
import { StoreError } from './errors.ts'
import { createGroupQueue } from './group-queue.ts'
import { MIGRATIONS } from './migrations/list.ts'
import { migrate, requireKnown, schemaVersion } from './migrations/migrate.ts'
import { queriesFor } from './queries/all.ts'
import { createStore, type OpenStore } from './store.ts'
import { connectionOf, openDatabase, openError, prepareOn } from './sqlite/connection.ts'
import { lockDirectory, type DirectoryLock } from './sqlite/lock.ts'
import { startWriter } from './sqlite/writer.ts'

export type { OpenStore } from './store.ts'

/** Bytes up to which a database is checked as a whole when it is opened: a fraction of a second. */
const QUICK_CHECK_BYTES = 32 * 1024 * 1024

export type SqliteOptions = {
  /** The database file; the data directory is the one it is in. */
  readonly path: string
  /** False: leave the data directory to a server that may be running. Clients can be changed, objects cannot. */
  readonly exclusive?: boolean
}

/** Only the owner may read it. Not opened when it exists: closing a second handle would drop SQLite's locks (POSIX). */
const createFile = (path: string): void => {
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
}

const requireSound = (database: Database.Database, path: string): void => {
  const pages = Number(database.pragma('page_count', { simple: true }))
  const size = Number(database.pragma('page_size', { simple: true }))
  if (pages * size > QUICK_CHECK_BYTES) return
  const found = database.pragma('quick_check(1)', { simple: true })
  if (found !== 'ok') throw new StoreError('corrupt', `${path} is damaged: restore it from a backup (${String(found)})`)
}

/** Brings the schema up to date. The caller holds the data directory. */
const prepareFile = async (path: string): Promise<void> => {
  createFile(path)
  const database = openDatabase(path, 'read-write')
  try {
    requireSound(database, path)
    await migrate(SQLITE, connectionOf(database), MIGRATIONS)
  } finally {
    database.close()
  }
}

const isCurrent = async (path: string): Promise<boolean> => {
  if (!existsSync(path)) return false
  const database = openDatabase(path, 'read-only')
  try {
    requireSound(database, path)
    const version = await schemaVersion(SQLITE, connectionOf(database))
    requireKnown(version, MIGRATIONS)
    return version === MIGRATIONS.length
  } finally {
    database.close()
  }
}

/** A connection that reads, and a thread that writes. `lock` is released last. */
const openOn = async (path: string, lock: DirectoryLock | undefined): Promise<OpenStore> => {
  const reader = openDatabase(path, 'read-only')
  try {
    const queries = queriesFor(SQLITE)
    const writer = await startWriter(path)
    return createStore({
      dialect: SQLITE,
      queries,
      prepare: prepareOn(reader),
      queue: createGroupQueue((group) => writer.write(group)),
      exclusive: lock !== undefined,
      mayCommit: lock !== undefined,
      end: async () => {
        reader.close()
        await writer.close()
        lock?.release()
      },
    })
  } catch (error) {
    reader.close()
    throw error
  }
}

const openExclusive = async (path: string): Promise<OpenStore> => {
  const lock = lockDirectory(path)
  try {
    await prepareFile(path)
    return await openOn(path, lock)
  } catch (error) {
    lock.release()
    throw openError(path, error)
  }
}

const openShared = async (path: string): Promise<OpenStore> => {
  try {
    // The schema belongs to whoever holds the directory; where nobody does, this process may.
    if (!(await isCurrent(path))) {
      const lock = lockDirectory(path)
      await prepareFile(path).finally(() => lock.release())
    }
    return await openOn(path, undefined)
  } catch (error) {
    throw openError(path, error)
  }
}

/**
 * Opens the embedded database, making it where there is none. One process holds the data directory.
 * @throws StoreError `in-use`, `missing` (the folder), `not-a-database`, `foreign`, `corrupt`, `newer-schema`
 */
export const openSqliteStore = async ({ path, exclusive = true }: SqliteOptions): Promise<OpenStore> => {
  if (!existsSync(dirname(path))) throw new StoreError('missing', `there is no folder ${dirname(path)}`)
  return exclusive ? openExclusive(path) : openShared(path)
}
