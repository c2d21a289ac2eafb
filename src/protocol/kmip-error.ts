import type { Version } from '../schema/version.ts'
import type { ResultReason } from './enums/result-reason.ts'

export type KmipErrorOptions = {
  /** For the log alone. */
  readonly cause?: unknown
  /**
   * What this operation says where the version of the request does not know the reason, if it is not what `reasons.ts`
   * says in general: the error tables of 1.x differ from operation to operation (1.4 section 11).
   */
  readonly older?: ResultReason
  /**
   * The version whose error table of this operation is the first to have the reason, where the standard has had it for
   * longer; `older` is said before (2.0 section 6.1 against 2.1 section 6.1).
   */
  readonly since?: Version
}

/**
 * A failure that the client is told: a reason of the standard, and a fixed text. Nothing from the request, from a
 * library or from the system goes into the text.
 */
export class KmipError extends Error {
  readonly reason: ResultReason
  readonly older: ResultReason | undefined
  readonly since: Version | undefined

  constructor(reason: ResultReason, message: string, options: KmipErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'KmipError'
    this.reason = reason
    this.older = options.older
    this.since = options.since
  }
}
