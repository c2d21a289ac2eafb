/**
 * Waits of one client at a time: each keeps a message in memory, and the connection that it came over may be gone long
 * before.
 */
const MOST_WAITS = 64

/** Who waits for which job, each for a limited time. */
export type JobWaiters = {
  /** Resolves when the job has been told of, or after `milliseconds`; at once where the client waits too often already. */
  wait(jobId: string, client: string, milliseconds: number): Promise<void>
  tell(jobId: string): void
}

export const createJobWaiters = (): JobWaiters => {
  const waiting = new Map<string, Set<() => void>>()
  const waits = new Map<string, number>()

  const countWaits = (client: string, more: number): void => {
    const count = (waits.get(client) ?? 0) + more
    if (count === 0) waits.delete(client)
    else waits.set(client, count)
  }

  return {
    wait: (jobId, client, milliseconds) => {
      if ((waits.get(client) ?? 0) >= MOST_WAITS) return Promise.resolve()
      countWaits(client, 1)
      const { promise, resolve } = Promise.withResolvers<undefined>()
      const those = waiting.get(jobId) ?? new Set()
      waiting.set(jobId, those)
      const done = (): void => {
        clearTimeout(timer)
        countWaits(client, -1)
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
