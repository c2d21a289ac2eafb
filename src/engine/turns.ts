import { ConflictError } from '../domain/object-store.ts'
import type { MaybePromise } from '../domain/maybe-promise.ts'

/** For each object that was fought over, the end of the last one who waits for it. */
export type Turns = Map<string, Promise<undefined>>

export const createTurns = (): Turns => new Map()

/** How often one is run again that lost to others: to newcomers, and to other processes, which queue elsewhere. */
const MOST_RETRIES = 8

const takeTurn = async <T>(turns: Turns, id: string, work: () => MaybePromise<T>): Promise<T> => {
  const { promise: end, resolve: leave } = Promise.withResolvers<undefined>()
  const before = turns.get(id)
  turns.set(id, end)
  try {
    await before
    return await work()
  } finally {
    if (turns.get(id) === end) turns.delete(id)
    leave(undefined)
  }
}

/**
 * Runs again what met a conflict. Those who lost at the same object go one after the other: if all of them ran at once,
 * one would win each time and the others would lose as often as they are many. Nobody waits for one object while having
 * the turn at another, so nobody waits for ever.
 * @throws ConflictError after the last retry, and what `work` throws
 */
export const inTurn = async <T>(turns: Turns, conflict: ConflictError, work: () => MaybePromise<T>): Promise<T> => {
  let last = conflict
  for (let retry = 0; retry < MOST_RETRIES; retry += 1) {
    try {
      return await takeTurn(turns, last.id, work)
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error
      last = error
    }
  }
  throw last
}
