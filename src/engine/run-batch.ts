import type { RequestBatchItem } from '../protocol/message.ts'
import { isPromise, type MaybePromise } from '../domain/maybe-promise.ts'
import { ConflictError } from '../domain/object-store.ts'
import { type BatchMark, markBatch, rewindBatch } from './batch-identifiers.ts'
import { type Failure, GENERAL_FAILURE } from './failures.ts'
import type { UnitOfWork } from './objects/unit-of-work.ts'
import { writeFailedItem, writeUndoneItem } from './response.ts'
import { failureOf, type ItemRun, performItem } from './run-item.ts'
import { inTurn } from './turns.ts'

/** A batch on its way; `item` changes from item to item. */
export type BatchRun = Omit<ItemRun, 'item'> & {
  readonly items: readonly RequestBatchItem[]
  readonly undo: boolean
  readonly continueOnError: boolean
}

/** The answered items, counted for the header. */
export type BatchResult = { readonly count: number }

// Items that stand alone: each commits by itself before it is answered ---------------------------------------------------

/** What a failed item produced was never there: it counts for none of the items that follow. */
const fail = (run: ItemRun, start: number, mark: BatchMark, failure: Failure): boolean => {
  run.writer.truncate(start)
  rewindBatch(run.batch, mark)
  run.batch.placeholder = undefined
  writeFailedItem(run.writer, run.item, failure, run.version)
  return false
}

const commitItem = async (unit: UnitOfWork): Promise<boolean> => {
  await unit.commit()
  return true
}

/** Performs and commits one item; resolves to whether it succeeded. Never throws. */
const runItem = (run: ItemRun): MaybePromise<boolean> => {
  const start = run.writer.length
  const mark = markBatch(run.batch)

  const attempt = (): MaybePromise<boolean> => {
    const unit = run.parts.createUnit()
    const performed = performItem(run, unit)
    if (isPromise(performed)) return performed.then(() => (unit.changed ? commitItem(unit) : true))
    return unit.changed ? commitItem(unit) : true
  }

  const again = (): MaybePromise<boolean> => {
    run.writer.truncate(start)
    rewindBatch(run.batch, mark)
    return attempt()
  }

  const caught = (error: unknown): MaybePromise<boolean> =>
    error instanceof ConflictError
      ? inTurn(run.parts.turns, error, again).catch((last: unknown) => fail(run, start, mark, failureOf(run, last)))
      : fail(run, start, mark, failureOf(run, error))

  try {
    const succeeded = attempt()
    return isPromise(succeeded) ? succeeded.catch(caught) : succeeded
  } catch (error) {
    return caught(error)
  }
}

const runOneByOne = (run: BatchRun, from = 0): MaybePromise<BatchResult> => {
  for (let index = from; index < run.items.length; index += 1) {
    const item = run.items[index]
    if (item === undefined) break
    const succeeded = runItem({ ...run, item })
    if (isPromise(succeeded)) {
      return succeeded.then((ok) => (ok || run.continueOnError ? runOneByOne(run, index + 1) : { count: index + 1 }))
    }
    if (!succeeded && !run.continueOnError) return { count: index + 1 }
  }
  return { count: run.items.length }
}

// Undo: the items are one unit of work, which is committed whole or thrown away ---------------------------------------

const undone = (run: BatchRun, start: number, failedAt: number, failure: Failure): BatchResult => {
  run.writer.truncate(start)
  for (const item of run.items.slice(0, failedAt)) writeUndoneItem(run.writer, item)
  writeFailedItem(run.writer, run.items[failedAt], failure, run.version)
  return { count: failedAt + 1 }
}

const runTogether = async (run: BatchRun): Promise<BatchResult> => {
  const start = run.writer.length
  const mark = markBatch(run.batch)
  let at = 0

  const attempt = async (): Promise<BatchResult> => {
    run.writer.truncate(start)
    rewindBatch(run.batch, mark)
    const unit = run.parts.createUnit()
    at = 0
    for (const item of run.items) {
      await performItem({ ...run, item }, unit)
      at += 1
    }
    // From here on a failure is nobody's in particular: the last item answers for the batch.
    at -= 1
    if (unit.changed) await unit.commit()
    return { count: run.items.length }
  }

  try {
    return await attempt().catch((error: unknown) => {
      if (error instanceof ConflictError) return inTurn(run.parts.turns, error, attempt)
      throw error
    })
  } catch (error) {
    const item = run.items[at]
    return undone(run, start, at, item === undefined ? GENERAL_FAILURE : failureOf({ ...run, item }, error))
  }
}

/** Runs the items of a message by its Batch Error Continuation Option, in their order. Never throws. */
export const runBatch = (run: BatchRun): MaybePromise<BatchResult> => (run.undo ? runTogether(run) : runOneByOne(run))
