import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import type Database from 'better-sqlite3'
import { createApply } from '../apply.ts'
import { SQLITE } from '../dialect.ts'
import { codeOf, messageOf } from '../errors.ts'
import { queriesFor } from '../queries/all.ts'
import type { GroupOutcome, Work } from '../work.ts'
import { unpackGroup } from './packed-work.ts'
import { writeGroup } from '../write-group.ts'
import { connectionOf, openDatabase } from './connection.ts'
import { CLOSE, isPacked, type WriterAnswer } from './writer-messages.ts'

/*
 * The one connection that writes, on a thread of its own: the fsync of a commit stops this thread and not the event
 * loop that serves reads.
 */

/** Pages in the WAL past which they are moved into the database. */
const CHECKPOINT_PAGES = 8_000

const BROKEN = /^SQLITE_(IOERR|CORRUPT|NOTADB|CANTOPEN|READONLY)/

const RULES = {
  begin: SQLITE.begin,
  isConflict: () => false,
  isBroken: (error: unknown) => BROKEN.test(codeOf(error)),
}

/** Groups after which the WAL is looked at: asking costs a tenth of a group. */
const CHECKPOINT_GROUPS = 8

/** Returns what failed, if it did. A failed fsync is not tried again, so the caller must write no more. */
type Checkpoint = () => string | undefined

const createCheckpoint = (database: Database.Database): Checkpoint => {
  const status = database.prepare<[], { log: number }>('pragma wal_checkpoint(noop)')
  let groups = 0
  return () => {
    groups += 1
    if (groups % CHECKPOINT_GROUPS !== 0) return undefined
    try {
      if ((status.get()?.log ?? 0) >= CHECKPOINT_PAGES) database.pragma('wal_checkpoint(passive)')
      return undefined
    } catch (error) {
      return messageOf(error)
    }
  }
}

const refused = (group: readonly Work[], message: string): GroupOutcome => ({
  outcomes: group.map(() => ({ kind: 'failed', message })),
  broken: message,
})

const serve = (port: MessagePort, path: string): void => {
  const database = openDatabase(path, 'read-write')
  const connection = connectionOf(database)
  const apply = createApply(connection.prepare, queriesFor(SQLITE))
  const checkpoint = createCheckpoint(database)
  const answer = (message: WriterAnswer): void => port.postMessage(message)
  let broken: string | undefined
  let last = Promise.resolve()

  const write = async (group: readonly Work[]): Promise<void> => {
    const outcome = broken === undefined ? await writeGroup(connection, apply, group, RULES) : refused(group, broken)
    answer(outcome)
    broken ??= outcome.broken ?? checkpoint()
  }

  port.on('message', (message: unknown) => {
    if (isPacked(message)) {
      const group = unpackGroup(message)
      last = last.then(() => write(group))
    } else if (message === CLOSE) {
      database.close()
      port.close()
    }
  })
  answer('ready')
}

const data: unknown = workerData
if (parentPort === null || typeof data !== 'string') throw new Error('to be started by the store, with a path')
serve(parentPort, data)
