/** How many wrong passwords are taken at their usual speed, and how long the next one has to wait at most. */
const FREE_GUESSES = 5
const LONGEST_WAIT = 300_000
const MOST_ENTRIES = 10_000

type Entry = { failures: number; lockedUntil: number }

/** Slows down who tries one password after the other. */
export type Guesses = {
  /**
   * Counts an attempt as failed until it turns out otherwise: what comes at once counts as what comes one after the
   * other. False where this one came too early, and is not to be looked at.
   */
  begin(key: string): boolean
  /** The attempt was no guess. */
  succeed(key: string): void
}

const waitAfter = (failures: number): number =>
  failures < FREE_GUESSES ? 0 : Math.min(LONGEST_WAIT, 1000 * 2 ** (failures - FREE_GUESSES))

/** `milliseconds`: a clock that never goes back. */
export const createGuesses = (milliseconds: () => number): Guesses => {
  const entries = new Map<string, Entry>()

  const entryOf = (key: string): Entry => {
    const known = entries.get(key)
    // The most recently used comes last; the first is dropped where there are too many.
    if (known !== undefined) entries.delete(key)
    const entry = known ?? { failures: 0, lockedUntil: 0 }
    entries.set(key, entry)
    const [first] = entries.keys()
    if (entries.size > MOST_ENTRIES && first !== undefined) entries.delete(first)
    return entry
  }

  return {
    begin: (key) => {
      const entry = entryOf(key)
      const now = milliseconds()
      if (now < entry.lockedUntil) return false
      entry.failures += 1
      entry.lockedUntil = now + waitAfter(entry.failures)
      return true
    },
    succeed: (key) => {
      entries.delete(key)
    },
  }
}
