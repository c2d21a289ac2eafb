import { ModuleError } from './module-error.ts'

/*
 * The circuit breaker: after a failure of the module it says how long not to try again, so that calls that cannot
 * succeed fail at once instead of waiting for their deadlines. The times are those of a clock that is handed in.
 */

export type Circuit = {
  /** Failures since the module last did what it was asked. */
  readonly failures: number
  /** Milliseconds until the module is tried again. */
  readonly rest: number
  readonly lastFault: ModuleError | undefined
  /** @throws ModuleError unavailable, with the last fault, while the circuit is open */
  check(): void
  failed(fault: ModuleError): void
  worked(): void
}

/** A single failure costs no pause; then it doubles from a quarter of a second on. */
const FIRST_PAUSE = 250
const LONGEST_PAUSE = 30_000

const pauseAfter = (failures: number): number =>
  failures <= 1 ? 0 : Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 2))

export const createCircuit = (milliseconds: () => number): Circuit => {
  let failures = 0
  let until = 0
  let lastFault: ModuleError | undefined

  return {
    get failures() {
      return failures
    },
    get rest() {
      return Math.max(0, until - milliseconds())
    },
    get lastFault() {
      return lastFault
    },
    check: () => {
      if (lastFault !== undefined && milliseconds() < until)
        throw new ModuleError('unavailable', `the module does not work just now: ${lastFault.message}`, {
          cause: lastFault,
        })
    },
    failed: (fault) => {
      failures += 1
      lastFault = fault
      until = milliseconds() + pauseAfter(failures)
    },
    worked: () => {
      failures = 0
      until = 0
    },
  }
}
