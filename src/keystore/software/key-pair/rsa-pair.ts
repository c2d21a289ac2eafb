import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { KmipError } from '../../../protocol/kmip-error.ts'
import type { TransparentKeyMaterial } from '../../../protocol/structures/key-block.ts'
import { fromBigInt, greatestDivisor, inverse, toBigInt } from '../asymmetric/big-integer.ts'
import { rsaPrivateKey } from '../asymmetric/rsa.ts'
import type { Generator } from '../random/x931.ts'
import { findPrime } from './prime.ts'

/* RSA key pairs of FIPS 186-4 Appendix B.3.3. */

export const RSA_EXPONENT = 65_537

/** Bits in which the primes may not agree from the top on (step 5.4). */
const DISTANCE_BITS = 100

/**
 * The private key of two primes of `primeBits` bits; undefined where they may not be used together: too near to each
 * other, or with a private exponent that is too small (Appendix B.3.1, criteria 2d and 3a).
 */
export const rsaNumbers = (a: bigint, b: bigint, primeBits: number): TransparentKeyMaterial | undefined => {
  const [p, q] = a > b ? [a, b] : [b, a]
  if (p - q <= 1n << BigInt(primeBits - DISTANCE_BITS)) return undefined
  const phi = (p - 1n) * (q - 1n)
  const d = inverse(BigInt(RSA_EXPONENT), phi / greatestDivisor(p - 1n, q - 1n))
  const coefficient = inverse(q, p)
  if (d === undefined || coefficient === undefined || d <= 1n << BigInt(primeBits)) return undefined
  return {
    modulus: fromBigInt(p * q),
    publicExponent: fromBigInt(BigInt(RSA_EXPONENT)),
    privateExponent: fromBigInt(d),
    p: fromBigInt(p),
    q: fromBigInt(q),
    primeExponentP: fromBigInt(d % (p - 1n)),
    primeExponentQ: fromBigInt(d % (q - 1n)),
    crtCoefficient: fromBigInt(coefficient),
  }
}

const takenAsBigInt = (bytes: Buffer): bigint => {
  const value = toBigInt(bytes)
  bytes.fill(0)
  return value
}

const findNumbers = async (generator: Generator, primeBits: number): Promise<TransparentKeyMaterial> => {
  const p = takenAsBigInt(await findPrime(generator, primeBits, RSA_EXPONENT))
  let numbers: TransparentKeyMaterial | undefined
  while (numbers === undefined) {
    const q = takenAsBigInt(await findPrime(generator, primeBits, RSA_EXPONENT))
    numbers = rsaNumbers(p, q, primeBits)
  }
  return numbers
}

const wipe = (numbers: TransparentKeyMaterial): void => {
  for (const value of Object.values(numbers)) if (Buffer.isBuffer(value)) value.fill(0)
}

const SAMPLE = Buffer.from('pairwise consistency')

const signed = (privateKey: KeyObject): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    sign('sha256', SAMPLE, privateKey, (error, signature) => {
      if (error instanceof Error) reject(error)
      else resolve(signature)
    })
  })

/** What one key signs, the other verifies (FIPS 140-2 section 4.9.2). @throws KmipError CryptographicFailure */
export const checkPair = async (privateKey: KeyObject, publicKey: KeyObject): Promise<void> => {
  const fits = verify('sha256', SAMPLE, publicKey, await signed(privateKey))
  if (!fits) throw new KmipError('CryptographicFailure', 'The key pair could not be made')
}

export const makeRsaPair = async (generator: Generator, bits: number) => {
  const numbers = await findNumbers(generator, bits / 2)
  const privateKey = rsaPrivateKey(numbers)
  wipe(numbers)
  if (privateKey === undefined) throw new KmipError('CryptographicFailure', 'The key pair could not be made')
  const publicKey = createPublicKey(privateKey)
  await checkPair(privateKey, publicKey)
  return { privateKey, publicKey }
}
