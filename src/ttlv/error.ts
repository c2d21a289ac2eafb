/**
 * What is wrong with a byte sequence. `malformed`: it is no TTLV (KMIP 2.1 section 10.1), or nested deeper than any
 * message; `size`: it is longer than this server reads; `limit`: it has more items than that; `invalid`: it is TTLV, but
 * not the structure expected.
 */
export type TtlvErrorKind = 'malformed' | 'size' | 'limit' | 'invalid'

/** A refusal of bytes, with the offset in the message at which they stop making sense. */
export class TtlvError extends Error {
  readonly kind: TtlvErrorKind
  readonly offset: number
  readonly problem: string

  constructor(kind: TtlvErrorKind, problem: string, offset: number) {
    super(`${problem} at offset ${offset}`)
    this.name = 'TtlvError'
    this.kind = kind
    this.offset = offset
    this.problem = problem
  }
}
