import { sql, type CompiledQuery, type RawBuilder } from 'kysely'
import type { QueryResultRow } from 'pg'
import type { MaybePromise } from '../domain/maybe-promise.ts'

/** What a database takes as a parameter. */
export type SqlValue = string | number | bigint | Buffer | null

/** A compiled query whose parameters are the properties of an `I` and whose rows are `O`. */
export type Statement<I, O extends QueryResultRow> = {
  /** Unique within the process: names the prepared statement on a server. Absent: not worth keeping there. */
  readonly name: string | undefined
  readonly sql: string
  readonly bind: (input: I) => SqlValue[]
  /** Never there: carries the type of the rows. */
  readonly row?: O
}

/** A place in a query that is filled with a property of the input of each execution. */
export type Slot<I> = <K extends keyof I>(property: K) => RawBuilder<I[K]>

/** A statement made ready on one connection or pool. Immediate on an embedded database. */
export type Prepared<I, O extends QueryResultRow> = {
  all(input: I): MaybePromise<readonly O[]>
  first(input: I): MaybePromise<O | undefined>
}

export type Prepare = <I, O extends QueryResultRow>(statement: Statement<I, O>) => Prepared<I, O>

let statements = 0

/**
 * Compiles a query once. `build` gets `slot`, which stands for a parameter that is known at execution only.
 * @throws Error where the query holds a parameter that is no slot: constants belong into the text (`sql.lit`)
 */
export const statement = <I extends Readonly<Record<keyof I, SqlValue>>, O extends QueryResultRow>(
  build: (slot: Slot<I>) => { compile(): CompiledQuery<O> },
): Statement<I, O> => {
  const properties = new Map<unknown, keyof I>()
  const slotFor: Slot<I> = (property) => {
    const marker = {}
    properties.set(marker, property)
    return sql`${sql.val(marker)}`
  }
  const { sql: text, parameters } = build(slotFor).compile()
  const slots = parameters.map((parameter) => {
    const property = properties.get(parameter)
    if (property === undefined) throw new Error(`a parameter of the query is no slot: ${text}`)
    return property
  })
  statements += 1
  return { name: `kmipd${statements}`, sql: text, bind: (input) => slots.map((property) => input[property]) }
}
