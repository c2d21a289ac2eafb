import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { KmipError } from '../../../protocol/kmip-error.ts'
import { isJobResult, type KeyJob } from './key-job.ts'

/*
 * The threads of private operations, as seen from the event loop: started when they are first needed, and no reason for
 * the process to stay.
 */

type Waiting = { readonly resolve: (result: Buffer) => void; readonly reject: (error: Error) => void }

type Thread = { readonly worker: Worker; readonly waiting: Map<number, Waiting> }

/** One core is left to the event loop. */
const MOST_THREADS = Math.max(1, Math.min(4, availableParallelism() - 1))

/** Jobs that one thread has or will get: some seconds of work at most. */
const MOST_WAITING = 1_000

// The same extension as this module: the sources run as .ts, a build as .js.
const THREAD = new URL(`./key-thread${extname(import.meta.filename)}`, import.meta.url)

const threads: Thread[] = []
let lastId = 0

const settle = ({ worker, waiting }: Thread, id: number): Waiting | undefined => {
  const waiter = waiting.get(id)
  waiting.delete(id)
  if (waiting.size === 0) worker.unref()
  return waiter
}

const end = (thread: Thread, cause: unknown): void => {
  const at = threads.indexOf(thread)
  if (at >= 0) threads.splice(at, 1)
  for (const { reject } of thread.waiting.values()) reject(new Error('the thread has ended', { cause }))
  thread.waiting.clear()
}

const start = (): Thread => {
  const worker = new Worker(THREAD, { name: 'kmipd-keys' })
  const thread: Thread = { worker, waiting: new Map() }
  worker.on('error', (error) => end(thread, error))
  worker.on('exit', (code) => end(thread, new Error(`exit code ${code}`)))
  worker.on('message', (message: unknown) => {
    if (!isJobResult(message)) return
    const waiter = settle(thread, message.id)
    const { result, problem } = message
    if (result === undefined) waiter?.reject(new Error(problem))
    else waiter?.resolve(Buffer.from(result.buffer, result.byteOffset, result.byteLength))
  })
  worker.unref()
  threads.push(thread)
  return thread
}

/** The thread with least to do; a new one where all have something and there may be one more. */
const freest = (): Thread => {
  const [first] = threads.toSorted((a, b) => a.waiting.size - b.waiting.size)
  if (first === undefined || (first.waiting.size > 0 && threads.length < MOST_THREADS)) return start()
  return first
}

/**
 * Performs a job on a thread.
 * @throws KmipError ServerLimitExceeded where too many wait, and Error for whatever goes wrong with the job
 */
export const onKeyThread = (job: KeyJob): Promise<Buffer> => {
  const thread = freest()
  if (thread.waiting.size >= MOST_WAITING) {
    return Promise.reject(
      new KmipError('ServerLimitExceeded', 'Too many private operations wait already: try again later'),
    )
  }
  lastId += 1
  const id = lastId
  return new Promise((resolve, reject) => {
    // A copy of its own: what is sent is copied with all of the memory that it is a part of.
    const data = Uint8Array.from(job.data)
    thread.worker.postMessage({ ...job, data, id })
    data.fill(0)
    // Only what has been sent is waited for; the answer comes in a later turn.
    thread.waiting.set(id, { resolve, reject })
    thread.worker.ref()
  })
}
