import { createHmac, timingSafeEqual } from 'node:crypto'
import type { CryptographicAlgorithm } from '../../protocol/enumerations.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { CryptographicParameters } from '../../protocol/structures/cryptographic-parameters.ts'
import type { SecretKey } from './cipher-plan.ts'
import { beginCmac, type RunningMac } from './cmac.ts'

const HMACS: ReadonlyMap<CryptographicAlgorithm | number, string> = new Map<CryptographicAlgorithm | number, string>([
  ['HMAC_MD5', 'md5'],
  ['HMAC_SHA1', 'sha1'],
  ['HMAC_SHA224', 'sha224'],
  ['HMAC_SHA256', 'sha256'],
  ['HMAC_SHA384', 'sha384'],
  ['HMAC_SHA512', 'sha512'],
  ['HMAC_SHA3_224', 'sha3-224'],
  ['HMAC_SHA3_256', 'sha3-256'],
  ['HMAC_SHA3_384', 'sha3-384'],
  ['HMAC_SHA3_512', 'sha3-512'],
])

/** Ciphers with blocks of 16 bytes, by the library's stem. */
const CMAC_CIPHERS: ReadonlyMap<CryptographicAlgorithm | number, string> = new Map<
  CryptographicAlgorithm | number,
  string
>([
  ['AES', 'aes'],
  ['ARIA', 'aria'],
  ['Camellia', 'camellia'],
])

const cmacWith = (
  { algorithm, keyObject }: SecretKey,
  named: CryptographicAlgorithm | number | undefined,
): RunningMac => {
  if (named !== undefined && algorithm !== undefined && named !== algorithm) {
    throw new KmipError('BadCryptographicParameters', 'The Cryptographic Algorithm is not that of the key')
  }
  const stem = CMAC_CIPHERS.get(algorithm ?? named ?? -1)
  if (stem === undefined) {
    throw new KmipError('UnsupportedCryptographicParameters', 'There is no CMAC with this Cryptographic Algorithm')
  }
  return beginCmac(`${stem}-${(keyObject.symmetricKeySize ?? 0) * 8}`, keyObject)
}

/**
 * MAC (1.4 section 4.33, 2.1 section 6.1.32). The Cryptographic Algorithm names the method; the key's own serves where
 * none is named. A key of any algorithm may be used for HMAC: the published cases use one of AES (CS-AC-M-4). CMAC is a
 * Block Cipher Mode of the key's cipher.
 * @throws KmipError BadCryptographicParameters, UnsupportedCryptographicParameters
 */
export const beginMac = (key: SecretKey, parameters: CryptographicParameters): RunningMac => {
  const { cryptographicAlgorithm, blockCipherMode } = parameters
  if (blockCipherMode === 'CMAC') return cmacWith(key, cryptographicAlgorithm)
  const method = cryptographicAlgorithm ?? key.algorithm
  if (method === undefined) throw new KmipError('BadCryptographicParameters', 'The Cryptographic Algorithm is missing')
  const name = HMACS.get(method)
  if (name === undefined) {
    throw new KmipError('UnsupportedCryptographicParameters', 'The Cryptographic Algorithm makes no MAC here')
  }
  return createHmac(name, key.keyObject)
}

/** MAC of data that is there as a whole. @throws as `beginMac` */
export const mac = (key: SecretKey, parameters: CryptographicParameters, data: Buffer): Buffer => {
  const running = beginMac(key, parameters)
  running.update(data)
  return running.digest()
}

/** Tells nothing of where the two differ. */
export const isSameMac = (expected: Buffer, given: Buffer): boolean =>
  expected.length === given.length && timingSafeEqual(expected, given)

/** Whether `given` is the MAC; a shorter or longer one never is. */
export const isMac = (key: SecretKey, parameters: CryptographicParameters, data: Buffer, given: Buffer): boolean =>
  isSameMac(mac(key, parameters, data), given)
