import type { ResultReason } from './enums/result-reason.ts'

/**
 * A failure that the client is told: a reason of the standard, and a fixed text. Nothing from the request, from a
 * library or from the system goes into the text; the cause is for the log alone.
 */
export class KmipError extends Error {
  readonly reason: ResultReason

  constructor(reason: ResultReason, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'KmipError'
    this.reason = reason
  }
}
