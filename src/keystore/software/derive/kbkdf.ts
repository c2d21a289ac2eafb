import { KmipError } from '../../../protocol/kmip-error.ts'
import type { Prf } from './prf.ts'

/*
 * The key derivation functions of SP 800-108 in the three modes that KMIP names. The data of a request is the whole fixed
 * input: Label, perhaps a zero byte, Context, and the length where the client wants it there (1.4 section 4.6, 2.1
 * section 7.12). A result of more blocks than the counter can count is refused.
 */

const counter = (index: number, size: number): Buffer => {
  const bytes = Buffer.alloc(size)
  bytes.writeUIntBE(index, 0, size)
  return bytes
}

/** Calls `next` for blocks 1, 2, ... until there are `length` bytes; `size` is that of the counter in bytes. */
const blocks = (length: number, size: number, next: (index: Buffer) => Buffer): Buffer => {
  const parts: Buffer[] = []
  for (let index = 1, bytes = 0; bytes < length; index += 1) {
    if (index >= 2 ** (8 * size)) {
      throw new KmipError('CryptographicFailure', 'The counter is too short for this length')
    }
    const block = next(counter(index, size))
    parts.push(block)
    bytes += block.length
  }
  return Buffer.concat(parts, length)
}

/** Counter mode: K(i) = PRF([i] || data). */
export const counterMode = (prf: Prf, data: Buffer, length: number, size: number): Buffer =>
  blocks(length, size, (index) => prf(index, data))

/** Feedback mode: K(i) = PRF(K(i-1) || [i] || data), where K(0) is the IV. */
export const feedbackMode = (prf: Prf, data: Buffer, length: number, size: number, iv: Buffer): Buffer => {
  let last = iv
  return blocks(length, size, (index) => (last = prf(last, index, data)))
}

/** Double-pipeline mode: A(0) is the data, A(i) = PRF(A(i-1)), K(i) = PRF(A(i) || [i] || data). */
export const doublePipelineMode = (prf: Prf, data: Buffer, length: number, size: number): Buffer => {
  let chained = data
  return blocks(length, size, (index) => {
    chained = prf(chained)
    return prf(chained, index, data)
  })
}
