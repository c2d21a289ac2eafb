import { isSettled, type Job, type JobFailure, siblingId } from '../../domain/job.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { MaybePromise } from '../../domain/maybe-promise.ts'
import { ConflictError } from '../../domain/object-store.ts'
import type { Principal } from '../../domain/principal.ts'
import { type BatchState, emptyBatchState } from '../batch-identifiers.ts'
import type { UnitOfWork } from '../objects/unit-of-work.ts'
import { withRepetitions } from '../repeat-items.ts'
import { keptPayload, payloadIn } from '../response.ts'
import { type EngineParts, failureOf, type ItemRun, performItem } from '../run-item.ts'
import { createMessageStreams, type MessageStreams } from '../streams/message-streams.ts'
import { inTurn } from '../turns.ts'
import type { WriterPool } from '../writer-pool.ts'
import { createJobBook, type JobBook, type JobLimits, type OpenedJob } from './job-book.ts'
import { doneJob, failedJob, NOT_RUN, settleJob } from './settle-job.ts'

/*
 * Runs jobs by the same way as an item that is answered at once: decoded, checked and performed when their turn comes.
 * What a job changes and the answer that is kept are one commit, which names the version of the job's record: whoever
 * comes second, or after a Cancel, changes nothing.
 */

export type JobTools = {
  readonly parts: EngineParts
  readonly pool: WriterPool
  readonly limits: JobLimits
  /** The principal as it is by now; undefined where it may not do anything any more. */
  readonly current: (principal: Principal) => MaybePromise<Principal | undefined>
}

const NOTHING = Buffer.alloc(0)

type Item = ItemRun['item']

const itemOf = ({ operation, ephemeral, request = NOTHING }: Job): Item => ({
  operation,
  ephemeral,
  payload: request,
  messageExtension: [],
})

/** One job, or the jobs of a batch with Undo, from the first attempt to the last one. */
type Course = {
  readonly tools: JobTools
  readonly known: Job
  readonly streams: MessageStreams
  /** By the job's identifier: what a part of a stream does is done once, however often its item is run again. */
  readonly items: Map<string, Item>
}

const courseOf = (tools: JobTools, known: Job): Course => ({
  tools,
  known,
  streams: createMessageStreams(tools.parts.streams, known.principal),
  items: new Map(),
})

const itemIn = ({ items }: Course, job: Job): Item => {
  const item = items.get(job.id) ?? itemOf(job)
  items.set(job.id, item)
  return item
}

const stateOf = ({ batch, count }: Job): BatchState => {
  const state = emptyBatchState(count)
  state.placeholder = batch.placeholder
  state.history.push(...batch.history)
  state.outputs?.push(...(batch.outputs ?? []))
  state.answered?.push(...(batch.answered ?? []))
  return state
}

const bookOf = ({ tools: { parts, limits }, known: { principal } }: Course, unit: UnitOfWork): JobBook => {
  const now = parts.clock.now()
  return createJobBook(unit.recordsFor(principal, now), parts.keys, limits, now)
}

/** There is one answer for each Asynchronous Correlation Value, and no place for more (2.1 section 11.58). */
const onlyItem = (item: Item, { operations }: EngineParts, batch: BatchState): Item => {
  const [only = item, ...more] = withRepetitions([item], 0, operations, batch)
  if (more.length === 0) return only
  throw new KmipError('InvalidField', 'The reference means several objects, for which there is one answer only')
}

/** A response payload: whole, and what is left of it where the item is undone. */
type Answer = { readonly payload: Buffer | undefined; readonly kept: Buffer | undefined }

const answerIn = ({ writer }: ItemRun): Answer => {
  const payload = payloadIn(writer, 0, writer.length)
  return { payload: payload && Buffer.from(payload), kept: keptPayload(writer, 0, writer.length) }
}

/** Performs a job within the unit. Nothing is committed. */
const perform = async (course: Course, job: Job, batch: BatchState, unit: UnitOfWork): Promise<Answer> => {
  const { parts, pool, limits, current } = course.tools
  const principal = await current(job.principal)
  if (principal === undefined) throw new KmipError('PermissionDenied', 'The client may not perform that operation')
  const writer = pool.acquire()
  try {
    const { version } = job
    const { streams } = course
    const item = onlyItem(itemIn(course, job), parts, batch)
    const run = { parts, version, principal, writer, maximumSize: limits.answerSize, batch, streams, item }
    await performItem(run, unit)
    return answerIn(run)
  } finally {
    pool.release(writer)
  }
}

const failureFor = ({ tools: { parts } }: Course, { principal, operation }: Job, error: unknown): JobFailure =>
  failureOf({ parts, principal, item: { operation } }, error)

/** Whoever met a conflict reads again and goes on from there. */
const insisting = async ({ tools }: Course, work: () => Promise<void>): Promise<void> => {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error
    await inTurn(tools.parts.turns, error, work)
  }
}

/** @throws what `fail` throws, which is where the database fails: the job is still there then */
const runCourse = async (
  course: Course,
  attempt: () => Promise<void>,
  fail: (error: unknown) => Promise<void>,
): Promise<void> => {
  try {
    await insisting(course, attempt)
    course.streams.settle(true)
  } catch (error) {
    course.streams.settle(false)
    await insisting(course, () => fail(error))
  }
}

// One job -----------------------------------------------------------------------------------------------------------

const readyJob = async (book: JobBook, id: string): Promise<OpenedJob | undefined> => {
  const opened = await book.find(id)
  return opened?.job.state === 'Ready' ? opened : undefined
}

const attemptJob = async (course: Course): Promise<void> => {
  const unit = course.tools.parts.createUnit()
  const book = bookOf(course, unit)
  const opened = await readyJob(book, course.known.id)
  if (opened === undefined) return
  const batch = stateOf(opened.job)
  const { payload } = await perform(course, opened.job, batch, unit)
  await settleJob(book, opened, doneJob(opened.job, { status: 'Success', payload }), batch)
  payload?.fill(0)
  await unit.commit()
}

const settleFailed = async (course: Course, error: unknown): Promise<void> => {
  const unit = course.tools.parts.createUnit()
  const book = bookOf(course, unit)
  const opened = await readyJob(book, course.known.id)
  if (opened === undefined) return
  await settleJob(book, opened, failedJob(opened.job, failureFor(course, opened.job, error)), opened.job.batch)
  await unit.commit()
}

/** Runs a job, where it is its turn. @throws where the database fails: the job is still there then */
export const runJob = (tools: JobTools, job: Job): Promise<void> => {
  const course = courseOf(tools, job)
  return runCourse(
    course,
    () => attemptJob(course),
    (error) => settleFailed(course, error),
  )
}

// All jobs of a batch with Undo: one unit, committed whole or thrown away ---------------------------------------------

/** The jobs of the batch; none where one of them is settled, and so all are. */
const pendingBatch = async (book: JobBook, { id, count }: Job): Promise<readonly OpenedJob[]> => {
  const found: OpenedJob[] = []
  for (let position = 0; position < count; position += 1) {
    const opened = await book.find(siblingId(id, position))
    if (opened === undefined || isSettled(opened.job)) return []
    found.push(opened)
  }
  return found
}

const attemptBatch = async (course: Course, answers: Answer[]): Promise<void> => {
  answers.length = 0
  const unit = course.tools.parts.createUnit()
  const book = bookOf(course, unit)
  const jobs = await pendingBatch(book, course.known)
  const [first] = jobs
  if (first === undefined) return
  const batch = stateOf(first.job)
  for (const { job } of jobs) answers.push(await perform(course, job, batch, unit))
  for (const [index, opened] of jobs.entries())
    book.save(opened, doneJob(opened.job, { status: 'Success', payload: answers[index]?.payload }))
  await unit.commit()
}

/** `answers` are those of the items before the one that failed. */
const settleUndone = async (course: Course, answers: readonly Answer[], error: unknown): Promise<void> => {
  const unit = course.tools.parts.createUnit()
  const book = bookOf(course, unit)
  const jobs = await pendingBatch(book, course.known)
  const failedAt = Math.min(answers.length, jobs.length - 1)
  for (const [index, opened] of jobs.entries()) {
    const { job } = opened
    if (index < failedAt) book.save(opened, doneJob(job, { status: 'OperationUndone', payload: answers[index]?.kept }))
    else book.save(opened, failedJob(job, index > failedAt ? NOT_RUN : failureFor(course, job, error)))
  }
  await unit.commit()
}

/** Runs the jobs of a batch with Undo. @throws where the database fails: they are still there then */
export const runUndoBatch = (tools: JobTools, job: Job): Promise<void> => {
  const course = courseOf(tools, job)
  const answers: Answer[] = []
  return runCourse(
    course,
    () => attemptBatch(course, answers),
    (error) => settleUndone(course, answers, error),
  )
}
