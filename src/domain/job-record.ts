import {
  BATCH_ERROR_CONTINUATION_OPTION,
  EPHEMERAL,
  type Ephemeral,
  OPERATION,
  PROCESSING_STAGE,
  RESULT_REASON,
  RESULT_STATUS,
} from '../protocol/enumerations.ts'
import { protocolVersion } from '../protocol/message.ts'
import { TAG } from '../protocol/tags.ts'
import { mapped } from '../protocol/structures/unique-identifier.ts'
import { alternative, oneOf, rawItem } from '../schema/combinators.ts'
import { enumeration } from '../schema/enumeration.ts'
import { boolean, bytes, dateTime, enumerationCode, enumOf, integer, text } from '../schema/primitives.ts'
import { type Infer, optional, repeated, required, struct } from '../schema/struct.ts'
import { LATEST_VERSION, type Version, versionNumbers, versionOf } from '../schema/version.ts'
import { Writer } from '../ttlv/writer.ts'
import type { Job, JobFailure, JobOutcome } from './job.ts'

/*
 * What the record of a job holds, as TTLV. Everything that decides about the job is sealed: requests and answers may
 * hold keys, and nobody who can write to the database may make a job do something else. The document is for lists.
 */

const JOB_STATE = enumeration('Job State', {
  Waiting: [1, '1.0'],
  Ready: [2, '1.0'],
  Canceled: [3, '1.0'],
  Done: [4, '1.0'],
})

/** Tags of these documents alone, from those that are free for extensions. */
const FIELD = {
  job: 0x540001,
  document: 0x540002,
  principal: 0x540003,
  id: 0x540004,
  name: 0x540005,
  tenant: 0x540006,
  isAdmin: 0x540007,
  group: 0x540008,
  position: 0x540009,
  count: 0x54000a,
  takenOver: 0x54000b,
  state: 0x54000c,
  placeholder: 0x54000d,
  produced: 0x54000e,
  failure: 0x54000f,
  older: 0x540010,
  since: 0x540011,
  reported: 0x540012,
  made: 0x540013,
  answered: 0x540014,
} as const

const principal = struct('Principal', {
  id: required(FIELD.id, text),
  name: required(FIELD.name, text),
  tenant: required(FIELD.tenant, text),
  isAdmin: required(FIELD.isAdmin, boolean),
  groups: repeated(FIELD.group, text),
})

const produced = struct('Produced', {
  operation: required(TAG.Operation, enumOf(OPERATION)),
  ids: repeated(FIELD.id, text),
})

const madeData = struct('Made Data', {
  operation: required(TAG.Operation, enumOf(OPERATION)),
  data: required(TAG.Data, bytes),
})

const storedFailure = struct('Failure', {
  reason: required(TAG.ResultReason, enumOf(RESULT_REASON)),
  older: optional(FIELD.older, enumOf(RESULT_REASON)),
  since: optional(FIELD.since, protocolVersion),
  message: required(TAG.ResultMessage, text),
})

/** As the item has it; a Boolean where that is all there is to say. */
const ephemeral = oneOf<Ephemeral | false>('Ephemeral', [
  alternative<Ephemeral | false, 'Data' | false>(
    mapped(
      boolean,
      (value): 'Data' | false => (value ? 'Data' : false),
      (value) => value === 'Data',
    ),
    (value): value is 'Data' | false => value === 'Data' || value === false,
  ),
  alternative<Ephemeral | false, Ephemeral>(
    enumOf(EPHEMERAL),
    (value): value is Ephemeral => typeof value === 'string',
  ),
])

const storedJob = struct('Job', {
  id: required(FIELD.id, text),
  principal: required(FIELD.principal, principal),
  version: required(TAG.ProtocolVersion, protocolVersion),
  operation: required(TAG.Operation, enumerationCode),
  ephemeral: optional(TAG.Ephemeral, ephemeral),
  option: required(TAG.BatchErrorContinuationOption, enumOf(BATCH_ERROR_CONTINUATION_OPTION)),
  position: required(FIELD.position, integer),
  count: required(FIELD.count, integer),
  submittedAt: required(TAG.SubmissionDate, dateTime),
  takenOver: required(FIELD.takenOver, integer),
  state: required(FIELD.state, enumOf(JOB_STATE)),
  placeholder: optional(FIELD.placeholder, text),
  history: repeated(FIELD.produced, produced),
  outputs: repeated(FIELD.made, madeData),
  answered: repeated(FIELD.answered, text),
  request: optional(TAG.RequestPayload, rawItem),
  status: optional(TAG.ResultStatus, enumOf(RESULT_STATUS)),
  payload: optional(TAG.ResponsePayload, rawItem),
  failure: optional(FIELD.failure, storedFailure),
})

const jobDocument = struct('Job Document', {
  operation: required(TAG.Operation, enumerationCode),
  submittedAt: required(TAG.SubmissionDate, dateTime),
  stage: required(TAG.ProcessingStage, enumOf(PROCESSING_STAGE)),
  /** Whether Cancel has told what came of it. */
  reported: required(FIELD.reported, boolean),
})

type StoredJob = Infer<typeof storedJob.fields>

/** What lists say of a job without opening it. */
export type JobDocument = Infer<typeof jobDocument.fields>

const stored = storedJob.compile('storage')
const listed = jobDocument.compile('storage')

/** Cleared after each use. Nothing in here waits, so one is enough. */
const writer = new Writer()

const written = (write: () => void): Buffer => {
  write()
  const copy = Buffer.allocUnsafeSlow(writer.length)
  writer.bytes().copy(copy)
  writer.reset()
  return copy
}

const versionIn = ({ major, minor }: { readonly major: number; readonly minor: number }): Version =>
  versionOf(major, minor) ?? LATEST_VERSION

const failureIn = ({ since, ...failure }: NonNullable<StoredJob['failure']>): JobFailure => ({
  ...failure,
  older: failure.older,
  since: since === undefined ? undefined : versionIn(since),
})

const outcomeIn = ({ status, payload, failure }: StoredJob): JobOutcome | undefined => {
  if (status === 'Success' || status === 'OperationUndone') return { status, payload }
  return failure === undefined ? undefined : { status: 'OperationFailed', failure: failureIn(failure) }
}

/** What is to be sealed of a job. Clear it after use. */
export const encodeJob = ({ principal: { role, ...owner }, version, batch, outcome, ...job }: Job): Buffer => {
  const failure = outcome?.status === 'OperationFailed' ? outcome.failure : undefined
  return written(() =>
    stored.write(writer, FIELD.job, {
      ...job,
      principal: { ...owner, isAdmin: role === 'admin' },
      version: versionNumbers(version),
      placeholder: batch.placeholder,
      history: batch.history,
      outputs: batch.outputs ?? [],
      answered: batch.answered ?? [],
      status: outcome?.status,
      payload: outcome?.status === 'OperationFailed' ? undefined : outcome?.payload,
      failure: failure && { ...failure, since: failure.since && versionNumbers(failure.since) },
    }),
  )
}

/** Reads what has been sealed, and so is not hostile. */
export const decodeJob = (bytes: Buffer): Job => {
  const fields = stored.read(bytes, 0)
  const { isAdmin, ...owner } = fields.principal
  return {
    id: fields.id,
    principal: { ...owner, role: isAdmin ? 'admin' : 'client' },
    version: versionIn(fields.version),
    operation: fields.operation,
    ephemeral: fields.ephemeral,
    option: fields.option,
    position: fields.position,
    count: fields.count,
    submittedAt: fields.submittedAt,
    takenOver: fields.takenOver,
    state: fields.state,
    batch: {
      placeholder: fields.placeholder,
      history: fields.history,
      outputs: fields.count > 1 ? fields.outputs : undefined,
      answered: fields.count > 1 ? fields.answered : undefined,
    },
    request: fields.request,
    outcome: outcomeIn(fields),
  }
}

export const encodeJobDocument = (document: JobDocument): Buffer =>
  written(() => listed.write(writer, FIELD.document, document))

export const decodeJobDocument = (bytes: Buffer): JobDocument => listed.read(bytes, 0)
