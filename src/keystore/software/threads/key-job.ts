import { KeyObject } from 'node:crypto'

/** A private operation that node:crypto has in no asynchronous form. */
export type KeyJob = {
  /** RSA in both directions, with the library's number of the padding; ECDSA over a digest, and the curve's name. */
  readonly kind: 'rsa-decrypt' | 'rsa-sign' | 'ecdsa-sign'
  readonly key: KeyObject
  readonly data: Uint8Array
  readonly padding?: number
  readonly curve?: string
}

export type NumberedJob = KeyJob & { readonly id: number }

/** Nothing is told of why a job failed but to the log. */
export type JobResult = { readonly id: number; readonly result?: Uint8Array; readonly problem?: string }

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

const KINDS: readonly unknown[] = ['rsa-decrypt', 'rsa-sign', 'ecdsa-sign']

export const isNumberedJob = (value: unknown): value is NumberedJob =>
  isRecord(value) &&
  typeof value['id'] === 'number' &&
  KINDS.includes(value['kind']) &&
  value['key'] instanceof KeyObject &&
  value['data'] instanceof Uint8Array

export const isJobResult = (value: unknown): value is JobResult => isRecord(value) && typeof value['id'] === 'number'
