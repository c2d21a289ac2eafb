import { fromBigInt, greatestDivisor, inverse, toBigInt, toFixed } from '../asymmetric/big-integer.ts'
import { type RandomBytes, type Share, type Sharing, unjoined } from './sharing.ts'

/** Bytes more than the number has: what is left of the bias is less than 2^-128. */
const SPARE = 16

const randomBelow = (prime: bigint, bytes: number, random: RandomBytes): bigint =>
  toBigInt(random(bytes + SPARE)) % prime

type Weight = { readonly over: bigint; readonly under: bigint }

/** What a share counts for at the place `at` (Lagrange), as a fraction of integers: part numbers are small. */
const weight = (part: number, shares: readonly Share[], at: number): Weight => {
  const others = shares.filter((other) => other.part !== part)
  const over = others.reduce((product, other) => product * BigInt(at - other.part), 1n)
  const under = others.reduce((product, other) => product * BigInt(part - other.part), 1n)
  const common = greatestDivisor(over, under)
  return { over: over / common, under: under / common }
}

/** All weights over one denominator, so that a single inverse is calculated. */
const interpolate = (shares: readonly Share[], at: number, prime: bigint): bigint => {
  const weights = shares.map(({ part }) => weight(part, shares, at))
  const under = weights.reduce((least, next) => (least / greatestDivisor(least, next.under)) * next.under, 1n)
  const sum = shares.reduce((total, { bytes }, index) => {
    const { over, under: own } = weights[index] ?? { over: 0n, under: 1n }
    return total + toBigInt(bytes) * over * (under / own)
  }, 0n)
  const reduced = ((under % prime) + prime) % prime
  const factor = inverse(reduced, prime)
  if (factor === undefined) throw unjoined()
  return (((sum * factor) % prime) + prime) % prime
}

/**
 * Shamir's scheme over the integers modulo a prime. A share is a number; it stands in as many bytes as the prime has, the
 * most significant first.
 */
export const primeSharing = (prime: bigint): Sharing => {
  const width = Math.ceil(prime.toString(16).length / 2)

  const bytesOf = (value: bigint): Buffer => {
    const bytes = toFixed(fromBigInt(value), width)
    if (bytes === undefined) throw unjoined()
    return bytes
  }

  return {
    split: (secret, { parts, threshold }, random) => {
      const chosen = Array.from({ length: threshold - 1 }, () => randomBelow(prime, width, random))
      const coefficients = [toBigInt(secret), ...chosen]
      return Array.from({ length: parts }, (_, index) => {
        const at = BigInt(index + 1)
        return bytesOf(coefficients.reduceRight((sum, coefficient) => (sum * at + coefficient) % prime))
      })
    },
    normal: (bytes) => (toBigInt(bytes) < prime ? toFixed(bytes, width) : undefined),
    join: (shares, at) => bytesOf(interpolate(shares, at, prime)),
  }
}
