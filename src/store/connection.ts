import type { MaybePromise } from '../domain/maybe-promise.ts'
import type { Prepare } from './statement.ts'

/** One connection to a database, on which a transaction may be open. */
export type Connection = {
  readonly prepare: Prepare
  /** Runs a statement without parameters or rows. */
  execute(text: string): MaybePromise<void>
}
