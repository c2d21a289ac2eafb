/** Why a store does not open, or does not take a commit. Switch on the code; the message is for people. */
export type StoreProblem =
  /** Another process holds the data directory. */
  | 'in-use'
  /** There is no database where one is needed. */
  | 'missing'
  | 'not-a-database'
  /** A database of some other program. */
  | 'foreign'
  | 'corrupt'
  /** Written by a newer version of this program. */
  | 'newer-schema'
  /** The server may lose what it has acknowledged: fsync or synchronous commits are off. */
  | 'unsafe-server'
  | 'unreachable'
  /** A write failed at the disk: nothing is written any more until the program is started again. */
  | 'read-only'
  | 'closed'
  | 'failed'

/** A failure of the database itself. The message holds no data of any row. */
export class StoreError extends Error {
  readonly problem: StoreProblem

  constructor(problem: StoreProblem, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StoreError'
    this.problem = problem
  }
}

/** The message of whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** The code that a database driver gives its errors, or an empty text. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
