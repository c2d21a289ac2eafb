import { ConflictError, DuplicateError } from '../domain/object-store.ts'
import { DuplicateClientError } from '../domain/principal.ts'
import { DuplicateUserError } from '../domain/users.ts'
import { messageOf, StoreError } from './errors.ts'
import type { GroupOutcome, Outcome, Work } from './work.ts'

/** Members of one transaction at most: past this the share of each in the fsync is small beside its own cost. */
const GROUP_LIMIT = 64

/** Takes work from many callers and writes it in groups, in the order in which it came. */
export type GroupQueue = {
  /** Resolves once the work is durable. @throws ConflictError, DuplicateError, DuplicateClientError, StoreError */
  add(work: Work): Promise<void>
  /** Takes no more work and resolves when all there is has been answered. */
  drain(): Promise<void>
}

type Entry = { readonly work: Work; readonly resolve: () => void; readonly reject: (error: Error) => void }

const errorOf = (outcome: Exclude<Outcome, { kind: 'done' }>): Error => {
  switch (outcome.kind) {
    case 'conflict':
      return new ConflictError(outcome.id)
    case 'duplicate':
      return new DuplicateError(outcome.what)
    case 'duplicate-client':
      return new DuplicateClientError(outcome.name)
    case 'duplicate-user':
      return new DuplicateUserError(outcome.name)
    case 'failed':
      return new StoreError('failed', `not written: ${outcome.message}`)
  }
}

const settle = (entry: Entry, outcome: Outcome | undefined): void => {
  if (outcome === undefined) entry.reject(new StoreError('failed', 'the writer gave no answer'))
  else if (outcome.kind === 'done') entry.resolve()
  else entry.reject(errorOf(outcome))
}

const brokenError = (cause: string): StoreError =>
  new StoreError('read-only', `the database takes no writes until kmipd is started again: ${cause}`)

/**
 * Gathers what comes within one turn of the event loop, and while a group is under way, into the next group: one at a
 * time, so that a slow disk makes groups larger and not more numerous. `write` answers for every member; where it
 * throws, or reports that the disk failed, nothing is written any more.
 */
export const createGroupQueue = (write: (group: readonly Work[]) => Promise<GroupOutcome>): GroupQueue => {
  const waiting: Entry[] = []
  let refusal: StoreError | undefined
  let busy = false
  let drained = (): void => undefined

  const refuse = (error: StoreError): void => {
    refusal = error
    for (const entry of waiting.splice(0)) entry.reject(error)
  }

  const writeNext = async (): Promise<void> => {
    const group = waiting.splice(0, GROUP_LIMIT)
    try {
      const { outcomes, broken } = await write(group.map(({ work }) => work))
      if (broken !== undefined) refuse(brokenError(broken))
      group.forEach((entry, index) => settle(entry, outcomes[index]))
    } catch (error) {
      refuse(brokenError(messageOf(error)))
      const lost = new StoreError('failed', `the writer is gone: ${messageOf(error)}`, { cause: error })
      for (const entry of group) entry.reject(lost)
    }
    proceed()
  }

  /** Goes on in the next turn, when the callers that were just answered have had their say. */
  const proceed = (): void => {
    setImmediate(() => {
      if (waiting.length > 0) {
        void writeNext()
        return
      }
      busy = false
      drained()
    })
  }

  const start = (): void => {
    if (busy) return
    busy = true
    proceed()
  }

  return {
    add: (work) =>
      new Promise((resolve, reject) => {
        if (refusal !== undefined) {
          reject(refusal)
          return
        }
        waiting.push({ work, resolve, reject })
        start()
      }),
    drain: () => {
      refusal ??= new StoreError('closed', 'the store is closed')
      return new Promise((resolve) => {
        drained = resolve
        start()
      })
    },
  }
}
