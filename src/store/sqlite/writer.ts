import { once } from 'node:events'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { StoreError } from '../errors.ts'
import type { GroupOutcome, Work } from '../work.ts'
import { packGroup } from './packed-work.ts'
import { CLOSE, isGroupOutcome } from './writer-messages.ts'

/** The writing thread as seen from the event loop. Groups are written in the order in which they come. */
export type Writer = {
  /** @throws StoreError where the thread has ended */
  write(group: readonly Work[]): Promise<GroupOutcome>
  close(): Promise<void>
}

type Waiting = { readonly resolve: (outcome: GroupOutcome) => void; readonly reject: (error: Error) => void }

// The same extension as this module: the sources run as .ts, a build as .js.
const THREAD = new URL(`./writer-thread${extname(import.meta.filename)}`, import.meta.url)

/**
 * Starts the writing thread on the database at `path` and waits until it is ready.
 * @throws what its connection fails with
 */
export const startWriter = async (path: string): Promise<Writer> => {
  const worker = new Worker(THREAD, { workerData: path, name: 'kmipd-writer' })
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  await once(worker, 'message')

  const waiting: Waiting[] = []
  let failure: StoreError | undefined

  const fail = (cause: unknown): void => {
    failure ??= new StoreError('failed', 'the writing thread has ended', { cause })
    for (const { reject } of waiting.splice(0)) reject(failure)
  }
  worker.on('error', fail)
  worker.on('exit', fail)
  worker.on('message', (message: unknown) => {
    if (isGroupOutcome(message)) waiting.shift()?.resolve(message)
  })

  return {
    write: (group) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) {
          reject(failure)
          return
        }
        waiting.push({ resolve, reject })
        const packed = packGroup(group)
        worker.postMessage(packed, [packed.buffer])
      }),
    close: async () => {
      worker.postMessage(CLOSE)
      await ended
    },
  }
}
