import { createHash, type Hash } from 'node:crypto'
import type { HashingAlgorithm } from '../../protocol/enumerations.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { CryptographicParameters } from '../../protocol/structures/cryptographic-parameters.ts'

/** Hashing Algorithms (1.4 section 9.1.3.2.16, 2.1 section 11.21) by the names that the library has for them. */
const HASH_NAMES: ReadonlyMap<HashingAlgorithm | number, string> = new Map<HashingAlgorithm | number, string>([
  ['MD5', 'md5'],
  ['SHA_1', 'sha1'],
  ['SHA_224', 'sha224'],
  ['SHA_256', 'sha256'],
  ['SHA_384', 'sha384'],
  ['SHA_512', 'sha512'],
  ['RIPEMD_160', 'ripemd160'],
  ['SHA_512_224', 'sha512-224'],
  ['SHA_512_256', 'sha512-256'],
  ['SHA3_224', 'sha3-224'],
  ['SHA3_256', 'sha3-256'],
  ['SHA3_384', 'sha3-384'],
  ['SHA3_512', 'sha3-512'],
])

/**
 * What the library calls a hash.
 * @throws KmipError BadCryptographicParameters without one, UnsupportedCryptographicParameters for one it lacks
 */
export const hashName = (algorithm: HashingAlgorithm | number | undefined): string => {
  if (algorithm === undefined) throw new KmipError('BadCryptographicParameters', 'The Hashing Algorithm is missing')
  const name = HASH_NAMES.get(algorithm)
  if (name !== undefined) return name
  throw new KmipError('UnsupportedCryptographicParameters', 'The Hashing Algorithm is not supported')
}

export const digest = (name: string, ...parts: readonly Buffer[]): Buffer => {
  const running = createHash(name)
  for (const part of parts) running.update(part)
  return running.digest()
}

/**
 * Hash (1.4 section 4.37, 2.1 section 6.1.24). InvalidField is the word that the error table of 2.1 has for parameters:
 * it lists none of those for Cryptographic Parameters.
 * @throws KmipError InvalidField
 */
export const beginHash = ({ hashingAlgorithm }: CryptographicParameters): Hash => {
  const name = HASH_NAMES.get(hashingAlgorithm ?? -1)
  if (name === undefined) throw new KmipError('InvalidField', 'The Hashing Algorithm is missing or not supported')
  return createHash(name)
}

/** Hash of data that is there as a whole. @throws as `beginHash` */
export const hash = (parameters: CryptographicParameters, data: Buffer): Buffer =>
  beginHash(parameters).update(data).digest()
