import { storeKeyOf } from '../../domain/bytes.ts'
import { isSettled, type Job } from '../../domain/job.ts'
import { ConflictError, type ObjectStore } from '../../domain/object-store.ts'
import type { ServerRecord } from '../../domain/records.ts'
import { createJobBook, LEASE, openJob } from './job-book.ts'
import type { JobRunner } from './job-runner.ts'
import type { JobTools } from './run-job.ts'
import { failedJob, settleJob } from './settle-job.ts'

/** Jobs looked at in one sweep. */
const AT_ONCE = 500

/** A job that was found left over as often as this may be what ends the process that runs it: it is not run again. */
const MOST_TAKE_OVERS = 5

export type Sweeper = {
  readonly tools: JobTools
  readonly runner: JobRunner
  readonly store: ObjectStore
}

/** Under a store key that another server has made, and this one does not have yet: not for it to judge. */
const isAhead = ({ tools }: Sweeper, { sealed }: ServerRecord): boolean => {
  const { keys } = tools.parts
  const storeKey = (sealed && storeKeyOf(sealed)) ?? 0
  return storeKey > keys.storeKey && !keys.hasStoreKey(storeKey)
}

/** What cannot be opened is of no use to anybody. */
const opened = ({ tools }: Sweeper, record: ServerRecord): Job | undefined => {
  try {
    return openJob(tools.parts.keys, record)
  } catch (error) {
    tools.parts.log.error('asynchronous request cannot be opened, and is removed', { error })
    return undefined
  }
}

const remove = ({ store }: Sweeper, record: ServerRecord): Promise<void> =>
  store.commit({ changes: [], audit: [], records: [{ kind: 'remove', record }] })

/** Takes a job over that nobody has run: of several processes one succeeds. */
const takeOver = async ({ tools, runner }: Sweeper, record: ServerRecord, job: Job): Promise<void> => {
  const { parts, limits } = tools
  const unit = parts.createUnit()
  const now = parts.clock.now()
  const book = createJobBook(unit.recordsFor(job.principal, now), parts.keys, limits, now)
  const taken = { ...job, takenOver: job.takenOver + 1 }
  if (taken.takenOver <= MOST_TAKE_OVERS) book.save({ record, job }, taken)
  else {
    const failure = {
      reason: 'GeneralFailure',
      older: undefined,
      message: 'The operation could not be finished',
    } as const
    await settleJob(book, { record, job }, failedJob(job, failure), job.batch)
  }
  await unit.commit()
  runner.queue(taken)
}

/**
 * Removes answers whose time is over, and runs what was left over by a process that is gone.
 * @param ahead - seconds before the end of their lease at which jobs count as left over
 */
export const sweepJobs = async (sweeper: Sweeper, ahead = 0): Promise<void> => {
  const { tools, runner, store } = sweeper
  const now = tools.parts.clock.now()
  const due = await store.records.expired('job', now + ahead, AT_ONCE)
  const outcomes = await Promise.allSettled(
    due
      .filter((record) => !runner.has(record.id) && !isAhead(sweeper, record))
      .map(async (record) => {
        const job = opened(sweeper, record)
        if (job !== undefined && !isSettled(job)) return takeOver(sweeper, record, job)
        if (job === undefined || (record.expiresAt ?? now) <= now) return remove(sweeper, record)
      }),
  )
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected' && !(outcome.reason instanceof ConflictError))
      tools.parts.log.error('asynchronous requests could not be swept', { error: outcome.reason })
  }
}

/** A process that is alone with its database knows at once that what is there was left over. */
export const resumeJobs = (sweeper: Sweeper): Promise<void> => sweepJobs(sweeper, sweeper.store.exclusive ? LEASE : 0)
