import { ModuleError } from './module-error.ts'

/** Waits for `answer`, but no longer than `milliseconds`: ModuleError timeout. */
export const within = async <T>(milliseconds: number, answer: Promise<T>, what: string): Promise<T> => {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(new ModuleError('timeout', `${what} takes longer than ${Math.round(milliseconds) / 1000} s`)),
    milliseconds,
  )
  try {
    return await Promise.race([answer, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
