import type {
  BatchErrorContinuationOption,
  CancellationResult,
  Ephemeral,
  Operation,
  ProcessingStage,
  ResultReason,
} from '../protocol/enumerations.ts'
import type { Version } from '../schema/version.ts'
import type { MaybePromise } from './maybe-promise.ts'
import type { Principal } from './principal.ts'

/*
 * Asynchronous requests (1.4 sections 4.27, 4.28, 6.7 and 6.8; 2.1 sections 6.1.5, 6.1.38, 6.1.39, 6.1.41, 9.1 and 9.2).
 * Each batch item that is answered later is a job: a record, which keeps the request until the job has run and its
 * answer until the client has asked for it.
 */

/** `Waiting` for those before it in its batch; `Ready` to run; the others are settled. */
export type JobState = 'Waiting' | 'Ready' | 'Canceled' | 'Done'

/** What those of a batch that have run leave to those that follow. */
export type BatchSnapshot = {
  readonly placeholder: string | undefined
  readonly history: readonly { readonly operation: Operation; readonly ids: readonly string[] }[]
  /** Absent where no other item can use them. */
  readonly outputs: readonly { readonly operation: Operation; readonly data: Buffer }[] | undefined
  readonly answered: readonly string[] | undefined
}

/** A failure, so that it can be told in the words of the version in which it is asked for. */
export type JobFailure = {
  readonly reason: ResultReason
  readonly older: ResultReason | undefined
  readonly since?: Version | undefined
  readonly message: string
}

/** What has come of a job. Payloads are in the version of the request. */
export type JobOutcome =
  | { readonly status: 'Success' | 'OperationUndone'; readonly payload: Buffer | undefined }
  | { readonly status: 'OperationFailed'; readonly failure: JobFailure }

export type Job = {
  readonly id: string
  /** Whose it is, as it was when the request came. */
  readonly principal: Principal
  readonly version: Version
  /** Code of the operation, whether the server knows it or not. */
  readonly operation: number
  readonly ephemeral: Ephemeral | false | undefined
  readonly option: BatchErrorContinuationOption
  /** Its place among the jobs of its batch, and how many they are. */
  readonly position: number
  readonly count: number
  /** Seconds since 1970. */
  readonly submittedAt: number
  /** How often a process has found it left over by another one. */
  readonly takenOver: number
  readonly state: JobState
  readonly batch: BatchSnapshot
  /** The request payload; absent once the job is settled. */
  readonly request: Buffer | undefined
  /** Absent until the job has run. */
  readonly outcome: JobOutcome | undefined
}

export const isSettled = ({ state }: Job): boolean => state === 'Canceled' || state === 'Done'

/** How many digits of a job's identifier tell its batch, and how many its place there. */
const BATCH_DIGITS = 32
const PLACE_DIGITS = 4
const ID_BYTES = (BATCH_DIGITS + PLACE_DIGITS) / 2

/** Identifies the jobs of a batch by an identifier of this server, which is a UUID. */
export const batchIdOf = (id: string): string => id.replaceAll('-', '').slice(0, BATCH_DIGITS)

export const jobIdOf = (batchId: string, position: number): string =>
  batchId + position.toString(16).padStart(PLACE_DIGITS, '0')

/** The job of the same batch at another place. */
export const siblingId = (id: string, position: number): string => jobIdOf(id.slice(0, BATCH_DIGITS), position)

/** Asynchronous Correlation Value of a job (1.4 section 6.8, 2.1 section 9.1). */
export const correlationValueOf = (id: string): Buffer => Buffer.from(id, 'hex')

/** The job that a client means, undefined where the value cannot be one of this server's. */
export const jobIdIn = (correlationValue: Buffer): string | undefined =>
  correlationValue.length === ID_BYTES ? correlationValue.toString('hex') : undefined

/** What is told of a request whose result has not been fetched (2.1 section 7.2). */
export type OutstandingJob = {
  readonly correlationValue: Buffer
  readonly operation: number
  /** Seconds since 1970. */
  readonly submittedAt: number
  readonly stage: ProcessingStage
}

/** The jobs of a client, as an operation of that client sees them: those of others do not exist. */
export type Jobs = {
  /**
   * Answers the item in work with what has come of a job, which is then forgotten, or with the news that it is pending.
   * @throws KmipError InvalidAsynchronousCorrelationValue
   */
  poll(correlationValue: Buffer): MaybePromise<void>
  cancel(correlationValue: Buffer): MaybePromise<CancellationResult>
  /**
   * Resolves when the job has run.
   * @throws KmipError InvalidAsynchronousCorrelationValue, DuplicateProcessRequest
   */
  process(correlationValue: Buffer): Promise<void>
  /** Oldest first. */
  outstanding(): MaybePromise<readonly OutstandingJob[]>
}
