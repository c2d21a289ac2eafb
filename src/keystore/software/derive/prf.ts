import { createHmac } from 'node:crypto'
import type { CryptographicAlgorithm, HashingAlgorithm } from '../../../protocol/enumerations.ts'
import type { CryptographicParameters } from '../../../protocol/structures/cryptographic-parameters.ts'
import { hashName } from '../hash.ts'
import { mac } from '../mac.ts'
import { keyObjectOf, type Secret } from './secret.ts'

/** A pseudorandom function with its key. */
export type Prf = (...parts: readonly Buffer[]) => Buffer

/** Keys that are made for HMAC name their hash. */
const HASHES: ReadonlyMap<CryptographicAlgorithm | number, HashingAlgorithm> = new Map<
  CryptographicAlgorithm | number,
  HashingAlgorithm
>([
  ['HMAC_MD5', 'MD5'],
  ['HMAC_SHA1', 'SHA_1'],
  ['HMAC_SHA224', 'SHA_224'],
  ['HMAC_SHA256', 'SHA_256'],
  ['HMAC_SHA384', 'SHA_384'],
  ['HMAC_SHA512', 'SHA_512'],
  ['HMAC_SHA3_224', 'SHA3_224'],
  ['HMAC_SHA3_256', 'SHA3_256'],
  ['HMAC_SHA3_384', 'SHA3_384'],
  ['HMAC_SHA3_512', 'SHA3_512'],
])

/**
 * HMAC: the key's own hash goes before that of the parameters (1.4 section 4.6, 2.1 section 7.12).
 * @throws KmipError BadCryptographicParameters, UnsupportedCryptographicParameters
 */
export const hmacPrf = (secret: Secret, { hashingAlgorithm }: CryptographicParameters): Prf => {
  const name = hashName(HASHES.get(secret.algorithm ?? -1) ?? hashingAlgorithm)
  const key = keyObjectOf(secret)
  return (...parts) => {
    const running = createHmac(name, key)
    for (const part of parts) running.update(part)
    return running.digest()
  }
}

/** HMAC, or CMAC where the Block Cipher Mode says so (SP 800-108 section 3). @throws as `hmacPrf` */
export const prfOf = (secret: Secret, parameters: CryptographicParameters): Prf => {
  if (parameters.blockCipherMode !== 'CMAC') return hmacPrf(secret, parameters)
  const key = { algorithm: secret.algorithm, keyObject: keyObjectOf(secret) }
  return (...parts) => mac(key, parameters, Buffer.concat(parts))
}
