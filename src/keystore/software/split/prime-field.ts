import { KmipError } from '../../../protocol/kmip-error.ts'
import { bitLength, isNegative, toBigInt } from '../asymmetric/big-integer.ts'
import { isPrime } from '../key-pair/prime.ts'

/** Bits of a prime that a client chooses: longer ones cannot be checked in a time that anybody would wait for. */
const LONGEST_CHECKED = 4096

/** The least primes above a power of two, by its exponent. */
const NEXT_PRIMES: readonly (readonly [bits: number, offset: bigint])[] = [
  [64, 13n],
  [128, 51n],
  [192, 133n],
  [256, 297n],
  [512, 75n],
]

/** Exponents of Mersenne primes, for what is longer: no such prime has to be searched. */
const MERSENNE = [1279, 2203, 3217, 4423, 9689, 9941, 11_213, 19_937, 21_701, 23_209] as const

const PRIMES: readonly (readonly [bits: number, prime: bigint])[] = [
  ...NEXT_PRIMES.map(([bits, offset]) => [bits, (1n << BigInt(bits)) + offset] as const),
  ...MERSENNE.map((bits) => [bits - 1, (1n << BigInt(bits)) - 1n] as const),
]

/**
 * A prime bigger than 2^L, for a secret of so many bits (2.1 section 13.1).
 * @throws KmipError InvalidField where there is none at hand
 */
export const primeFor = (bits: number): bigint => {
  const found = PRIMES.find(([longest]) => bits <= longest)
  if (found === undefined) throw new KmipError('InvalidField', 'The key is too long to be shared in a prime field')
  return found[1]
}

/**
 * A Prime Field Size as it stands in an object, which has to have one (1.4 section 2.2.5, 2.1 section 2.8).
 * @throws KmipError InvalidField where it is missing, or no size of a field
 */
export const fieldSize = (size: Buffer | undefined): bigint => {
  if (size === undefined) throw new KmipError('InvalidField', 'The Prime Field Size is missing')
  if (isNegative(size) || bitLength(size) < 2) throw new KmipError('InvalidField', 'The Prime Field Size is no prime')
  return toBigInt(size)
}

/**
 * Checks the prime that a client chose for a secret of so many bits.
 * @throws KmipError InvalidField
 */
export const checkChosen = async (prime: bigint, bits: number): Promise<void> => {
  if (prime >> BigInt(bits) === 0n) throw new KmipError('InvalidField', 'The Prime Field Size is too small for the key')
  if (PRIMES.some(([, known]) => known === prime)) return
  if (prime >> BigInt(LONGEST_CHECKED) !== 0n || !(await isPrime(prime))) {
    throw new KmipError('InvalidField', 'The Prime Field Size is no prime, or too long to tell')
  }
}
