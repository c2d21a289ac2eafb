/** Who waits for which job, each for a limited time. */
export type JobWaiters = {
  /** Resolves when the job has been told of, or after `milliseconds`. */
  wait(jobId: string, milliseconds: number): Promise<void>
  tell(jobId: string): void
}

export const createJobWaiters = (): JobWaiters => {
  const waiting = new Map<string, Set<() => void>>()
  return {
    wait: (jobId, milliseconds) => {
      const { promise, resolve } = Promise.withResolvers<undefined>()
      const those = waiting.get(jobId) ?? new Set()
      waiting.set(jobId, those)
      const done = (): void => {
        clearTimeout(timer)
        those.delete(done)
        if (those.size === 0) waiting.delete(jobId)
        resolve(undefined)
      }
      const timer = setTimeout(done, milliseconds)
      those.add(done)
      return promise
    },
    tell: (jobId) => {
      for (const done of [...(waiting.get(jobId) ?? [])]) done()
    },
  }
}
