import type { ResultReason } from '../protocol/enums/result-reason.ts'
import { RESULT_REASON } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { reasonFor } from '../protocol/reasons.ts'
import { SchemaError, type SchemaProblem } from '../schema/error.ts'
import { inRange, type Version } from '../schema/version.ts'
import { TtlvError, type TtlvErrorKind } from '../ttlv/error.ts'
import { DuplicateError } from '../domain/object-store.ts'

/** A failure as the client is told. The message comes from a fixed list; real clients dereference it unasked. */
export type Failure = {
  readonly reason: ResultReason
  readonly older: ResultReason | undefined
  /** First version that is told the reason, where that is later than the reason itself. */
  readonly since?: Version | undefined
  readonly message: string
}

/** Structures that are not what the standard says (1.4 section 11.1, 2.1 section 11.46). */
const SCHEMA_FAILURES: Readonly<Record<SchemaProblem, readonly [ResultReason, string]>> = {
  'wrong-type': ['InvalidMessage', 'A field has the wrong type'],
  'missing-field': ['InvalidMessage', 'A required field is missing'],
  'repeated-field': ['InvalidMessage', 'A field occurs more than once'],
  'misplaced-field': ['InvalidMessage', 'A field is out of order'],
  'unknown-tag': ['UnknownTag', 'A field is not known here'],
  'unknown-enumeration': ['UnknownEnumeration', 'An enumeration has an unknown value'],
  'unknown-attribute': ['InvalidAttribute', 'An attribute is not known'],
  'invalid-value': ['InvalidField', 'A field has an invalid value'],
}

const TTLV_FAILURES: Readonly<Record<TtlvErrorKind, readonly [ResultReason, ResultReason, string]>> = {
  malformed: ['CodecError', 'InvalidMessage', 'The message is malformed'],
  size: ['ServerLimitExceeded', 'InvalidMessage', 'The message is larger than the server takes'],
  limit: ['ServerLimitExceeded', 'GeneralFailure', 'The message exceeds a limit of the server'],
  invalid: ['InvalidField', 'InvalidField', 'A field has an invalid value'],
}

/** What a client is told about an error; undefined for one that is the server's own. */
export const knownFailure = (error: unknown): Failure | undefined => {
  if (error instanceof KmipError) {
    const { reason, older, since, message } = error
    return { reason, older, since, message }
  }
  if (error instanceof SchemaError) {
    const [reason, message] = SCHEMA_FAILURES[error.problem]
    return { reason, older: undefined, message }
  }
  if (error instanceof TtlvError) {
    const [reason, older, message] = TTLV_FAILURES[error.kind]
    return { reason, older, message }
  }
  if (error instanceof DuplicateError) {
    return error.what === 'name'
      ? { reason: 'NonUniqueNameAttribute', older: undefined, message: 'Another object has that Name' }
      : { reason: 'ObjectAlreadyExists', older: undefined, message: 'An object with that Unique Identifier exists' }
  }
  return undefined
}

/** Anything unforeseen: one fixed text, the cause goes to the log. */
export const GENERAL_FAILURE: Failure = {
  reason: 'GeneralFailure',
  older: undefined,
  message: 'The server could not perform the operation',
}

/** The reason in the words of a version. */
export const reasonIn = ({ reason, older, since }: Failure, version: Version): ResultReason =>
  older !== undefined && !(RESULT_REASON.knownIn(reason, version) && inRange(version, { since }))
    ? reasonFor(older, version)
    : reasonFor(reason, version)
