import { checkPrime } from 'node:crypto'
import { KmipError } from '../../../protocol/kmip-error.ts'
import type { Generator } from '../random/x931.ts'

/*
 * Random probable primes of FIPS 186-4 Appendix B.3.3: every candidate is new bits of the generator. The library tests
 * them, off the event loop; what small primes divide is not put to it.
 */

const LARGEST_FACTOR = 4096
/** Products and remainders of the division by words of 16 bits stay below 2^31. */
const LARGEST_DIVISOR = 32_768

const oddPrimes = (below: number): readonly number[] => {
  const composite = new Uint8Array(below)
  const primes: number[] = []
  for (let n = 3; n < below; n += 2) {
    if (composite[n] === 1) continue
    primes.push(n)
    for (let multiple = n * n; multiple < below; multiple += 2 * n) composite[multiple] = 1
  }
  return primes
}

type Divisor = { readonly product: number; readonly primes: readonly number[] }

/** Neighbouring primes are multiplied as far as they fit: one division for several. */
const divisorsOf = (primes: readonly number[]): readonly Divisor[] => {
  const divisors: Divisor[] = []
  let [product, group]: [number, number[]] = [1, []]
  for (const prime of primes) {
    if (product * prime > LARGEST_DIVISOR) {
      divisors.push({ product, primes: group })
      ;[product, group] = [1, []]
    }
    product *= prime
    group.push(prime)
  }
  return [...divisors, { product, primes: group }]
}

const DIVISORS = divisorsOf(oddPrimes(LARGEST_FACTOR))

const remainder = (words: Uint16Array, divisor: number): number => {
  let rest = 0
  for (const word of words) rest = ((rest << 16) | word) % divisor
  return rest
}

/** Words of 16 bits, the most significant first. */
const wordsOf = (number: Buffer): Uint16Array => {
  const words = new Uint16Array(Math.ceil(number.length / 2))
  const odd = number.length % 2
  if (odd === 1) words[0] = number[0] ?? 0
  for (let at = odd; at < number.length; at += 2) words[(at + odd) / 2] = number.readUInt16BE(at)
  return words
}

/** Whether one of the small primes divides it; for numbers that are larger than those. */
export const hasSmallFactor = (number: Buffer): boolean => {
  const words = wordsOf(number)
  const found = DIVISORS.some(({ product, primes }) => {
    const rest = remainder(words, product)
    return primes.some((prime) => rest % prime === 0)
  })
  words.fill(0)
  return found
}

/** Whether the number less one shares the factor `exponent`, which is a prime above 2^16. */
const sharesFactor = (number: Buffer, exponent: number): boolean => {
  let rest = 0
  for (const byte of number) rest = (rest * 256 + byte) % exponent
  return rest === 1
}

/** The first 32 bits of the square root of 1/2. A prime above it makes the product as long as it has to be. */
const ROOT = 0xb504f333

/** Candidates after which something must be wrong; a prime is among them but for a chance of 2^-80. */
const MOST_CANDIDATES_PER_BIT = 20

/** Asks the library, off the event loop. */
export const isPrime = (candidate: Buffer | bigint): Promise<boolean> =>
  new Promise((resolve, reject) => {
    checkPrime(candidate, (error, result) => {
      // Not null but undefined where there is none, whatever the types say.
      if (error instanceof Error) reject(error)
      else resolve(result)
    })
  })

/** Seven of ten candidates are too small: that shows in their first block, and then the rest is not drawn. */
const HEAD_BYTES = 16

/** An odd number of exactly `bits` bits, above their maximum divided by the square root of two; undefined for others. */
const candidateOf = (generator: Generator, bits: number): Buffer | undefined => {
  const length = Math.ceil(bits / 8)
  const excess = length * 8 - bits
  const head = generator.bytes(HEAD_BYTES)
  head[0] = (head[0] ?? 0) & (0xff >> excess)
  if (head.readUInt32BE(0) <= ROOT >>> excess) {
    head.fill(0)
    return undefined
  }
  const tail = generator.bytes(length - HEAD_BYTES)
  const candidate = Buffer.concat([head, tail])
  candidate[length - 1] = (candidate[length - 1] ?? 0) | 1
  for (const part of [head, tail]) part.fill(0)
  return candidate
}

/** Candidates that no small prime divides. */
const candidates = function* (
  generator: Generator,
  bits: number,
  exponent: number,
): Iterable<Buffer> & Iterator<Buffer, undefined> {
  for (let tried = 0; tried < bits * MOST_CANDIDATES_PER_BIT; tried += 1) {
    const candidate = candidateOf(generator, bits)
    if (candidate === undefined) continue
    if (!sharesFactor(candidate, exponent) && !hasSmallFactor(candidate)) yield candidate
    else candidate.fill(0)
  }
}

/**
 * A prime of `bits` bits (at least 256) that less one has no common factor with `exponent`, a prime above 2^16. While the
 * library tests one candidate, the next one is looked for.
 * @throws KmipError CryptographicFailure
 */
export const findPrime = async (generator: Generator, bits: number, exponent: number): Promise<Buffer> => {
  const remaining = candidates(generator, bits, exponent)
  let next = remaining.next()
  while (next.done !== true) {
    const candidate = next.value
    const test = isPrime(candidate)
    next = remaining.next()
    if (await test) {
      if (next.done !== true) next.value.fill(0)
      return candidate
    }
    candidate.fill(0)
  }
  throw new KmipError('CryptographicFailure', 'The key pair could not be made')
}
