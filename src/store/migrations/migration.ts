import type { Dialect } from '../dialect.ts'

/** One step of the schema. Never changed once released: a later one follows instead. */
export type Migration = {
  /** Counts up from 1 without gaps. */
  readonly version: number
  /** The statements that make the step, in order; run as one transaction. */
  readonly up: (dialect: Dialect) => readonly { compile(): { readonly sql: string } }[]
}
