import { constants, privateDecrypt, privateEncrypt } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import { signDigest } from '../ec-digest.ts'
import { isNumberedJob, type JobResult, type KeyJob } from './key-job.ts'

/*
 * A thread for private operations that would stop the event loop: one with RSA-4096 takes more than a millisecond.
 */

const perform = ({ kind, key, data, padding = constants.RSA_NO_PADDING, curve }: KeyJob): Buffer => {
  switch (kind) {
    case 'rsa-decrypt':
      return privateDecrypt({ key, padding }, data)
    case 'rsa-sign':
      return privateEncrypt({ key, padding }, data)
    case 'ecdsa-sign':
      return signDigest(key, curve, data)
  }
}

const resultOf = (id: number, job: KeyJob): JobResult => {
  try {
    const made = perform(job)
    const result = Uint8Array.from(made)
    made.fill(0)
    return { id, result }
  } catch (error) {
    return { id, problem: error instanceof Error ? error.message : 'unknown' }
  } finally {
    job.data.fill(0)
  }
}

const port = parentPort
port?.on('message', (job: unknown) => {
  if (!isNumberedJob(job)) return
  const answer = resultOf(job.id, job)
  port.postMessage(answer)
  answer.result?.fill(0)
})
