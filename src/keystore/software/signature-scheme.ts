import type { DigitalSignatureAlgorithm, HashingAlgorithm, PaddingMethod } from '../../protocol/enumerations.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { CryptographicParameters } from '../../protocol/structures/cryptographic-parameters.ts'
import type { AsymmetricKey } from './asymmetric/asymmetric-key.ts'
import { QUANTUM_ALGORITHMS } from '../quantum-keys.ts'
import { hashName } from './hash.ts'

/** How a signature is made: what Cryptographic Parameters come to for one key. Hashes by the library's names. */
export type Scheme =
  | { readonly kind: 'pkcs1'; readonly hash: string | undefined }
  | { readonly kind: 'pss'; readonly hash: string; readonly maskHash: string; readonly saltLength: number | undefined }
  | { readonly kind: 'x931'; readonly hash: string }
  | { readonly kind: 'dsa'; readonly hash: string | undefined }
  | { readonly kind: 'edwards' }
  /** ML-DSA and SLH-DSA, with the context string of FIPS 204 and 205. */
  | { readonly kind: 'quantum'; readonly context: Buffer | undefined }

type Named = {
  readonly family: 'rsa' | 'dsa' | 'ec'
  readonly padding?: 'PKCS1V1_5' | 'PSS'
  readonly hash?: HashingAlgorithm
}

const rsa = (hash: HashingAlgorithm): Named => ({ family: 'rsa', padding: 'PKCS1V1_5', hash })

/** Digital Signature Algorithms (1.4 section 9.1.3.2.7, 2.1 section 11.16). */
export const DIGITAL_SIGNATURES: Readonly<Record<DigitalSignatureAlgorithm, Named>> = {
  MD2WithRSAEncryption: rsa('MD2'),
  MD5WithRSAEncryption: rsa('MD5'),
  SHA_1WithRSAEncryption: rsa('SHA_1'),
  SHA_224WithRSAEncryption: rsa('SHA_224'),
  SHA_256WithRSAEncryption: rsa('SHA_256'),
  SHA_384WithRSAEncryption: rsa('SHA_384'),
  SHA_512WithRSAEncryption: rsa('SHA_512'),
  SHA3_256WithRSAEncryption: rsa('SHA3_256'),
  SHA3_384WithRSAEncryption: rsa('SHA3_384'),
  SHA3_512WithRSAEncryption: rsa('SHA3_512'),
  RSASSA_PSS: { family: 'rsa', padding: 'PSS' },
  DSAWithSHA_1: { family: 'dsa', hash: 'SHA_1' },
  DSAWithSHA224: { family: 'dsa', hash: 'SHA_224' },
  DSAWithSHA256: { family: 'dsa', hash: 'SHA_256' },
  ECDSAWithSHA_1: { family: 'ec', hash: 'SHA_1' },
  ECDSAWithSHA224: { family: 'ec', hash: 'SHA_224' },
  ECDSAWithSHA256: { family: 'ec', hash: 'SHA_256' },
  ECDSAWithSHA384: { family: 'ec', hash: 'SHA_384' },
  ECDSAWithSHA512: { family: 'ec', hash: 'SHA_512' },
}

const bad = (problem: string): KmipError => new KmipError('BadCryptographicParameters', problem)

const unsupported = (problem: string): KmipError => new KmipError('UnsupportedCryptographicParameters', problem)

const namedBy = ({ digitalSignatureAlgorithm: name }: CryptographicParameters): Named | undefined => {
  if (name === undefined) return undefined
  if (typeof name === 'number') throw unsupported('The Digital Signature Algorithm is not supported')
  return DIGITAL_SIGNATURES[name]
}

/** Whether the parameters speak of a key like this one, as far as they name an algorithm. */
export const concernsKey = (key: AsymmetricKey, parameters: CryptographicParameters): boolean => {
  const { cryptographicAlgorithm: algorithm } = parameters
  const known = algorithm === undefined || key.algorithms.some((name) => name === algorithm)
  const family = namedBy(parameters)?.family
  return known && (family === undefined || family === key.family)
}

/** What both name must agree: the Digital Signature Algorithm, and Padding Method with Hashing Algorithm. */
const agreed = <T>(named: T | undefined, given: T | undefined, problem: string): T | undefined => {
  if (named !== undefined && given !== undefined && named !== given) throw bad(problem)
  return named ?? given
}

/**
 * 1.4 section 3.6 lets the mask be made with SHA-1 where no Mask Generator Hashing Algorithm is given. The published
 * signatures of every version, and clients of 1.2 and 1.3 that have no such field, use the hash of the message
 * (CS-AC-M-2), as RFC 8017 section 8.1 recommends: so does this server.
 */
const pss = (parameters: CryptographicParameters, hash: string | undefined): Scheme => {
  if (hash === undefined) throw bad('The Hashing Algorithm is missing')
  const { maskGeneratorHashingAlgorithm, saltLength, trailerField } = parameters
  if (trailerField !== undefined && trailerField !== 1) throw unsupported('The Trailer Field is not supported')
  if (saltLength !== undefined && saltLength < 0) throw bad('The Salt Length is negative')
  const maskHash = maskGeneratorHashingAlgorithm === undefined ? hash : hashName(maskGeneratorHashingAlgorithm)
  return { kind: 'pss', hash, maskHash, saltLength }
}

/** Hashes that have a number in the trailer of ANSI X9.31 (ISO/IEC 10118), as far as the library knows them. */
const X931_HASHES: readonly (string | undefined)[] = ['sha1', 'sha256', 'sha384', 'sha512']

const x931 = (_: CryptographicParameters, hash: string | undefined): Scheme => {
  if (hash === undefined) throw bad('The Hashing Algorithm is missing')
  if (!X931_HASHES.includes(hash)) throw unsupported('X9.31 is not supported with this Hashing Algorithm')
  return { kind: 'x931', hash }
}

type MakeScheme = (parameters: CryptographicParameters, hash: string | undefined) => Scheme

/** Padding Methods of RSA signatures. */
export const PADDED_SCHEMES: ReadonlyMap<PaddingMethod | number, MakeScheme> = new Map<
  PaddingMethod | number,
  MakeScheme
>([
  ['PKCS1V1_5', (_, hash) => ({ kind: 'pkcs1', hash })],
  ['PSS', pss],
  ['X9_31', x931],
])

const LONGEST_CONTEXT = 255

/** FIPS 204 section 5.2 and FIPS 205 section 10.2: hedged with random numbers, in the pure form. */
const quantum = ({ algorithm }: AsymmetricKey, { contextString, deterministic }: CryptographicParameters): Scheme => {
  if (QUANTUM_ALGORITHMS.get(algorithm)?.use !== 'signature')
    throw unsupported('Keys of this Cryptographic Algorithm do not sign')
  if (deterministic === true) throw unsupported('Signatures are made with random numbers')
  if ((contextString?.length ?? 0) > LONGEST_CONTEXT) throw bad('The Context String is too long')
  return { kind: 'quantum', context: contextString }
}

/**
 * The scheme that the parameters mean for a key that they concern. A hash is required, unless the data is a digest that
 * goes into the signature as it is; RSA is padded as in PKCS#1 v1.5 where no Padding Method is named.
 * @throws KmipError BadCryptographicParameters, UnsupportedCryptographicParameters
 */
export const schemeFor = (key: AsymmetricKey, parameters: CryptographicParameters, digested: boolean): Scheme => {
  if (key.family === 'edwards') return { kind: 'edwards' }
  if (key.family === 'quantum') return quantum(key, parameters)
  const named = namedBy(parameters)
  const algorithm = agreed<HashingAlgorithm | number>(
    named?.hash,
    parameters.hashingAlgorithm,
    'The Hashing Algorithm is not that of the Digital Signature Algorithm',
  )
  const hash = algorithm === undefined && digested ? undefined : hashName(algorithm)
  if (key.family === 'dsa' || key.family === 'ec') return { kind: 'dsa', hash }
  if (key.family !== 'rsa') throw unsupported('Keys of this Cryptographic Algorithm do not sign')
  const padding = agreed(
    named?.padding,
    parameters.paddingMethod,
    'The Padding Method is not that of the Digital Signature Algorithm',
  )
  const make = PADDED_SCHEMES.get(padding ?? 'PKCS1V1_5')
  if (make === undefined) throw unsupported('The Padding Method is not supported for signatures')
  return make(parameters, hash)
}
