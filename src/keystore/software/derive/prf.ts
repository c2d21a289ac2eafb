import { createHmac } from 'node:crypto'
import type { CryptographicParameters } from '../../../protocol/structures/cryptographic-parameters.ts'
import { HMACS } from '../../mechanisms.ts'
import { hashName } from '../hash.ts'
import { mac } from '../mac.ts'
import { keyObjectOf, type Secret } from './secret.ts'

/** A pseudorandom function with its key. */
export type Prf = (...parts: readonly Buffer[]) => Buffer

/**
 * HMAC: the key's own hash goes before that of the parameters (1.4 section 4.6, 2.1 section 7.12).
 * @throws KmipError BadCryptographicParameters, UnsupportedCryptographicParameters
 */
export const hmacPrf = (secret: Secret, { hashingAlgorithm }: CryptographicParameters): Prf => {
  const name = hashName(HMACS.get(secret.algorithm ?? -1) ?? hashingAlgorithm)
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
