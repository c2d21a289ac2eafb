import { ConflictError, DuplicateError } from '../domain/object-store.ts'
import { DuplicateClientError } from '../domain/principal.ts'
import { DuplicateUserError } from '../domain/users.ts'
import type { Apply } from './apply.ts'
import type { Connection } from './connection.ts'
import { messageOf } from './errors.ts'
import type { GroupOutcome, Outcome, Work } from './work.ts'

/** How an engine starts a transaction, and how it judges what its driver throws. */
export type GroupRules = {
  readonly begin: string
  /** Whether a statement lost against another transaction: reading again and retrying may help. */
  readonly isConflict: (error: unknown) => boolean
  /** Whether writing must stop, because the disk can no longer be relied on. */
  readonly isBroken: (error: unknown) => boolean
}

const DONE: Outcome = { kind: 'done' }

const idOf = (work: Work): string => (work.kind === 'commit' ? (work.commit.changes[0]?.id ?? '') : '')

const outcomeOf = (error: unknown, work: Work, rules: GroupRules): Outcome => {
  if (error instanceof ConflictError) return { kind: 'conflict', id: error.id }
  if (error instanceof DuplicateError) return { kind: 'duplicate', what: error.what }
  if (work.kind === 'directory') {
    const { change } = work
    if (error instanceof DuplicateClientError && change.kind === 'add-client') {
      return { kind: 'duplicate-client', name: change.client.name }
    }
    if (error instanceof DuplicateUserError && change.kind === 'add-user') {
      return { kind: 'duplicate-user', name: change.user.name }
    }
  }
  if (rules.isConflict(error)) return { kind: 'conflict', id: idOf(work) }
  return { kind: 'failed', message: messageOf(error) }
}

/** Why a transaction was rolled back, and whether in its COMMIT. */
type Failure = { readonly committing: boolean; readonly cause: unknown }

const rollback = async (connection: Connection): Promise<void> => {
  try {
    await connection.execute('rollback')
  } catch {
    // The engine has rolled back by itself, or the connection is gone: either way nothing is left open.
  }
}

/** Begins, writes and commits; undefined where that succeeds. */
const transact = async (
  connection: Connection,
  begin: string,
  write: () => Promise<void>,
): Promise<Failure | undefined> => {
  let committing = false
  try {
    await connection.execute(begin)
    await write()
    committing = true
    await connection.execute('commit')
    return undefined
  } catch (cause) {
    await rollback(connection)
    return { committing, cause }
  }
}

/** False where the engine has given up the whole transaction, as SQLite does when the disk is full. */
const undoMember = async (connection: Connection): Promise<boolean> => {
  try {
    await connection.execute('rollback to member')
    await connection.execute('release member')
    return true
  } catch {
    return false
  }
}

/** One member in its savepoint. @throws whatever ends the whole transaction */
const applyMember = async (connection: Connection, apply: Apply, work: Work, rules: GroupRules): Promise<Outcome> => {
  await connection.execute('savepoint member')
  try {
    await apply.write(work)
    await connection.execute('release member')
    return DONE
  } catch (error) {
    if (rules.isBroken(error) || !(await undoMember(connection))) throw error
    return outcomeOf(error, work, rules)
  }
}

/**
 * Nobody's work is written. Not tried again: after a failed fsync the system may report success for pages that never
 * reached the disk.
 */
const lost = (group: readonly Work[], cause: unknown, rules: GroupRules): GroupOutcome => {
  const message = messageOf(cause)
  return {
    outcomes: group.map(() => ({ kind: 'failed', message })),
    broken: rules.isBroken(cause) ? message : undefined,
  }
}

/** A savepoint for each member: one that fails takes no other with it. */
const writeEach = async (
  connection: Connection,
  apply: Apply,
  group: readonly Work[],
  rules: GroupRules,
): Promise<GroupOutcome> => {
  const outcomes: Outcome[] = []
  const failure = await transact(connection, rules.begin, async () => {
    await apply.begin()
    for (const work of group) outcomes.push(await applyMember(connection, apply, work, rules))
  })
  return failure === undefined ? { outcomes, broken: undefined } : lost(group, failure.cause, rules)
}

/**
 * Writes a group in one transaction and answers when it is committed. Never throws. Nearly always all members succeed,
 * so it begins without savepoints, which cost a sixth of the time; where a member fails, all start over with one each.
 */
export const writeGroup = async (
  connection: Connection,
  apply: Apply,
  group: readonly Work[],
  rules: GroupRules,
): Promise<GroupOutcome> => {
  const failure = await transact(connection, rules.begin, async () => {
    await apply.begin()
    for (const work of group) await apply.write(work)
  })
  if (failure === undefined) return { outcomes: group.map(() => DONE), broken: undefined }
  const { committing, cause } = failure
  if (committing || rules.isBroken(cause)) return lost(group, cause, rules)
  const [only, ...others] = group
  if (only === undefined || others.length > 0) return writeEach(connection, apply, group, rules)
  return { outcomes: [outcomeOf(cause, only, rules)], broken: undefined }
}
