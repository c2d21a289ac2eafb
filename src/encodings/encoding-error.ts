import { TtlvError, type TtlvErrorKind } from '../ttlv/error.ts'

/**
 * A refusal of a message in text. The offset counts characters; the problem is a fixed text, for what was read may be a
 * key. The names of the tags down to the place, and what could be read up to there, go with it.
 */
export class EncodingError extends TtlvError {
  /** Names of the tags, outermost first. */
  readonly path: readonly string[]
  /** The items up to the error, as TTLV with its structures closed; empty where there is none. */
  readonly partial: Buffer

  constructor(kind: TtlvErrorKind, problem: string, offset: number, path: readonly string[], partial?: Buffer) {
    super(kind, problem, offset)
    this.name = 'EncodingError'
    this.path = path
    this.partial = partial ?? Buffer.alloc(0)
  }
}
