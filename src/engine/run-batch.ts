import type { AsynchronousIndicator, BatchErrorContinuationOption, ResultReason } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import type { RequestBatchItem } from '../protocol/message.ts'
import type { AsynchronousUse } from '../operations/define-operation.ts'
import { isPromise, type MaybePromise } from '../domain/maybe-promise.ts'
import { isGranted } from '../domain/compatibility.ts'
import { ConflictError, DuplicateError } from '../domain/object-store.ts'
import { type BatchMark, markBatch, rewindBatch } from './batch-identifiers.ts'
import { type Failure, GENERAL_FAILURE } from './failures.ts'
import { acceptJobs } from './jobs/accept-jobs.ts'
import type { UnitOfWork } from './objects/unit-of-work.ts'
import { keptPayload, writeFailedItem, writeUndoneItem } from './response.ts'
import { type BatchItem, withRepetitions } from './repeat-items.ts'
import { failureOf, type ItemRun, performItem } from './run-item.ts'
import { createMessageStreams } from './streams/message-streams.ts'
import { giveWay, sliceEnd } from './time-slice.ts'
import { inTurn } from './turns.ts'

/** A batch on its way; `item` changes from item to item. */
export type BatchRun = Omit<ItemRun, 'item' | 'streams'> & {
  readonly items: readonly BatchItem[]
  readonly option: BatchErrorContinuationOption
  readonly asynchronous: AsynchronousIndicator
}

/** The answered items, counted for the header. */
export type BatchResult = { readonly count: number }

// Items that stand alone: each commits by itself before it is answered ---------------------------------------------------

/** What a failed item produced was never there: it counts for none of the items that follow. */
const fail = (run: ItemRun, start: number, mark: BatchMark, failure: Failure): boolean => {
  run.writer.truncate(start)
  rewindBatch(run.batch, mark)
  run.batch.placeholder = undefined
  run.streams.settle(false)
  writeFailedItem(run.writer, run.item, failure, run.version)
  return false
}

const commitItem = async (unit: UnitOfWork): Promise<boolean> => {
  await unit.commit()
  return true
}

/** @throws what `performItem` and the commit throw */
const attemptItem = (run: ItemRun): MaybePromise<boolean> => {
  const unit = run.parts.createUnit()
  const performed = performItem(run, unit)
  if (isPromise(performed)) return performed.then(() => (unit.changed ? commitItem(unit) : true))
  return unit.changed ? commitItem(unit) : true
}

const succeed = ({ streams }: ItemRun): boolean => {
  streams.settle(true)
  return true
}

/** What another one has got first: an object that has changed, or a Name that this client may share. */
const conflictIn = (error: unknown, { principal }: ItemRun): ConflictError | undefined => {
  if (error instanceof ConflictError) return error
  const isShared = error instanceof DuplicateError && error.what === 'name' && isGranted(principal, 'reuse-names')
  return isShared ? new ConflictError('name') : undefined
}

/** Runs an item again that lost to another one, and answers any other failure. */
const recover = (run: ItemRun, start: number, mark: BatchMark, error: unknown): MaybePromise<boolean> => {
  const conflict = conflictIn(error, run)
  if (conflict === undefined) return fail(run, start, mark, failureOf(run, error))
  const again = (): MaybePromise<boolean> => {
    run.writer.truncate(start)
    rewindBatch(run.batch, mark)
    return attemptItem(run)
  }
  return inTurn(run.parts.turns, conflict, again).then(
    () => succeed(run),
    (last: unknown) => fail(run, start, mark, failureOf(run, last)),
  )
}

/** Performs and commits one item; resolves to whether it succeeded. Never throws. */
const runItem = (run: ItemRun): MaybePromise<boolean> => {
  const start = run.writer.length
  const mark = markBatch(run.batch)
  try {
    const attempt = attemptItem(run)
    if (!isPromise(attempt)) return succeed(run)
    return attempt.then(
      () => succeed(run),
      (error: unknown) => recover(run, start, mark, error),
    )
  } catch (error) {
    return recover(run, start, mark, error)
  }
}

/** The batch, in which the item at `index` stands for as many as it has to. */
const repeated = (run: BatchRun, index: number): BatchRun => {
  const items = withRepetitions(run.items, index, run.parts.operations, run.batch)
  return items === run.items ? run : { ...run, items }
}

// Items that are answered later ----------------------------------------------------------------------------------------

const useOf = ({ parts }: BatchRun, { operation }: RequestBatchItem): AsynchronousUse | undefined =>
  parts.operations.get(operation)?.asynchronous

const mayWait = (run: BatchRun, item: RequestBatchItem): boolean => useOf(run, item) !== 'never'

/** Which items are answered later: none, those from the first on that takes its time, or all that may be. */
type Later = 'none' | 'preferred' | 'all'

const LATER: Readonly<Record<AsynchronousIndicator, Later>> = {
  Prohibited: 'none',
  Optional: 'preferred',
  Mandatory: 'all',
}

/**
 * Where the client leaves it to the server, a batch is answered later from the first item on that takes its time: what
 * comes behind that one may depend on it (1.4 sections 6.7 and 6.12, 2.1 section 11.3).
 */
const isLater = (run: BatchRun, item: RequestBatchItem, later: Later): boolean =>
  later === 'all' ? mayWait(run, item) : later === 'preferred' && useOf(run, item) === 'preferred'

type Walk = { readonly from: number; readonly later: Later; readonly sliceEndsAt: number }

/** What has become of some items: whether they succeeded, or were accepted, and how to go on. */
type Step = { readonly ok: boolean; readonly next: number; readonly later: Later }

/** Why an item is not accepted that may be done at once. */
const NOT_LATER: readonly ResultReason[] = ['ServerLimitExceeded', 'FeatureNotSupported']

/** Whether those that cannot be accepted may be answered at once as well. */
const isOptional = ({ asynchronous }: BatchRun, error: unknown): boolean =>
  asynchronous === 'Optional' && error instanceof KmipError && NOT_LATER.includes(error.reason)

/** Accepts the items from `from` up to the next one that cannot wait. */
const runLater = async (run: BatchRun, from: number): Promise<Step> => {
  const { writer, items, batch, option } = run
  const end = items.findIndex((item, index) => index > from && !mayWait(run, item))
  const waiting = items.slice(from, end < 0 ? items.length : end)
  const start = writer.length
  try {
    await acceptJobs(run, waiting)
    return { ok: true, next: from + waiting.length, later: 'all' }
  } catch (error) {
    writer.truncate(start)
    if (isOptional(run, error)) return { ok: true, next: from, later: 'none' }
    batch.placeholder = undefined
    const failed = option === 'Continue' ? waiting : waiting.slice(0, 1)
    for (const item of failed) writeFailedItem(writer, item, failureOf({ ...run, item }, error), run.version)
    return { ok: false, next: from + failed.length, later: 'all' }
  }
}

const goOn = (run: BatchRun, { ok, next, later }: Step, sliceEndsAt: number): MaybePromise<BatchResult> =>
  ok || run.option === 'Continue' ? runOneByOne(run, { from: next, later, sliceEndsAt }) : { count: next }

const runOneByOne = (batch: BatchRun, { from, later, sliceEndsAt }: Walk): MaybePromise<BatchResult> => {
  let run = batch
  for (let index = from; index < run.items.length; index += 1) {
    run = repeated(run, index)
    const item = run.items[index]
    if (item === undefined) break
    const rest = run
    if (later !== 'none' && isLater(run, item, later))
      return runLater(run, index).then((step) => goOn(rest, step, sliceEndsAt))
    if (index > 0 && performance.now() > sliceEndsAt)
      return giveWay().then(() => runOneByOne(rest, { from: index, later, sliceEndsAt: sliceEnd() }))
    const succeeded = runItem({ ...run, item, streams: createMessageStreams(run.parts.streams, run.principal) })
    if (isPromise(succeeded)) return succeeded.then((ok) => goOn(rest, { ok, next: index + 1, later }, sliceEndsAt))
    if (!succeeded && run.option !== 'Continue') return { count: index + 1 }
  }
  return { count: run.items.length }
}

// Undo: the items are one unit of work, which is committed whole or thrown away ---------------------------------------

/** `starts` are the places of the answers, up to that of the item that failed. */
const undone = (run: BatchRun, starts: readonly number[], failure: Failure): BatchResult => {
  const { writer, items, version } = run
  const payloads = starts.slice(1).map((end, index) => keptPayload(writer, starts[index] ?? end, end))
  writer.truncate(starts[0] ?? writer.length)
  for (const [index, item] of items.slice(0, payloads.length).entries()) writeUndoneItem(writer, item, payloads[index])
  writeFailedItem(writer, items[payloads.length], failure, version)
  return { count: payloads.length + 1 }
}

const runTogether = async (run: BatchRun): Promise<BatchResult> => {
  const start = run.writer.length
  const mark = markBatch(run.batch)
  const streams = createMessageStreams(run.parts.streams, run.principal)
  let starts: number[] = []
  let items = run.items

  const attempt = async (): Promise<BatchResult> => {
    run.writer.truncate(start)
    rewindBatch(run.batch, mark)
    const unit = run.parts.createUnit()
    starts = []
    let sliceEndsAt = sliceEnd()
    items = run.items
    for (let index = 0; index < items.length; index += 1) {
      items = withRepetitions(items, index, run.parts.operations, run.batch)
      const item = items[index]
      if (item === undefined) break
      if (performance.now() > sliceEndsAt) {
        await giveWay()
        sliceEndsAt = sliceEnd()
      }
      starts.push(run.writer.length)
      await performItem({ ...run, item, streams }, unit)
    }
    // From here on a failure is nobody's in particular: the last item answers for the batch.
    if (unit.changed) await unit.commit()
    return { count: items.length }
  }

  try {
    const result = await attempt().catch((error: unknown) => {
      if (error instanceof ConflictError) return inTurn(run.parts.turns, error, attempt)
      throw error
    })
    streams.settle(true)
    return result
  } catch (error) {
    streams.settle(false)
    run.batch.role = undefined
    const item = items[starts.length - 1]
    return undone({ ...run, items }, starts, item === undefined ? GENERAL_FAILURE : failureOf({ ...run, item }, error))
  }
}

/**
 * The item with an extension that must be understood and is not: "the receiver SHALL reject the entire message" (1.4
 * section 6.16, 2.1 section 9.13).
 */
const notUnderstood = ({ items }: BatchRun): RequestBatchItem | undefined =>
  items.find(({ messageExtension }) => messageExtension.some(({ criticalityIndicator }) => criticalityIndicator))

const reject = (run: BatchRun, item: RequestBatchItem): BatchResult => {
  const error = new KmipError('UnknownMessageExtension', 'The server does not know a critical Message Extension')
  writeFailedItem(run.writer, item, failureOf({ ...run, item }, error), run.version)
  return { count: 1 }
}

/** Runs the items of a message by its Batch Error Continuation Option, in their order. Never throws. */
export const runBatch = (run: BatchRun): MaybePromise<BatchResult> => {
  const item = notUnderstood(run)
  if (item !== undefined) return reject(run, item)
  if (run.option === 'Undo' && run.asynchronous !== 'Mandatory') return runTogether(run)
  return runOneByOne(run, { from: 0, later: LATER[run.asynchronous], sliceEndsAt: sliceEnd() })
}
