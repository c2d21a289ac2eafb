import type { KmipServer } from './server.ts'

/** What a garbage collector may owe between two looks, in bytes. */
const MOST_GROWTH = 16 * 1_048_576

const TRIES = 4

/**
 * Whether the memory of a server stays as it is while `round` is repeated, after a warm-up. What leaks grows every time;
 * what the collector has not come to yet does not, so one quiet series of several is enough.
 */
export const staysFlat = async (server: KmipServer, rounds: number, round: () => Promise<void>): Promise<boolean> => {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const before = await server.residentBytes()
    for (let count = 0; count < rounds; count += 1) await round()
    if ((await server.residentBytes()) - before < MOST_GROWTH) return true
  }
  return false
}
