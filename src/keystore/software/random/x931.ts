import { createCipheriv, createSecretKey } from 'node:crypto'
import { KmipError } from '../../../protocol/kmip-error.ts'

/*
 * The generator of ANSI X9.31 Appendix A.2.4 with AES-256 (NIST, "Random Number Generator Based on ANSI X9.31 Appendix
 * A.2.4 Using the 3-Key Triple DES and AES Algorithms", 2005). For each block of output, with the key K, the seed V and
 * a date DT that no other block has:
 *
 *     I = AES(K, DT)      R = AES(K, I xor V)      V' = AES(K, R xor I)
 */

export const BLOCK_BYTES = 16
export const KEY_BYTES = 32

/** Random bytes for one purpose. */
export type Generator = {
  bytes(length: number): Buffer
  /** Overwrites what the generator holds. It gives no bytes afterwards. */
  close(): void
}

export type X931Start = {
  /** K, of 256 bits here. Belongs to the generator, which overwrites it. */
  readonly key: Buffer
  /** V. Belongs to the generator, which overwrites it. */
  readonly seed: Buffer
  /** The next dates, a block for each. */
  readonly dates: (count: number) => Buffer
}

const xorInto = (target: Buffer, at: number, a: Buffer, aAt: number, b: Buffer): void => {
  for (let index = 0; index < BLOCK_BYTES; index += 1) {
    target[at + index] = (a[aAt + index] ?? 0) ^ (b[index] ?? 0)
  }
}

/** A generator that repeats a block has broken down (FIPS 140-2 section 4.9.2: the continuous test). */
const checkNew = (block: Buffer, last: Buffer | undefined): void => {
  if (last?.equals(block) !== true) return
  throw new KmipError('CryptographicFailure', 'The random number generator has failed its test')
}

/** The blocks as they come, without a test. */
export const x931Blocks = ({ key, seed, dates }: X931Start) => {
  // Given bytes, Node makes and drops two errors with their stacks to find out that they are no KeyObject. Its copy of the
  // key is cleared when it is collected.
  const secret = createSecretKey(key)
  const cipher = createCipheriv(`aes-${key.length * 8}-ecb`, secret, null).setAutoPadding(false)
  const input = Buffer.alloc(BLOCK_BYTES)
  let state = seed
  return {
    next: (count: number): Buffer => {
      const intermediate = cipher.update(dates(count))
      const output = Buffer.alloc(intermediate.length)
      for (let at = 0; at < output.length; at += BLOCK_BYTES) {
        xorInto(input, 0, intermediate, at, state)
        const block = cipher.update(input)
        xorInto(input, 0, intermediate, at, block)
        state.fill(0)
        state = cipher.update(input)
        block.copy(output, at)
        block.fill(0)
      }
      intermediate.fill(0)
      return output
    },
    close: (): void => {
      // The library overwrites the key schedule when a cipher ends.
      cipher.final()
      for (const held of [key, state, input]) held.fill(0)
    },
  }
}

/** The generator with its continuous test. The first block is for the comparison only. @throws KmipError */
export const createX931 = (start: X931Start): Generator => {
  const blocks = x931Blocks(start)
  let last = blocks.next(1)
  return {
    bytes: (length) => {
      const output = blocks.next(Math.ceil(length / BLOCK_BYTES))
      for (let at = 0; at < output.length; at += BLOCK_BYTES) {
        const block = output.subarray(at, at + BLOCK_BYTES)
        checkNew(block, at === 0 ? last : output.subarray(at - BLOCK_BYTES, at))
      }
      if (output.length > 0) {
        last.fill(0)
        last = Buffer.from(output.subarray(output.length - BLOCK_BYTES))
      }
      const wanted = output.subarray(0, length)
      output.fill(0, length)
      return wanted
    },
    close: () => {
      last.fill(0)
      blocks.close()
    },
  }
}
