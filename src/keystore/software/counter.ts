import { KmipError } from '../../protocol/kmip-error.ts'
import type { CryptographicParameters } from '../../protocol/structures/cryptographic-parameters.ts'
import type { CipherMode } from '../ciphers.ts'

/*
 * Counters of CTR and ChaCha20, as Counter Length and Initial Counter Value have them (1.4 section 3.6, 2.1 section 4.16).
 */

/** What the library starts with, and how many bytes may come before the counter would count on in the nonce. */
export type CounterStart = { readonly iv: Buffer; readonly limit: number }

const bad = (problem: string): KmipError => new KmipError('BadCryptographicParameters', problem)

/** Bytes of the counter, where its length is given. */
const counterBytes = ({ counterLength }: CryptographicParameters, block: number): number | undefined => {
  if (counterLength === undefined) return undefined
  if (counterLength > 0 && counterLength % 8 === 0 && counterLength <= block * 8) return counterLength / 8
  throw bad('The Counter Length is not a number of whole bytes that the block has')
}

const counterValue = ({ initialCounterValue = 0 }: CryptographicParameters, bytes: number): bigint => {
  const value = BigInt(initialCounterValue)
  if (value >= 0n && value >> BigInt(bytes * 8) === 0n) return value
  throw bad('The Initial Counter Value does not fit into the counter')
}

const bigEndian = (value: bigint, bytes: number): Buffer =>
  Buffer.from(value.toString(16).padStart(bytes * 2, '0'), 'hex')

const valueOf = (counter: Buffer): bigint => BigInt(`0x${counter.toString('hex')}`)

const limitOf = (start: bigint, bytes: number, block: number): number => {
  const blocks = (1n << BigInt(bytes * 8)) - start
  return Number(blocks) * block
}

/** A whole block is taken as it is; a nonce gets its counter. */
const bigEndianStart = (iv: Buffer, parameters: CryptographicParameters, block: number): CounterStart => {
  const given = counterBytes(parameters, block)
  const bytes = given ?? (parameters.initialCounterValue === undefined ? undefined : block - iv.length)
  if (iv.length === block) {
    if (bytes === undefined || bytes === 0) return { iv, limit: Infinity }
    const start = valueOf(iv.subarray(block - bytes))
    if (parameters.initialCounterValue !== undefined && start !== counterValue(parameters, bytes)) {
      throw bad('The counter in the IV is not the Initial Counter Value')
    }
    return { iv, limit: limitOf(start, bytes, block) }
  }
  if (bytes === undefined || bytes + iv.length !== block) throw bad('The IV has not the length that the mode needs')
  const start = counterValue(parameters, bytes)
  return { iv: Buffer.concat([iv, bigEndian(start, bytes)]), limit: limitOf(start, bytes, block) }
}

const CHACHA_BLOCK = 64

/** The counter stands before the nonce (RFC 8439 section 2.3): of 32 bits before 12 bytes, of 64 before 8. */
const littleEndianStart = (iv: Buffer, parameters: CryptographicParameters): CounterStart => {
  const bytes = 16 - iv.length
  if (bytes === 0) return { iv, limit: Infinity }
  const start = counterValue(parameters, bytes)
  return { iv: Buffer.concat([bigEndian(start, bytes).reverse(), iv]), limit: limitOf(start, bytes, CHACHA_BLOCK) }
}

/** @throws KmipError BadCryptographicParameters */
export const counterStart = (
  { counter }: CipherMode,
  block: number,
  iv: Buffer,
  parameters: CryptographicParameters,
): CounterStart => {
  if (counter === undefined) return { iv, limit: Infinity }
  return counter === 'last, big-endian' ? bigEndianStart(iv, parameters, block) : littleEndianStart(iv, parameters)
}

/** Bytes of a counter that the server puts at the end of an IV that it makes; none where the length is not given. */
export const madeCounter = ({ counter }: CipherMode, block: number, parameters: CryptographicParameters): Buffer => {
  const bytes = counter === 'last, big-endian' ? counterBytes(parameters, block) : undefined
  return bytes === undefined ? Buffer.alloc(0) : bigEndian(counterValue(parameters, bytes), bytes)
}
