import { KmipError } from '../protocol/kmip-error.ts'

/** Runs jobs, a bounded number at once, while a bounded number waits. */
export type WorkQueue = {
  /** @throws KmipError ServerLimitExceeded where too many wait already */
  run<T>(job: () => Promise<T>): Promise<T>
}

export type WorkLimits = {
  readonly running: number
  readonly waiting: number
  /** What those are told who come when too many wait. */
  readonly refusal: string
}

export const createWorkQueue = (limits: WorkLimits): WorkQueue => {
  const waiting: (() => void)[] = []
  let running = 0

  const turn = (): Promise<void> => {
    if (running < limits.running) {
      running += 1
      return Promise.resolve()
    }
    // The place of the job that ends is handed over: `running` stays as it is.
    return new Promise((resolve) => waiting.push(resolve))
  }

  const leave = (): void => {
    const next = waiting.shift()
    if (next === undefined) running -= 1
    else next()
  }

  return {
    run: async (job) => {
      if (waiting.length >= limits.waiting) {
        throw new KmipError('ServerLimitExceeded', limits.refusal)
      }
      await turn()
      try {
        return await job()
      } finally {
        leave()
      }
    },
  }
}
