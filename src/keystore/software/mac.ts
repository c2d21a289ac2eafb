import { createHmac, timingSafeEqual } from 'node:crypto'
import { poly1305 } from '@noble/ciphers/_poly1305.js'
import type { BlockCipherMode, CryptographicAlgorithm, HashingAlgorithm } from '../../protocol/enumerations.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { CryptographicParameters } from '../../protocol/structures/cryptographic-parameters.ts'
import { HASHES, HMACS, MAC_CIPHERS } from '../mechanisms.ts'
import type { SecretKey } from './cipher-plan.ts'
import { beginCbcMac, beginCmac, type RunningMac } from './cmac.ts'

type CipherMac = (cipher: string, key: SecretKey['keyObject'], block: number) => RunningMac

/** Block Cipher Modes that make a MAC (1.4 section 9.1.3.2.14, 2.1 section 11.6). */
export const CIPHER_MACS: ReadonlyMap<BlockCipherMode | number | undefined, CipherMac> = new Map<
  BlockCipherMode | number | undefined,
  CipherMac
>([
  ['CMAC', beginCmac],
  ['CBC_MAC', beginCbcMac],
])

/** The one reason that the error tables of 2.1 have for parameters of a MAC (sections 6.1.32.1 and 6.1.33.1). */
const bad = (problem: string): KmipError => new KmipError('BadCryptographicParameters', problem)

const stemOf = (stem: string, bytes: number): string => {
  if (stem === 'des') return bytes === 16 ? 'des-ede' : 'des-ede3'
  return stem === 'sm4' ? stem : `${stem}-${bytes * 8}`
}

const beginCipherMac = (
  { algorithm, keyObject }: SecretKey,
  { cryptographicAlgorithm: named }: CryptographicParameters,
  begin: CipherMac,
): RunningMac => {
  if (named !== undefined && algorithm !== undefined && named !== algorithm) {
    throw bad('The Cryptographic Algorithm is not that of the key')
  }
  const cipher = MAC_CIPHERS.get(algorithm ?? named ?? -1)
  if (cipher === undefined) throw bad('There is no MAC in this mode with this Cryptographic Algorithm')
  return begin(stemOf(cipher.stem, keyObject.symmetricKeySize ?? 0), keyObject, cipher.block)
}

const POLY1305_KEY = 32

/** RFC 8439 section 2.5: the key is for one message, which only the client can see to. node:crypto lacks it. */
const beginPoly1305 = ({ keyObject }: SecretKey): RunningMac => {
  if (keyObject.symmetricKeySize !== POLY1305_KEY) throw bad('Poly1305 takes a key of 256 bits')
  const key = keyObject.export()
  const running = poly1305.create(key)
  key.fill(0)
  return { update: (data) => running.update(data), digest: () => Buffer.from(running.digest()) }
}

const macHash = (algorithm: HashingAlgorithm | number): string => {
  const name = HASHES.get(algorithm)
  if (name === undefined) throw bad('The Hashing Algorithm is not supported')
  return name
}

/** The hash of an HMAC: the Cryptographic Algorithm names it, or else a Hashing Algorithm alone. */
const hmacHash = (
  { cryptographicAlgorithm, hashingAlgorithm }: CryptographicParameters,
  own: CryptographicAlgorithm | number | undefined,
): string => {
  const byName = HMACS.get(cryptographicAlgorithm ?? -1)
  if (byName !== undefined) return macHash(byName)
  if (cryptographicAlgorithm !== undefined) throw bad('The Cryptographic Algorithm makes no MAC here')
  const ofKey = HMACS.get(own ?? -1)
  const hash = ofKey ?? hashingAlgorithm
  if (hash !== undefined) return macHash(hash)
  throw bad(
    own === undefined ? 'The Cryptographic Algorithm is missing' : 'The Cryptographic Algorithm makes no MAC here',
  )
}

/**
 * MAC (1.4 section 4.33, 2.1 section 6.1.32). The Cryptographic Algorithm names the method; the key's own serves where
 * none is named. A key of any algorithm may be used for HMAC: the published cases use one of AES (CS-AC-M-4). CMAC and
 * CBC-MAC are Block Cipher Modes of the key's cipher. There is no GMAC: the request has no field for its IV (Encrypt with
 * GCM and additional data alone is the same).
 * @throws KmipError BadCryptographicParameters
 */
export const beginMac = (key: SecretKey, parameters: CryptographicParameters): RunningMac => {
  const { cryptographicAlgorithm, blockCipherMode } = parameters
  const cipherMac = CIPHER_MACS.get(blockCipherMode)
  if (cipherMac !== undefined) return beginCipherMac(key, parameters, cipherMac)
  if (blockCipherMode !== undefined && HMACS.get(cryptographicAlgorithm ?? key.algorithm ?? -1) === undefined) {
    throw bad('The Block Cipher Mode makes no MAC here')
  }
  if ((cryptographicAlgorithm ?? key.algorithm) === 'Poly1305') return beginPoly1305(key)
  return createHmac(hmacHash(parameters, key.algorithm), key.keyObject)
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
