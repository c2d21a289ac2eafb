import { createHash, type Hash } from 'node:crypto'
import type { HashingAlgorithm } from '../../protocol/enumerations.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { CryptographicParameters } from '../../protocol/structures/cryptographic-parameters.ts'
import { HASHES } from '../mechanisms.ts'

/**
 * What the library calls a hash.
 * @throws KmipError BadCryptographicParameters without one, UnsupportedCryptographicParameters for one it lacks
 */
export const hashName = (algorithm: HashingAlgorithm | number | undefined): string => {
  if (algorithm === undefined) throw new KmipError('BadCryptographicParameters', 'The Hashing Algorithm is missing')
  const name = HASHES.get(algorithm)
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
  const name = HASHES.get(hashingAlgorithm ?? -1)
  if (name === undefined) throw new KmipError('InvalidField', 'The Hashing Algorithm is missing or not supported')
  return createHash(name)
}

/** Hash of data that is there as a whole. @throws as `beginHash` */
export const hash = (parameters: CryptographicParameters, data: Buffer): Buffer =>
  beginHash(parameters).update(data).digest()
