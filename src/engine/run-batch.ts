import type { RequestBatchItem } from '../protocol/message.ts'
import { isPromise, type MaybePromise } from '../domain/maybe-promise.ts'
import { ConflictError } from '../domain/object-store.ts'
import { markBatch, rewindBatch } from './batch-identifiers.ts'
import { type Failure, GENERAL_FAILURE } from './failures.ts'
import type { UnitOfWork } from './objects/unit-of-work.ts'
import { writeFailedItem, writeUndoneItem } from './response.ts'
import { failureOf, type ItemRun, performItem } from './run-item.ts'

/** How often an item is run again because others changed its objects meanwhile. */
const MOST_ATTEMPTS = 8

/** A batch on its way; `item` changes from item to item. */
export type BatchRun = Omit<ItemRun, 'item'> & {
  readonly items: readonly RequestBatchItem[]
  readonly undo: boolean
  readonly continueOnError: boolean
}

/** The answered items, counted for the header. */
export type BatchResult = { readonly count: number }

// Items that stand alone: each commits by itself before it is answered ---------------------------------------------------

const fail = (run: ItemRun, start: number, failure: Failure): boolean => {
  run.writer.truncate(start)
  run.batch.placeholder = undefined
  writeFailedItem(run.writer, run.item, failure, run.version)
  return false
}

const commitItem = async (unit: UnitOfWork): Promise<boolean> => {
  await unit.commit()
  return true
}

/** Performs and commits one item; resolves to whether it succeeded. Never throws. */
const runItem = (run: ItemRun, attempt = 1): MaybePromise<boolean> => {
  const start = run.writer.length
  const mark = markBatch(run.batch)

  const caught = (error: unknown): MaybePromise<boolean> => {
    if (error instanceof ConflictError && attempt < MOST_ATTEMPTS) {
      run.writer.truncate(start)
      rewindBatch(run.batch, mark)
      return runItem(run, attempt + 1)
    }
    return fail(run, start, failureOf(run, error))
  }

  try {
    const unit = run.parts.createUnit()
    const performed = performItem(run, unit)
    if (isPromise(performed)) return performed.then(() => (unit.changed ? commitItem(unit) : true)).catch(caught)
    return unit.changed ? commitItem(unit).catch(caught) : true
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

const runTogether = async (run: BatchRun, attempt = 1): Promise<BatchResult> => {
  const start = run.writer.length
  const mark = markBatch(run.batch)
  const unit = run.parts.createUnit()
  let at = 0
  try {
    for (const item of run.items) {
      await performItem({ ...run, item }, unit)
      at += 1
    }
    // From here on a failure is nobody's in particular: the last item answers for the batch.
    at -= 1
    if (unit.changed) await unit.commit()
    return { count: run.items.length }
  } catch (error) {
    if (error instanceof ConflictError && attempt < MOST_ATTEMPTS) {
      run.writer.truncate(start)
      rewindBatch(run.batch, mark)
      return runTogether(run, attempt + 1)
    }
    const item = run.items[at]
    return undone(run, start, at, item === undefined ? GENERAL_FAILURE : failureOf({ ...run, item }, error))
  }
}

/** Runs the items of a message by its Batch Error Continuation Option, in their order. Never throws. */
export const runBatch = (run: BatchRun): MaybePromise<BatchResult> => (run.undo ? runTogether(run) : runOneByOne(run))
