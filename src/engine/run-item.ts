import type { EndpointRole } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { extendedTypesIn, isLegible, type Version } from '../schema/version.ts'
import type { Writer } from '../ttlv/writer.ts'
import type { Access } from '../domain/access.ts'
import type { Authenticator } from '../domain/authenticator.ts'
import type { Clock, Ids } from '../domain/clock.ts'
import { checkConstraints } from '../domain/constraints.ts'
import type { KeyStore } from '../domain/key-store.ts'
import type { Link, LinkCredentials } from '../domain/link-credentials.ts'
import { isPromise, type MaybePromise, then } from '../domain/maybe-promise.ts'
import { ConflictError } from '../domain/object-store.ts'
import type { Endpoint, ServerFacts } from '../domain/operation-context.ts'
import type { Principal } from '../domain/principal.ts'
import { permitFor, type TicketOffice } from '../domain/tickets.ts'
import type { Log } from '../observe/log.ts'
import type { Operation } from '../operations/define-operation.ts'
import { keepData, keepIdentifiers, leaveOut, makesData, withData } from './batch-data.ts'
import { type BatchState, batchIdentifiers } from './batch-identifiers.ts'
import { type Failure, GENERAL_FAILURE, knownFailure } from './failures.ts'
import { writeJobAnswer } from './jobs/job-answer.ts'
import type { JobLimits } from './jobs/job-book.ts'
import { createJobDesk, type JobDesk } from './jobs/job-desk.ts'
import type { JobRunner } from './jobs/job-runner.ts'
import type { UnitOfWork } from './objects/unit-of-work.ts'
import { withNames } from './name-references.ts'
import type { BatchItem } from './repeat-items.ts'
import type { Pkcs11Table } from './pkcs11-table.ts'
import { beginItem } from './response.ts'
import type { MessageStreams } from './streams/message-streams.ts'
import type { StreamTable } from './streams/stream-table.ts'
import type { Turns } from './turns.ts'

/** What all items share. */
export type EngineParts = {
  readonly operations: ReadonlyMap<number, Operation>
  readonly keys: KeyStore
  readonly access: Access
  readonly authenticator: Authenticator
  readonly tickets: TicketOffice
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly server: ServerFacts
  readonly pkcs11: Pkcs11Table
  readonly links: LinkCredentials | undefined
  /** Whose turn it is at an object that several want to change at once. */
  readonly turns: Turns
  /** Open streams of all clients. */
  readonly streams: StreamTable
  /** What is answered later. */
  readonly jobs: { readonly runner: JobRunner; readonly limits: JobLimits }
  createUnit(): UnitOfWork
}

/** One item on its way: what it came with, and where its answer goes. */
export type ItemRun = {
  readonly parts: EngineParts
  readonly version: Version
  readonly principal: Principal
  /** The connection over which the client asks. */
  readonly link?: Link | undefined
  readonly writer: Writer
  /** Bytes that the whole message may have. */
  readonly maximumSize: number
  readonly batch: BatchState
  /** Streams that the item, or the batch that is undone as a whole, works on. */
  readonly streams: MessageStreams
  /** What the request came over. */
  readonly role?: (() => EndpointRole) | undefined
  readonly item: BatchItem
}

const operationOf = (run: ItemRun): Operation => {
  const { parts, item } = run
  // Whatever published version the header says: real clients use operations of later ones.
  const operation = parts.operations.get(item.operation)
  if (operation === undefined || !isLegible(run.version, operation)) {
    throw new KmipError('OperationNotSupported', 'The server does not support that operation')
  }
  return operation
}

const checkAccess = ({ parts, principal }: ItemRun, operation: Operation): void => {
  if (!parts.access.mayPerform(principal, operation.name)) {
    throw new KmipError('PermissionDenied', 'The client may not perform that operation')
  }
}

/** Whoever has turned a connection has become the server on it, and can only ask to turn it back (2.1 section 6.1.54). */
const checkRole = ({ role }: ItemRun, { name }: Operation): void => {
  if (role?.() !== 'Client' || name === 'SetEndpointRole') return
  throw new KmipError('InvalidMessage', 'This server is the client on that connection')
}

const endpointOf = ({ role, batch }: ItemRun): Endpoint | undefined =>
  role === undefined
    ? undefined
    : {
        assume: (wanted) => {
          batch.role = wanted
        },
      }

export const checkSize = ({ writer, maximumSize }: Pick<ItemRun, 'writer' | 'maximumSize'>): void => {
  if (writer.length > maximumSize)
    throw new KmipError(
      'ResponseTooLarge',
      'The response is larger than Maximum Response Size, or than the server makes',
    )
}

type Finished = { readonly start: number; readonly payloadAt: number; readonly operation: Operation['name'] }

const finish = (run: ItemRun, { start, payloadAt, operation }: Finished, desk: JobDesk | undefined): void => {
  const { writer, batch, item } = run
  const ephemeral = item.ephemeral === 'Data'
  keepIdentifiers(writer, payloadAt, batch)
  if (makesData(operation) && (ephemeral || batch.outputs !== undefined))
    keepData(writer, payloadAt, operation, { batch, ephemeral })
  if (item.ephemeral === 'Empty' || item.ephemeral === 'UniqueIdentifier') leaveOut(writer, payloadAt, item.ephemeral)
  if (desk?.answer === undefined) writer.end(start)
  else {
    writer.truncate(start)
    writeJobAnswer(writer, desk.answer, run)
  }
  checkSize(run)
}

/**
 * Performs one item within a unit of work and writes its answer. Nothing is committed: a failure, and an answer that is
 * too large, leave nothing behind.
 * @throws KmipError, SchemaError, TtlvError
 */
export const performItem = (run: ItemRun, unit: UnitOfWork): MaybePromise<void> => {
  const { parts, version, principal, writer, batch, item } = run
  if (item.refused !== undefined) throw item.refused
  const operation = operationOf(run)
  checkRole(run, operation)
  checkAccess(run, operation)
  const now = parts.clock.now()
  const { keys, ids, tickets, server } = parts
  const permit = permitFor(principal, operation.name)
  const payload = withData(item.payload, batch)
  const start = beginItem(writer, item, 'Success')
  const end = { start, payloadAt: writer.length, operation: operation.name }
  const objects = unit.objectsFor(principal, operation.name, now, permit)
  const records = unit.recordsFor(principal, now)
  let desk: JobDesk | undefined
  const jobs = (): JobDesk => (desk ??= createJobDesk({ parts, principal, records, now }))
  const endpoint = endpointOf(run)
  const pkcs11 = () => parts.pkcs11.instancesFor(principal, item)
  const context = {
    version,
    principal,
    now,
    objects,
    records,
    jobs,
    keys,
    ids,
    batch: batchIdentifiers(batch, operation.name),
    streams: () => run.streams.forItem(item),
    tickets,
    pkcs11,
    server,
    endpoint,
    link: run.link,
    links: parts.links,
  }
  const performing =
    extendedTypesIn(version) === 'draft'
      ? then(withNames(payload, objects), (named) => operation.perform(context, named, writer))
      : operation.perform(context, payload, writer)
  const checked = then(performing, () => checkConstraints(context, unit.takeMade()))
  const performed = principal.ticket === undefined ? checked : then(checked, () => tickets.charge(context, permit))
  if (isPromise(performed)) return performed.then(() => finish(run, end, desk))
  finish(run, end, desk)
}

type Failing = Pick<ItemRun, 'parts' | 'principal'> & { readonly item: Pick<BatchItem, 'operation'> }

/** The failure as the client sees it; what is not foreseen is logged with its cause. */
export const failureOf = ({ parts, principal, item }: Failing, error: unknown): Failure => {
  const known = knownFailure(error)
  const operation = parts.operations.get(item.operation)?.name ?? String(item.operation)
  const fields = { operation, client: principal.name }
  if (known === undefined) {
    const event =
      error instanceof ConflictError ? 'object changed too often to finish' : 'operation failed unexpectedly'
    parts.log.error(event, { ...fields, error })
    return GENERAL_FAILURE
  }
  const older = known.older ?? parts.operations.get(item.operation)?.olderReasons[known.reason]
  if (error instanceof KmipError && error.cause !== undefined)
    parts.log.warn('operation failed', { ...fields, error: error.cause })
  return { ...known, older }
}
