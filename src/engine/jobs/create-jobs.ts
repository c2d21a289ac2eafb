import type { ObjectStore } from '../../domain/object-store.ts'
import type { EngineParts } from '../run-item.ts'
import { createWriterPool } from '../writer-pool.ts'
import type { JobLimits } from './job-book.ts'
import { createJobRunner } from './job-runner.ts'
import type { JobTools } from './run-job.ts'
import { resumeJobs, sweepJobs } from './sweep-jobs.ts'

/** Where nothing else is said. */
const LIMITS: JobLimits = { perClient: 500, keep: 86_400, answerSize: 1024 * 1024 }

/** Milliseconds from one look at what is left over to the next. */
const SWEEP_EVERY = 5_000

export type JobOptions = {
  readonly store: ObjectStore
  readonly jobLimits?: JobLimits
  /** The principal as it is by now; undefined where it may not do anything any more. */
  readonly currentPrincipal?: JobTools['current']
}

/** What works without being asked, beside the messages that are answered. */
export type Background = {
  /** Takes up what an earlier process has left, and looks after it from then on. */
  start(): Promise<void>
  /** Removes answers whose time is over, runs what was left over, rotates what is due: again and again once it has started. */
  sweep(): Promise<void>
  /** Waits for what is in work. What is not is left for the next start. */
  stop(): Promise<void>
}

/** Completes the engine by what answers later. */
export const createJobs = (
  base: Omit<EngineParts, 'jobs'>,
  { store, jobLimits: limits = LIMITS, currentPrincipal: current = (principal) => principal }: JobOptions,
): { readonly parts: EngineParts; readonly background: Background } => {
  // Each needs the other: jobs are performed by the engine, and accepted by it.
  const parts: EngineParts = {
    ...base,
    get jobs() {
      return jobs
    },
  }
  const tools: JobTools = { parts, pool: createWriterPool(), limits, current }
  const runner = createJobRunner(tools)
  const jobs = { runner, limits }
  const sweeper = { tools, runner, store }
  const sweep = (): Promise<void> =>
    sweepJobs(sweeper).catch((error: unknown) => {
      base.log.error('asynchronous requests could not be swept', { error })
    })
  let timer: NodeJS.Timeout | undefined
  return {
    parts,
    background: {
      sweep,
      start: async () => {
        await resumeJobs(sweeper)
        timer = setInterval(() => void sweep(), SWEEP_EVERY).unref()
      },
      stop: async () => {
        clearInterval(timer)
        await runner.stop()
      },
    },
  }
}
