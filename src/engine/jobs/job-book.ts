import { KmipError } from '../../protocol/kmip-error.ts'
import { isSettled, type Job } from '../../domain/job.ts'
import { decodeJob, encodeJob, encodeJobDocument } from '../../domain/job-record.ts'
import type { KeyStore } from '../../domain/key-store.ts'
import { type MaybePromise, then } from '../../domain/maybe-promise.ts'
import type { Records, ServerRecord } from '../../domain/records.ts'

/** What bounds jobs. */
export type JobLimits = {
  /** Jobs that a client may have at a time: those that have not run, and those whose answer it has not fetched. */
  readonly perClient: number
  /** Seconds for which an answer is kept that nobody fetches. */
  readonly keep: number
  /** Bytes that an answer may have. */
  readonly answerSize: number
}

/**
 * Seconds after which a job that has not run is taken for left over, whoever accepted it. Two that run one job at once
 * do no harm: one of them commits.
 */
export const LEASE = 30

export type OpenedJob = { readonly record: ServerRecord; readonly job: Job }

/** @throws KmipError CryptographicFailure where the record is not what was sealed */
export const openJob = (keys: KeyStore, record: ServerRecord): Job => {
  const { kind, id, sealed } = record
  const job = sealed && decodeJob(keys.openRecord({ kind, id }, sealed))
  if (job?.id === id && job.principal.id === record.owner && job.principal.tenant === record.tenant) return job
  throw new KmipError('CryptographicFailure', 'The stored request cannot be opened')
}

/** The jobs as one unit of work has them. */
export type JobBook = {
  find(id: string): MaybePromise<OpenedJob | undefined>
  add(job: Job): void
  save(opened: OpenedJob, job: Job): void
  /** Notes that Cancel has told what came of it. */
  report(opened: OpenedJob): void
  remove(opened: OpenedJob): void
}

type Changes = Pick<ServerRecord, 'expiresAt' | 'document' | 'sealed'>

const documentOf = (job: Job, reported: boolean): Buffer =>
  encodeJobDocument({
    operation: job.operation,
    submittedAt: job.submittedAt,
    stage: isSettled(job) ? 'Completed' : 'Submitted',
    reported,
  })

export const createJobBook = (records: Records, keys: KeyStore, limits: JobLimits, now: number): JobBook => {
  const written = (job: Job): Changes => {
    const clear = encodeJob(job)
    const sealed = keys.sealRecord({ kind: 'job', id: job.id }, clear)
    clear.fill(0)
    const expiresAt = now + (isSettled(job) ? limits.keep : LEASE)
    return { expiresAt, document: documentOf(job, job.state === 'Canceled'), sealed }
  }
  return {
    find: (id) =>
      then(records.find('job', id), (record) =>
        record === undefined ? undefined : { record, job: openJob(keys, record) },
      ),
    add: (job) => records.add({ kind: 'job', id: job.id, owner: job.principal.id, ...written(job) }),
    save: ({ record }, job) => records.replace(record, written(job)),
    report: ({ record, job }) => records.replace(record, { document: documentOf(job, true) }),
    remove: ({ record }) => records.remove(record),
  }
}
