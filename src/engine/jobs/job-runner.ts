import { batchIdOf, type Job, siblingId } from '../../domain/job.ts'
import { createJobWaiters, type JobWaiters } from './job-waiters.ts'
import { type JobTools, runJob, runUndoBatch } from './run-job.ts'

/** Batches whose jobs run at once. Those of one batch run one after the other. */
const MOST_RUNNING = 4

/** Batches that run at once where clients do not want to wait: more of them are only the next ones. */
const MOST_HURRIED = 16

/** Runs what has been accepted, in the background, and tells those who wait for it. */
export type JobRunner = {
  /** Puts the batch of the job at the end of the queue, unless it is there. */
  queue(job: Job): void
  /** Runs the batch of the job now, or as soon as there is room, whatever comes before it. */
  hurry(job: Job): void
  /** Whether the batch of the job is queued or running in this process. */
  has(jobId: string): boolean
  readonly isRunning: (jobId: string) => boolean
  /** Resolves when the job has run, or after `milliseconds`; at once where it is not here. */
  waitFor(job: Job, milliseconds: number): Promise<void>
  /** Takes nothing new, and resolves when nothing runs any more. What is left is in the database. */
  stop(): Promise<void>
}

const idsOf = ({ id, count }: Job): readonly string[] =>
  Array.from({ length: count }, (_, position) => siblingId(id, position))

type Progress = {
  readonly tools: JobTools
  readonly waiters: JobWaiters
  /** Jobs that are running. */
  readonly current: Set<string>
  readonly isStopped: () => boolean
}

const runWith = async (
  { current, waiters }: Progress,
  ids: readonly string[],
  run: () => Promise<void>,
): Promise<void> => {
  for (const id of ids) current.add(id)
  try {
    await run()
  } finally {
    for (const id of ids) current.delete(id)
    for (const id of ids) waiters.tell(id)
  }
}

/** Runs the jobs of a batch one after the other, or with Undo all together. */
const runBatch = async (progress: Progress, job: Job): Promise<void> => {
  const { tools, isStopped } = progress
  const ids = idsOf(job)
  if (job.option === 'Undo') return runWith(progress, ids, () => runUndoBatch(tools, job))
  for (const id of ids) {
    if (isStopped()) return
    await runWith(progress, [id], () => runJob(tools, { ...job, id }))
  }
}

export const createJobRunner = (tools: JobTools): JobRunner => {
  const waiters = createJobWaiters()
  const queued = new Map<string, Job>()
  const running = new Map<string, { readonly owner: string; readonly run: Promise<void> }>()
  let stopped = false
  const progress: Progress = { tools, waiters, current: new Set(), isStopped: () => stopped }

  const begin = (batchId: string, job: Job): void => {
    queued.delete(batchId)
    const run = runBatch(progress, job)
      .catch((error: unknown) => {
        tools.parts.log.error('asynchronous request could not be run, and will be tried again', { error })
      })
      .finally(() => {
        running.delete(batchId)
        for (const id of idsOf(job)) waiters.tell(id)
        next()
      })
    running.set(batchId, { owner: job.principal.id, run })
  }

  /** Clients of whom nothing runs come first, so that the many jobs of one do not keep the others waiting. */
  const next = (): void => {
    if (running.size >= MOST_RUNNING || stopped) return
    const served = new Set([...running.values()].map(({ owner }) => owner))
    const jobs = [...queued.values()]
    const first = jobs.find(({ principal }) => !served.has(principal.id)) ?? jobs[0]
    if (first !== undefined) begin(batchIdOf(first.id), first)
  }

  const putFirst = (batchId: string, job: Job): void => {
    const others = [...queued].filter(([id]) => id !== batchId)
    queued.clear()
    queued.set(batchId, job)
    for (const [id, other] of others) queued.set(id, other)
  }

  const has = (jobId: string): boolean => queued.has(batchIdOf(jobId)) || running.has(batchIdOf(jobId))

  return {
    queue: (job) => {
      if (stopped || has(job.id)) return
      queued.set(batchIdOf(job.id), job)
      next()
    },
    hurry: (job) => {
      const batchId = batchIdOf(job.id)
      if (stopped || running.has(batchId)) return
      if (running.size < MOST_HURRIED) begin(batchId, job)
      else putFirst(batchId, job)
    },
    has,
    isRunning: (jobId) => progress.current.has(jobId),
    waitFor: ({ id, principal }, milliseconds) =>
      has(id) ? waiters.wait(id, principal.id, milliseconds) : Promise.resolve(),
    stop: async () => {
      stopped = true
      queued.clear()
      await Promise.all([...running.values()].map(({ run }) => run))
    },
  }
}
