import {
  type BatchSnapshot,
  isSettled,
  type Job,
  type JobFailure,
  type JobOutcome,
  siblingId,
} from '../../domain/job.ts'
import type { JobBook, OpenedJob } from './job-book.ts'

/** What an item is answered that comes after one that failed, in a batch that stops there. */
export const NOT_RUN: JobFailure = {
  reason: 'GeneralFailure',
  older: undefined,
  message: 'Another item of the batch has failed',
}

/** What Poll says of a job that was canceled (1.4 section 6.10, 2.1 section 11.46). */
export const CANCELED: JobFailure = {
  reason: 'OperationCanceledByRequester',
  older: undefined,
  message: 'The operation has been canceled',
}

export const doneJob = (job: Job, outcome: JobOutcome): Job => ({ ...job, state: 'Done', request: undefined, outcome })

export const failedJob = (job: Job, failure: JobFailure): Job => doneJob(job, { status: 'OperationFailed', failure })

export const canceledJob = (job: Job): Job => ({ ...failedJob(job, CANCELED), state: 'Canceled' })

/** All of these come to nothing. */
const giveUp = async (book: JobBook, ids: readonly string[]): Promise<void> => {
  for (const id of ids) {
    const opened = await book.find(id)
    if (opened !== undefined && !isSettled(opened.job)) book.save(opened, failedJob(opened.job, NOT_RUN))
  }
}

const release = async (book: JobBook, ids: readonly string[], batch: BatchSnapshot): Promise<void> => {
  for (const id of ids) {
    const opened = await book.find(id)
    if (opened === undefined || isSettled(opened.job)) continue
    book.save(opened, { ...opened.job, state: 'Ready', batch })
    return
  }
}

const places = (job: Job, from: number): readonly string[] =>
  Array.from({ length: job.count - from }, (_, index) => siblingId(job.id, from + index))

/**
 * Writes down what has come of a job, and what follows for those behind it in its batch, which have been waiting: one
 * item after the other, as in a batch that is answered at once (1.4 sections 6.12 and 6.13, 2.1 sections 9.6 and 9.8).
 */
export const settleJob = async (book: JobBook, opened: OpenedJob, settled: Job, left: BatchSnapshot): Promise<void> => {
  book.save(opened, settled)
  const { option, position, outcome } = settled
  const behind = places(settled, position + 1)
  if (outcome?.status === 'Success') return release(book, behind, left)
  if (option === 'Continue') return release(book, behind, { ...left, placeholder: undefined })
  return giveUp(book, option === 'Undo' ? places(settled, 0) : behind)
}
