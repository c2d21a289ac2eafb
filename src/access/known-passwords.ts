import { createHmac, randomBytes } from 'node:crypto'
import type { User } from '../domain/users.ts'

/** Milliseconds for which a password that was right is not computed again. */
const REMEMBERED = 60_000
const MOST_ENTRIES = 10_000

/**
 * Passwords that were right a moment ago. Clients send theirs with every request, and a check is made to be slow. What
 * is kept is a digest under a key of this process: it tells nothing about the password once the process is gone.
 */
export type KnownPasswords = {
  /** Names a password of a user; another one after it was changed. */
  keyOf(user: Pick<User, 'id' | 'version'>, password: string): string
  has(key: string): boolean
  add(key: string): void
}

/** `milliseconds`: a clock that never goes back. */
export const createKnownPasswords = (milliseconds: () => number): KnownPasswords => {
  const secret = randomBytes(32)
  const until = new Map<string, number>()
  return {
    keyOf: ({ id, version }, password) =>
      createHmac('sha256', secret)
        .update(JSON.stringify([id, version, password]))
        .digest('base64'),
    has: (key) => milliseconds() < (until.get(key) ?? 0),
    add: (key) => {
      until.delete(key)
      until.set(key, milliseconds() + REMEMBERED)
      const [first] = until.keys()
      if (until.size > MOST_ENTRIES && first !== undefined) until.delete(first)
    },
  }
}
