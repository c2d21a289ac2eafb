import { createPublicKey, getDiffieHellman, type KeyObject } from 'node:crypto'
import type { CryptographicAlgorithm, RecommendedCurve } from '../../../protocol/enumerations.ts'
import { KmipError } from '../../../protocol/kmip-error.ts'
import { curveOrder, ecPrivateKey } from '../asymmetric/ec.ts'
import { finiteFieldKey, finiteFieldStructure } from '../asymmetric/finite-field.ts'
import { seedKey } from '../asymmetric/quantum.ts'
import { OCTET_KEYS, type OctetKey, octetPrivateKey } from '../asymmetric/raw-key.ts'
import type { Generator } from '../random/x931.ts'
import { drawScalar } from './scalar.ts'

/*
 * Key pairs whose private part is bits of our own generator. The public part is the library's work, from the private
 * key alone.
 */

export type Pair = {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
  /** The other halves of a pair that is put together. */
  readonly partners?: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
}

const pairOf = (privateKey: KeyObject | undefined, secret: Buffer): Pair => {
  secret.fill(0)
  if (privateKey === undefined) throw new KmipError('CryptographicFailure', 'The key pair could not be made')
  return { privateKey, publicKey: createPublicKey(privateKey) }
}

/** FIPS 186-4 Appendix B.4.2. */
export const makeEcPair = (generator: Generator, curve: RecommendedCurve): Pair => {
  const order = curveOrder(curve)
  if (order === undefined) throw new KmipError('CryptographicFailure', 'The key pair could not be made')
  const d = drawScalar(generator, order)
  return pairOf(ecPrivateKey(curve, d), d)
}

/** RFC 7748 and RFC 8032: any bytes are a private key. */
export const makeOctetPair = (generator: Generator, kind: OctetKey): Pair => {
  const secret = generator.bytes(OCTET_KEYS[kind].bytes)
  return pairOf(octetPrivateKey(kind, secret), secret)
}

/** FIPS 203 section 7.1 and FIPS 204 section 5.1: a seed decides the pair. */
export const makeSeededPair = (generator: Generator, algorithm: CryptographicAlgorithm, bytes: number): Pair => {
  const seed = generator.bytes(bytes)
  return pairOf(seedKey(algorithm, seed), seed)
}

/**
 * A DSA key for the domain parameters of another one, which are no secret (FIPS 186-4 Appendix B.1.2): the library
 * makes those only together with a key.
 */
export const makeDsaPair = (generator: Generator, sample: KeyObject): Pair => {
  const { p, q, g } = finiteFieldStructure(sample)
  const x = drawScalar(generator, q ?? Buffer.alloc(0))
  return pairOf(finiteFieldKey('dsa', { p, q, g, x }), x)
}

/** 2^512: private keys have twice the strength of the strongest group at least (SP 800-56A section 5.6.1.1.4). */
const DH_ORDER = Buffer.concat([Buffer.from([1]), Buffer.alloc(64)])

export const makeDhPair = (generator: Generator, group: string): Pair => {
  const domain = getDiffieHellman(group)
  const x = drawScalar(generator, DH_ORDER)
  return pairOf(finiteFieldKey('dh', { p: domain.getPrime(), g: domain.getGenerator(), x }), x)
}
