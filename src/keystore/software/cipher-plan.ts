import { type KeyObject, randomBytes } from 'node:crypto'
import type { CryptographicAlgorithm } from '../../protocol/enumerations.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { CryptographicParameters } from '../../protocol/structures/cryptographic-parameters.ts'
import { type Cipher, type CipherMode, CIPHERS, TAG_LENGTHS } from '../mechanisms.ts'
import { type Padding, PADDINGS } from './padding.ts'

/*
 * What Cryptographic Parameters come to for one secret key: the cipher, its mode, its padding, its IV and its tag.
 */

/** A secret key, and what it is called. */
export type SecretKey = {
  readonly algorithm: CryptographicAlgorithm | number | undefined
  readonly keyObject: KeyObject
}

export type Plan = {
  readonly cipher: Cipher
  readonly mode: CipherMode
  readonly padding: Padding | undefined
  /** The library's name of cipher and mode. */
  readonly name: string
}

const bad = (problem: string): KmipError => new KmipError('BadCryptographicParameters', problem)

const unsupported = (problem: string): KmipError => new KmipError('UnsupportedCryptographicParameters', problem)

/** One answer, whatever is wrong with the data: no oracle for tags or padding. */
export const undecrypted = (cause?: unknown): KmipError =>
  new KmipError('CryptographicFailure', 'The data cannot be decrypted', { cause })

/**
 * The mode. There is no default: without parameters in the request or on the object the operation fails where the
 * algorithm requires them (1.4 section 4.29, 2.1 section 6.1.16). Stream ciphers do not.
 */
const modeOf = (cipher: Cipher, { blockCipherMode }: CryptographicParameters): CipherMode => {
  const mode = blockCipherMode === undefined ? cipher.sole : cipher.modes.get(blockCipherMode)
  if (mode !== undefined) return mode
  if (blockCipherMode === undefined) throw bad('The Block Cipher Mode is missing')
  throw unsupported('The Block Cipher Mode is not supported for this algorithm')
}

/** None where no method is named: the published cases of ECB have data of whole blocks and no padding. */
const paddingOf = (mode: CipherMode, { paddingMethod }: CryptographicParameters): Padding | undefined => {
  if (paddingMethod === undefined || paddingMethod === 'None') return undefined
  if (!mode.padded) throw bad('The Block Cipher Mode takes no padding')
  const padding = PADDINGS.get(paddingMethod)
  if (padding === undefined) throw unsupported('The Padding Method is not supported for this algorithm')
  return padding
}

/** The library's name of the cipher. Two-key 3DES has one of its own. */
const nameFor = ({ algorithm, keyObject }: SecretKey, { suffix }: CipherMode): string => {
  const bytes = keyObject.symmetricKeySize ?? 0
  if (algorithm === 'DES3') return `${bytes === 16 ? 'des-ede' : 'des-ede3'}-${suffix}`
  if (algorithm === 'ChaCha20') return 'chacha20'
  if (algorithm === 'ChaCha20Poly1305') return 'chacha20-poly1305'
  if (algorithm === 'SM4') return `sm4-${suffix}`
  return `${String(algorithm).toLowerCase()}-${bytes * 8}-${suffix}`
}

/** @throws KmipError BadCryptographicParameters, UnsupportedCryptographicParameters */
export const planFor = (key: SecretKey, parameters: CryptographicParameters): Plan => {
  const named = parameters.cryptographicAlgorithm
  if (named !== undefined && key.algorithm !== undefined && named !== key.algorithm) {
    throw bad('The Cryptographic Algorithm is not that of the key')
  }
  const cipher = CIPHERS.get(key.algorithm ?? named ?? -1)
  if (cipher === undefined) throw unsupported('Keys of this Cryptographic Algorithm do not encrypt here')
  const mode = modeOf(cipher, parameters)
  return { cipher, mode, padding: paddingOf(mode, parameters), name: nameFor(key, mode) }
}

const takesIv = ({ iv }: CipherMode): boolean => 'from' in iv || iv.length > 0

const ivFits = ({ iv }: CipherMode, length: number): boolean =>
  'from' in iv ? Number.isInteger(length) && length >= iv.from && length <= iv.to : iv.includes(length)

/** Bytes of an IV that the server makes; IV Length is in bits (1.4 section 3.6, 2.1 section 4.16). */
const freshIvLength = ({ iv }: CipherMode, { ivLength }: CryptographicParameters): number => {
  const usual = 'from' in iv ? iv.usual : (iv[0] ?? 0)
  return ivLength === undefined ? usual : ivLength / 8
}

export type Iv = { readonly value: Buffer | null; readonly made: boolean }

/**
 * The IV of an encryption: the server's where Random IV asks for it or where none was given. One that the client sent
 * along with Random IV is not used.
 */
export const ivToEncrypt = (mode: CipherMode, parameters: CryptographicParameters, given: Buffer | undefined): Iv => {
  if (!takesIv(mode)) return { value: null, made: false }
  const made = given === undefined || parameters.randomIV === true
  const length = made ? freshIvLength(mode, parameters) : given.length
  if (!ivFits(mode, length)) throw bad('The IV has not the length that the mode needs')
  return { value: made ? randomBytes(length) : given, made }
}

/** A missing IV is an Invalid Message in the published cases of every version (CS-BC-M-11, CS-BC-M-12). */
export const ivToDecrypt = (mode: CipherMode, given: Buffer | undefined): Buffer | null => {
  if (!takesIv(mode)) return null
  if (given === undefined) throw new KmipError('InvalidMessage', 'The IV is missing')
  if (!ivFits(mode, given.length)) throw bad('The IV has not the length that the mode needs')
  return given
}

/** ChaCha20 starts counting at zero; the counter stands before the nonce (RFC 8439 section 2.3). */
export const libraryIv = (algorithm: SecretKey['algorithm'], iv: Buffer | null): Buffer | null =>
  algorithm === 'ChaCha20' && iv !== null ? Buffer.concat([Buffer.alloc(16 - iv.length), iv]) : iv

/** A length out of range is a General Failure in the published cases of every version (CS-BC-M-GCM-1). */
export const tagLengthOf = ({ tagLength }: CryptographicParameters): number => {
  const length = tagLength ?? TAG_LENGTHS.usual
  if (length >= TAG_LENGTHS.from && length <= TAG_LENGTHS.to) return length
  throw new KmipError('GeneralFailure', 'Tag Length is not between 12 and 16 bytes')
}
