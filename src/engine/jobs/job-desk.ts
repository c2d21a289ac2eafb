import {
  correlationValueOf,
  isSettled,
  jobIdIn,
  type JobOutcome,
  type Jobs,
  type OutstandingJob,
} from '../../domain/job.ts'
import { decodeJobDocument } from '../../domain/job-record.ts'
import type { Principal } from '../../domain/principal.ts'
import type { Records, ServerRecord } from '../../domain/records.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { Version } from '../../schema/version.ts'
import type { EngineParts } from '../run-item.ts'
import { createJobBook, type OpenedJob } from './job-book.ts'
import type { JobRunner } from './job-runner.ts'
import { canceledJob, settleJob } from './settle-job.ts'

/** Milliseconds for which Poll waits for what is about to be ready, so that clients ask less often. */
const POLL_WAIT = 1_000

/** Milliseconds for which Process waits for the job to run. */
const PROCESS_WAIT = 60_000

/** What takes the place of the item in work. */
export type JobAnswer =
  | { readonly kind: 'pending'; readonly correlationValue: Buffer }
  | {
      readonly kind: 'settled'
      readonly operation: number
      /** Version in which the payload is. */
      readonly version: Version
      readonly outcome: JobOutcome
    }

/** The jobs of the client for one item, and what Poll has found for it. */
export type JobDesk = Jobs & { readonly answer: JobAnswer | undefined }

type DeskOptions = {
  readonly parts: EngineParts
  readonly principal: Principal
  readonly records: Records
  readonly now: number
}

const unknownValue = (): KmipError =>
  new KmipError('InvalidAsynchronousCorrelationValue', 'No outstanding request has that Asynchronous Correlation Value')

const outstandingOf = (record: ServerRecord, { isRunning }: JobRunner): readonly OutstandingJob[] => {
  const { operation, submittedAt, stage, reported } = decodeJobDocument(record.document)
  const actual = stage === 'Submitted' && isRunning(record.id) ? 'InProcess' : stage
  return reported ? [] : [{ correlationValue: correlationValueOf(record.id), operation, submittedAt, stage: actual }]
}

export const createJobDesk = ({ parts, principal, records, now }: DeskOptions): JobDesk => {
  const { runner, limits } = parts.jobs
  const book = createJobBook(records, parts.keys, limits, now)
  let answer: JobAnswer | undefined

  /** A ticket with rights never has jobs: they are done, and answered, with all rights of the client (2.1 section 6.1.12). */
  const hasJobs = principal.ticket?.rights === undefined

  /** A job of somebody else is none. */
  const find = async (correlationValue: Buffer): Promise<OpenedJob | undefined> => {
    const id = jobIdIn(correlationValue)
    const opened = id === undefined || !hasJobs ? undefined : await book.find(id)
    return opened?.record.owner === principal.id ? opened : undefined
  }

  const get = async (correlationValue: Buffer): Promise<OpenedJob> => {
    const opened = await find(correlationValue)
    if (opened === undefined) throw unknownValue()
    return opened
  }

  return {
    get answer() {
      return answer
    },
    poll: async (correlationValue) => {
      let opened = await get(correlationValue)
      if (!isSettled(opened.job)) {
        await runner.waitFor(opened.job, POLL_WAIT)
        opened = await get(correlationValue)
      }
      const { operation, version, outcome } = opened.job
      if (outcome === undefined) answer = { kind: 'pending', correlationValue }
      else {
        book.remove(opened)
        answer = { kind: 'settled', operation, version, outcome }
      }
    },
    cancel: async (correlationValue) => {
      const opened = await find(correlationValue)
      if (opened === undefined) return 'Unavailable'
      const { job } = opened
      if (!isSettled(job)) {
        await settleJob(book, opened, canceledJob(job), job.batch)
        return 'Canceled'
      }
      if (job.state === 'Canceled') return 'Canceled'
      book.report(opened)
      return job.outcome?.status === 'Success' ? 'Completed' : 'Failed'
    },
    process: async (correlationValue) => {
      const { job } = await get(correlationValue)
      if (isSettled(job)) throw new KmipError('DuplicateProcessRequest', 'The request has been processed already')
      runner.hurry({ ...job, request: undefined })
      await runner.waitFor(job, PROCESS_WAIT)
      if (!isSettled((await get(correlationValue)).job))
        throw new KmipError('GeneralFailure', 'The request could not be processed in time')
    },
    outstanding: async () => {
      if (!hasJobs) return []
      const found = await records.list({ kind: 'job', owner: principal.id, limit: limits.perClient })
      return found.flatMap((record) => outstandingOf(record, runner))
    },
  }
}
