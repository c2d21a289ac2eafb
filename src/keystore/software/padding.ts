import { randomBytes } from 'node:crypto'
import type { PaddingMethod } from '../../protocol/enumerations.ts'

/** Fills up the last block, and takes the filling away again. */
export type Padding = {
  /** The bytes that go after data of so many bytes. */
  fill(length: number, block: number): Buffer
  /** Bytes of padding at the end of `data`, which is a positive number of whole blocks; undefined where there is none. */
  count(data: Buffer, block: number): number | undefined
}

const missing = (length: number, block: number): number => block - (length % block)

/** Bytes before the count have to be `expected`; all of them are looked at. */
const counted = (data: Buffer, block: number, expected: (count: number) => number | undefined): number | undefined => {
  const count = data.at(-1) ?? 0
  if (count < 1 || count > block || count > data.length) return undefined
  const filler = expected(count)
  if (filler === undefined) return count
  let wrong = 0
  for (let at = data.length - count; at < data.length - 1; at += 1) wrong |= (data[at] ?? 0) ^ filler
  return wrong === 0 ? count : undefined
}

/** Each byte is the number of bytes (RFC 8018 section 6.1.1, there for blocks of eight). */
const PKCS5: Padding = {
  fill: (length, block) => Buffer.alloc(missing(length, block), missing(length, block)),
  count: (data, block) => counted(data, block, (count) => count),
}

/** Zeros, then the number of bytes. */
const ANSI_X9_23: Padding = {
  fill: (length, block) => {
    const padding = Buffer.alloc(missing(length, block))
    padding[padding.length - 1] = padding.length
    return padding
  },
  count: (data, block) => counted(data, block, () => 0),
}

/** Random bytes, then the number of bytes. */
const ISO_10126: Padding = {
  fill: (length, block) => {
    const padding = randomBytes(missing(length, block))
    padding[padding.length - 1] = padding.length
    return padding
  },
  count: (data, block) => counted(data, block, () => undefined),
}

/** Anything, then the number of bytes before this last one (RFC 6101 section 5.2.3.2); never more than a block. */
const SSL3: Padding = {
  fill: (length, block) => {
    const padding = randomBytes(missing(length, block))
    padding[padding.length - 1] = padding.length - 1
    return padding
  },
  count: (data, block) => {
    const count = (data.at(-1) ?? block) + 1
    return count > block || count > data.length ? undefined : count
  },
}

/** Zeros up to the end of the block, none where it is full: data that ends in zeros does not come back whole. */
const ZEROS: Padding = {
  fill: (length, block) => Buffer.alloc((block - (length % block)) % block),
  count: (data, block) => {
    let count = 0
    while (count < block - 1 && count < data.length && data[data.length - 1 - count] === 0) count += 1
    return count
  },
}

/** Padding Methods of block ciphers (1.4 section 9.1.3.2.15, 2.1 section 11.37). */
export const PADDINGS: ReadonlyMap<PaddingMethod | number, Padding> = new Map<PaddingMethod | number, Padding>([
  ['PKCS5', PKCS5],
  ['ANSIX9_23', ANSI_X9_23],
  ['ISO10126', ISO_10126],
  ['Zeros', ZEROS],
  ['SSL3', SSL3],
])
