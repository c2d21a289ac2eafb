import { batchIdOf, correlationValueOf, type Job, jobIdOf } from '../../domain/job.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { BatchErrorContinuationOption } from '../../protocol/enumerations.ts'
import type { RequestBatchItem } from '../../protocol/message.ts'
import { writePendingItem } from '../response.ts'
import { checkSize, type ItemRun } from '../run-item.ts'
import { createJobBook } from './job-book.ts'

/** Items of a batch that become jobs. */
export type Intake = Omit<ItemRun, 'item' | 'streams'> & { readonly option: BatchErrorContinuationOption }

const newJob = (
  run: Intake,
  item: RequestBatchItem,
  place: Pick<Job, 'id' | 'position' | 'count'>,
  now: number,
): Job => ({
  ...place,
  principal: run.principal,
  version: run.version,
  operation: item.operation,
  ephemeral: item.ephemeral,
  option: run.option,
  submittedAt: now,
  takenOver: 0,
  state: place.position === 0 ? 'Ready' : 'Waiting',
  batch:
    place.position === 0 ? run.batch : { placeholder: undefined, history: [], outputs: undefined, answered: undefined },
  request: item.payload,
  outcome: undefined,
})

/**
 * Accepts items that are answered later: writes that they are pending, and resolves when they are kept and queued. What
 * they ask for is not looked at before they run (1.4 section 6.8, 2.1 sections 9.1 and 11.3).
 * @throws KmipError FeatureNotSupported, ServerLimitExceeded, ResponseTooLarge: none of them is accepted then
 */
export const acceptJobs = async (run: Intake, items: readonly RequestBatchItem[]): Promise<void> => {
  const { parts, principal, writer } = run
  const { runner, limits } = parts.jobs
  // A job is done in the name of the principal, with all its rights, and by nobody's count.
  if (principal.ticket !== undefined)
    throw new KmipError('FeatureNotSupported', 'What a ticket allows is answered synchronously')
  const now = parts.clock.now()
  const unit = parts.createUnit()
  const records = unit.recordsFor(principal, now)
  if ((await records.count('job', principal.id)) + items.length > limits.perClient)
    throw new KmipError('ServerLimitExceeded', 'The client has too many asynchronous requests outstanding')
  const book = createJobBook(records, parts.keys, limits, now)
  const batchId = batchIdOf(parts.ids.next())
  const jobs = items.map((item, position) =>
    newJob(run, item, { id: jobIdOf(batchId, position), position, count: items.length }, now),
  )
  for (const [index, job] of jobs.entries()) {
    const item = items[index]
    if (item !== undefined) writePendingItem(writer, item, correlationValueOf(job.id))
    book.add(job)
  }
  checkSize(run)
  await unit.commit()
  const [first] = jobs
  if (first !== undefined) runner.queue({ ...first, request: undefined })
}
