import {
  BLOCK_CIPHER_MODE,
  type BlockCipherMode,
  CERTIFICATE_REQUEST_TYPE,
  CRYPTOGRAPHIC_ALGORITHM,
  type CryptographicAlgorithm,
  DIGITAL_SIGNATURE_ALGORITHM,
  HASHING_ALGORITHM,
  type HashingAlgorithm,
  KEY_FORMAT_TYPE,
  type KeyFormatType,
  PADDING_METHOD,
  type PaddingMethod,
  RECOMMENDED_CURVE,
  WRAPPING_METHOD,
} from '../../protocol/enumerations.ts'
import { WRAPPING_STEPS } from '../../domain/wrapping-methods.ts'
import { CIPHERS } from '../ciphers.ts'
import { KEY_FORMATS } from '../key-formats.ts'
import { CURVES, HASHES, HMACS, type LengthRule, MAC_CIPHERS, SYMMETRIC_LENGTHS } from '../mechanisms.ts'
import { CONVERTED_FORMATS } from './asymmetric/write-key.ts'
import { READABLE_REQUESTS } from './certificates/certificate-request.ts'
import { signsDigests } from './ec-digest.ts'
import { KEY_PAIR_ALGORITHMS } from './key-pair/plan-pair.ts'
import { CIPHER_MACS } from './mac.ts'
import { PADDINGS } from './padding.ts'
import { RSA_PADDINGS } from './rsa-cipher.ts'
import { DIGITAL_SIGNATURES, PADDED_SCHEMES } from './signature-scheme.ts'

/*
 * What this keystore does and what it refuses, value by value of the standard's enumerations, as its own tables have it:
 * docs/operations.md is made of it, and tests ask a server for each of them.
 */

export const ALGORITHMS = CRYPTOGRAPHIC_ALGORITHM.names

/** Bits of keys that Create makes; none where there are no such symmetric keys. */
export const symmetricLengths = (algorithm: CryptographicAlgorithm): LengthRule | undefined =>
  SYMMETRIC_LENGTHS.get(algorithm)

export const makesKeyPairs = (algorithm: CryptographicAlgorithm): boolean => KEY_PAIR_ALGORITHMS.has(algorithm)

/** Block Cipher Modes that are no encryption: they make a MAC. */
export const MAC_MODES: readonly BlockCipherMode[] = BLOCK_CIPHER_MODE.names.filter((mode) => CIPHER_MACS.has(mode))

export const CIPHER_MODES: readonly BlockCipherMode[] = BLOCK_CIPHER_MODE.names.filter((mode) => !CIPHER_MACS.has(mode))

export const encrypts = (algorithm: CryptographicAlgorithm, mode: BlockCipherMode): boolean =>
  CIPHERS.get(algorithm)?.modes.has(mode) === true

/** Whether Encrypt needs no Block Cipher Mode. */
export const encryptsAlone = (algorithm: CryptographicAlgorithm): boolean => CIPHERS.get(algorithm)?.sole !== undefined

/** Algorithms that Encrypt and Decrypt take. */
export const CIPHER_ALGORITHMS: readonly CryptographicAlgorithm[] = ALGORITHMS.filter((name) => CIPHERS.has(name))

/** Of the modes that fill whole blocks. */
export const padsBlocks = (padding: PaddingMethod): boolean => padding === 'None' || PADDINGS.has(padding)

export const padsRsaEncryption = (padding: PaddingMethod): boolean => RSA_PADDINGS.has(padding)

export const padsRsaSignatures = (padding: PaddingMethod): boolean => PADDED_SCHEMES.has(padding)

export const hashes = (algorithm: HashingAlgorithm): boolean => HASHES.has(algorithm)

/** Algorithms that MAC takes by their name. */
export const makesMac = (algorithm: CryptographicAlgorithm): boolean => HMACS.has(algorithm) || algorithm === 'Poly1305'

/** Ciphers of the modes that make a MAC. */
export const MAC_ALGORITHMS: readonly CryptographicAlgorithm[] = ALGORITHMS.filter((name) => MAC_CIPHERS.has(name))

export const SIGNATURES = DIGITAL_SIGNATURE_ALGORITHM.names.map((name) => {
  const { family, hash } = DIGITAL_SIGNATURES[name]
  return { name, family, hash, supported: hash === undefined || HASHES.has(hash) }
})

export const RECOMMENDED_CURVES = RECOMMENDED_CURVE.names.map((name) => {
  const curve = CURVES.get(name)
  return {
    name,
    supported: curve !== undefined,
    signs: curve !== undefined && curve.field !== 'none',
    signsDigests: signsDigests(curve?.name),
  }
})

/** Requests that Certify and Re-certify read. */
export const CERTIFICATE_REQUESTS = CERTIFICATE_REQUEST_TYPE.names.map((name) => ({
  name,
  supported: READABLE_REQUESTS.includes(name),
}))

export const WRAPPING_METHODS = WRAPPING_METHOD.names.map((name) => ({ name, supported: name in WRAPPING_STEPS }))

/** Of symmetric keys and Secret Data; a container is made of whatever private key there is. */
const OTHER_FORMATS: readonly KeyFormatType[] = ['Raw', 'Opaque', 'TransparentSymmetricKey', 'PKCS_12']

/** What becomes of a Key Format Type: others are converted to it, or only what was registered in it comes back so. */
export const FORMATS = KEY_FORMAT_TYPE.names.map((name) => ({
  name,
  objectTypes: KEY_FORMATS[name].objectTypes ?? ['every object with a Key Block'],
  converted: CONVERTED_FORMATS.has(name) || OTHER_FORMATS.includes(name),
}))

export const HASHING_ALGORITHMS = HASHING_ALGORITHM.names
export const PADDING_METHODS = PADDING_METHOD.names
