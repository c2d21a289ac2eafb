import { type MaybePromise, then } from '../domain/maybe-promise.ts'
import type { User } from '../domain/users.ts'
import { createWorkQueue } from '../domain/work-queue.ts'
import type { Guesses } from './guesses.ts'
import { createKnownPasswords } from './known-passwords.ts'
import { checkNobody, isPassword } from './password.ts'

/** Checks that are computed at once, each in 32 MiB, and that wait: the pool of threads serves everything else, too. */
const CHECKS = { running: 2, waiting: 64, refusal: 'Too many passwords are being checked: try again later' } as const

/** Checks passwords: slowly, because that is the point, but not the same one twice within a minute. */
export type PasswordCheck = {
  /** `guess` names who tries, and as whom. @throws KmipError ServerLimitExceeded */
  verify(user: User, password: string, guess: string): MaybePromise<boolean>
  /** Takes as long, for a user who is not there. @throws KmipError ServerLimitExceeded */
  verifyNobody(password: string, guess: string): MaybePromise<void>
}

export const createPasswordCheck = (guesses: Guesses, milliseconds: () => number): PasswordCheck => {
  const known = createKnownPasswords(milliseconds)
  const queue = createWorkQueue(CHECKS)
  /** One computation for all who send the same password at once: a client begins with many connections. */
  const checking = new Map<string, Promise<boolean>>()

  const check = async (key: string, user: User, password: string, guess: string): Promise<boolean> => {
    try {
      const isRight = await queue.run(() => isPassword(password, user.verifier))
      if (!isRight) return false
      known.add(key)
      guesses.succeed(guess)
      return true
    } finally {
      checking.delete(key)
    }
  }

  const start = (key: string, user: User, password: string, guess: string): MaybePromise<boolean> => {
    if (!guesses.begin(guess)) return false
    const running = check(key, user, password, guess)
    checking.set(key, running)
    return running
  }

  return {
    verify: (user, password, guess) => {
      const key = known.keyOf(user, password)
      if (known.has(key)) return true
      return checking.get(key) ?? start(key, user, password, guess)
    },
    verifyNobody: (password, guess) => {
      if (!guesses.begin(guess)) return
      return then(
        queue.run(() => checkNobody(password)),
        () => undefined,
      )
    },
  }
}
