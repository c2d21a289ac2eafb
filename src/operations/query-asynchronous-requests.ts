import type { OutstandingJob } from '../domain/job.ts'
import { then } from '../domain/maybe-promise.ts'
import { PROCESSING_STAGE } from '../protocol/enumerations.ts'
import { TAG } from '../protocol/tags.ts'
import { bytes, dateTimeExtended, enumerationCode, enumOf } from '../schema/primitives.ts'
import { optional, repeated, required, struct } from '../schema/struct.ts'
import { asynchronousCorrelationValue } from './fields.ts'
import { defineOperation } from './define-operation.ts'

/** Asynchronous Correlation Values (2.1 section 7.1). */
const correlationValues = struct('Asynchronous Correlation Values', {
  values: repeated(TAG.AsynchronousCorrelationValue, bytes),
})

const operationList = struct('Operations', { codes: repeated(TAG.Operation, enumerationCode) })

/** Asynchronous Request (2.1 section 7.2). */
const asynchronousRequest = struct('Asynchronous Request', {
  asynchronousCorrelationValue,
  operation: required(TAG.Operation, enumerationCode),
  submissionDate: required(TAG.SubmissionDate, dateTimeExtended),
  processingStage: required(TAG.ProcessingStage, enumOf(PROCESSING_STAGE)),
})

const MICROSECONDS = 1_000_000n

const describe = ({ correlationValue, operation, submittedAt, stage }: OutstandingJob) => ({
  asynchronousCorrelationValue: correlationValue,
  operation,
  submissionDate: BigInt(submittedAt) * MICROSECONDS,
  processingStage: stage,
})

/** A list without anything in it asks for nothing in particular. */
const isWanted = <T>(list: readonly T[] | undefined, matches: (value: T) => boolean): boolean =>
  list === undefined || list.length === 0 || list.some(matches)

/**
 * Query Asynchronous Requests: those of this client whose result it has not fetched by Poll, or heard of by Cancel (2.1
 * section 6.1.41). Where both lists are given, a request has to be in both.
 */
export const queryAsynchronousRequests = defineOperation({
  name: 'QueryAsynchronousRequests',
  spec: { '2.1': '6.1.41' },
  asynchronous: 'never',
  request: {
    asynchronousCorrelationValues: optional(TAG.AsynchronousCorrelationValues, correlationValues),
    operations: optional(TAG.Operations, operationList),
  },
  response: { asynchronousRequests: repeated(TAG.AsynchronousRequest, asynchronousRequest) },
  handle: ({ jobs }, request) =>
    then(jobs().outstanding(), (outstanding) => ({
      asynchronousRequests: outstanding
        .filter(({ correlationValue }) =>
          isWanted(request.asynchronousCorrelationValues?.values, (value) => value.equals(correlationValue)),
        )
        .filter(({ operation }) => isWanted(request.operations?.codes, (code) => code === operation))
        .map(describe),
    })),
})
