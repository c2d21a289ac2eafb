import {
  type CipherGCM,
  createCipheriv,
  createDecipheriv,
  type DecipherGCM,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import type { EncryptInput, EncryptOutput } from '../../domain/key-store.ts'
import type { CryptographicAlgorithm } from '../../protocol/enumerations.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { CryptographicParameters } from '../../protocol/structures/cryptographic-parameters.ts'
import { type Cipher, type CipherMode, CIPHERS, TAG_LENGTHS } from '../mechanisms.ts'
import { type Padding, PADDINGS } from './padding.ts'

/** A secret key, and what it is called. */
export type SecretKey = {
  readonly algorithm: CryptographicAlgorithm | number | undefined
  readonly keyObject: KeyObject
}

type Plan = { readonly cipher: Cipher; readonly mode: CipherMode; readonly padding: Padding | undefined }

const bad = (problem: string): KmipError => new KmipError('BadCryptographicParameters', problem)

const unsupported = (problem: string): KmipError => new KmipError('UnsupportedCryptographicParameters', problem)

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

const planFor = (key: SecretKey, parameters: CryptographicParameters): Plan => {
  const named = parameters.cryptographicAlgorithm
  if (named !== undefined && key.algorithm !== undefined && named !== key.algorithm) {
    throw bad('The Cryptographic Algorithm is not that of the key')
  }
  const cipher = CIPHERS.get(key.algorithm ?? named ?? -1)
  if (cipher === undefined) throw unsupported('Keys of this Cryptographic Algorithm do not encrypt here')
  const mode = modeOf(cipher, parameters)
  return { cipher, mode, padding: paddingOf(mode, parameters) }
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

const takesIv = ({ iv }: CipherMode): boolean => 'from' in iv || iv.length > 0

const ivFits = ({ iv }: CipherMode, length: number): boolean =>
  'from' in iv ? Number.isInteger(length) && length >= iv.from && length <= iv.to : iv.includes(length)

/** Bytes of an IV that the server makes; IV Length is in bits (1.4 section 3.6, 2.1 section 4.16). */
const freshIvLength = ({ iv }: CipherMode, { ivLength }: CryptographicParameters): number => {
  const usual = 'from' in iv ? iv.usual : (iv[0] ?? 0)
  return ivLength === undefined ? usual : ivLength / 8
}

type Iv = { readonly value: Buffer | null; readonly made: boolean }

/**
 * The IV of an encryption: the server's where Random IV asks for it or where none was given. One that the client sent
 * along with Random IV is not used.
 */
const ivToEncrypt = (mode: CipherMode, parameters: CryptographicParameters, given: Buffer | undefined): Iv => {
  if (!takesIv(mode)) return { value: null, made: false }
  const made = given === undefined || parameters.randomIV === true
  const length = made ? freshIvLength(mode, parameters) : given.length
  if (!ivFits(mode, length)) throw bad('The IV has not the length that the mode needs')
  return { value: made ? randomBytes(length) : given, made }
}

/** A missing IV is an Invalid Message in the published cases of every version (CS-BC-M-11, CS-BC-M-12). */
const ivToDecrypt = (mode: CipherMode, given: Buffer | undefined): Buffer | null => {
  if (!takesIv(mode)) return null
  if (given === undefined) throw new KmipError('InvalidMessage', 'The IV is missing')
  if (!ivFits(mode, given.length)) throw bad('The IV has not the length that the mode needs')
  return given
}

/** ChaCha20 starts counting at zero; the counter stands before the nonce (RFC 8439 section 2.3). */
const libraryIv = (algorithm: SecretKey['algorithm'], iv: Buffer | null): Buffer | null =>
  algorithm === 'ChaCha20' && iv !== null ? Buffer.concat([Buffer.alloc(16 - iv.length), iv]) : iv

/** A length out of range is a General Failure in the published cases of every version (CS-BC-M-GCM-1). */
const tagLengthOf = ({ tagLength }: CryptographicParameters): number => {
  const length = tagLength ?? TAG_LENGTHS.usual
  if (length >= TAG_LENGTHS.from && length <= TAG_LENGTHS.to) return length
  throw new KmipError('GeneralFailure', 'Tag Length is not between 12 and 16 bytes')
}

const checkWhole = (length: number, { cipher, mode, padding }: Plan): void => {
  if (mode.padded && padding === undefined && length % cipher.block !== 0) {
    throw new KmipError('InvalidField', 'The data is not a whole number of blocks, and there is no padding')
  }
}

type Gcm = 'aes-256-gcm'

/**
 * The types know authenticated ciphers by their literal names only; the mode of the table decides that it is one.
 */
const isAuthenticatedName = (name: string, mode: CipherMode): name is Gcm => mode.authenticated && name.length > 0

const sealData = (cipher: CipherGCM, input: EncryptInput): { readonly data: Buffer; readonly tag: Buffer } => {
  if (input.additionalData !== undefined) cipher.setAAD(input.additionalData)
  const data = Buffer.concat([cipher.update(input.data), cipher.final()])
  return { data, tag: cipher.getAuthTag() }
}

/** Encrypt (1.4 section 4.29, 2.1 section 6.1.16). @throws KmipError */
export const encrypt = (key: SecretKey, parameters: CryptographicParameters, input: EncryptInput): EncryptOutput => {
  const plan = planFor(key, parameters)
  const { cipher, mode, padding } = plan
  const iv = ivToEncrypt(mode, parameters, input.ivCounterNonce)
  const name = nameFor(key, mode)
  const value = libraryIv(key.algorithm, iv.value)
  const ivCounterNonce = iv.made ? (iv.value ?? undefined) : undefined
  if (isAuthenticatedName(name, mode)) {
    const authTagLength = tagLengthOf(parameters)
    return {
      ...sealData(createCipheriv(name, key.keyObject, value ?? Buffer.alloc(0), { authTagLength }), input),
      ivCounterNonce,
    }
  }
  checkWhole(input.data.length, plan)
  const running = createCipheriv(name, key.keyObject, value).setAutoPadding(false)
  const fill = padding?.fill(input.data.length, cipher.block) ?? Buffer.alloc(0)
  const data = Buffer.concat([running.update(input.data), running.update(fill), running.final()])
  return { data, ivCounterNonce, tag: undefined }
}

/** Tag and ciphertext; without a tag of its own, the data ends with it, as versions before 1.4 have it. */
const splitTag = (input: EncryptInput, length: number): { readonly data: Buffer; readonly tag: Buffer } => {
  const { data, tag } = input
  if (tag === undefined) {
    if (data.length < length) throw undecrypted()
    return { data: data.subarray(0, data.length - length), tag: data.subarray(data.length - length) }
  }
  if (tag.length !== length) throw undecrypted()
  return { data, tag }
}

/** One answer, whatever is wrong with the data: no oracle for tags or padding. */
const undecrypted = (cause?: unknown): KmipError =>
  new KmipError('CryptographicFailure', 'The data cannot be decrypted', { cause })

const openData = (cipher: DecipherGCM, input: EncryptInput, data: Buffer): Buffer => {
  if (input.additionalData !== undefined) cipher.setAAD(input.additionalData)
  const clear = cipher.update(data)
  try {
    cipher.final()
  } catch (cause) {
    clear.fill(0)
    throw undecrypted(cause)
  }
  return clear
}

const unpad = (clear: Buffer, { cipher, padding }: Plan): Buffer => {
  if (padding === undefined) return clear
  const count = padding.count(clear, cipher.block)
  if (count === undefined) throw undecrypted()
  return clear.subarray(0, clear.length - count)
}

/** Decrypt (1.4 section 4.30, 2.1 section 6.1.12). @throws KmipError CryptographicFailure for data that does not decrypt */
export const decrypt = (key: SecretKey, parameters: CryptographicParameters, input: EncryptInput): Buffer => {
  const plan = planFor(key, parameters)
  const { cipher, mode, padding } = plan
  const name = nameFor(key, mode)
  const iv = libraryIv(key.algorithm, ivToDecrypt(mode, input.ivCounterNonce))
  if (isAuthenticatedName(name, mode)) {
    const authTagLength =
      parameters.tagLength === undefined ? (input.tag?.length ?? TAG_LENGTHS.usual) : parameters.tagLength
    const { data, tag } = splitTag(input, tagLengthOf({ tagLength: authTagLength }))
    const running = createDecipheriv(name, key.keyObject, iv ?? Buffer.alloc(0), { authTagLength }).setAuthTag(tag)
    return openData(running, input, data)
  }
  checkWhole(input.data.length, plan)
  if (padding !== undefined && input.data.length % cipher.block !== 0) throw undecrypted()
  const running = createDecipheriv(name, key.keyObject, iv).setAutoPadding(false)
  const clear = Buffer.concat([running.update(input.data), running.final()])
  return unpad(clear, plan)
}
