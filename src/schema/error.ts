/** How a well-formed item fails to be what the schema says (KMIP 1.4 section 11.1, 2.1 section 11.46). */
export type SchemaProblem =
  | 'wrong-type'
  | 'missing-field'
  | 'repeated-field'
  | 'misplaced-field'
  | 'unknown-tag'
  | 'unknown-enumeration'
  | 'unknown-attribute'
  | 'invalid-value'

/** A structure that does not fit its schema: the problem, the offset of the item and the name of what was expected. */
export class SchemaError extends Error {
  readonly problem: SchemaProblem
  readonly offset: number

  constructor(problem: SchemaProblem, expected: string, offset: number) {
    super(`${problem}: ${expected} at offset ${offset}`)
    this.name = 'SchemaError'
    this.problem = problem
    this.offset = offset
  }
}
