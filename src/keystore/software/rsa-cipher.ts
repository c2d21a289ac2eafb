import { constants, privateDecrypt, publicEncrypt, randomBytes, timingSafeEqual } from 'node:crypto'
import type { PaddingMethod } from '../../protocol/enumerations.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { CryptographicParameters } from '../../protocol/structures/cryptographic-parameters.ts'
import type { AsymmetricKey } from './asymmetric/asymmetric-key.ts'
import { undecrypted } from './cipher-plan.ts'
import { digest, hashName } from './hash.ts'
import { exclusiveOr, mgf1 } from './mask.ts'
import { onKeyThread } from './threads/key-threads.ts'

type Oaep = { readonly kind: 'oaep'; readonly hash: string; readonly maskHash: string; readonly label: Buffer }
type Scheme = Oaep | { readonly kind: 'pkcs1' }

const { RSA_PKCS1_PADDING, RSA_NO_PADDING } = constants
const EMPTY = Buffer.alloc(0)

/** The mask is made with SHA-1 where nothing else is said, and P is empty (1.4 section 3.6, 2.1 section 4.16). */
const oaep = (parameters: CryptographicParameters): Scheme => {
  const { hashingAlgorithm, maskGeneratorHashingAlgorithm, pSource } = parameters
  const maskHash = hashName(maskGeneratorHashingAlgorithm ?? 'SHA_1')
  return { kind: 'oaep', hash: hashName(hashingAlgorithm), maskHash, label: pSource ?? EMPTY }
}

type MakeScheme = (parameters: CryptographicParameters) => Scheme

/** Padding Methods of Encrypt and Decrypt with RSA. */
export const RSA_PADDINGS: ReadonlyMap<PaddingMethod | number, MakeScheme> = new Map<
  PaddingMethod | number,
  MakeScheme
>([
  ['OAEP', oaep],
  ['PKCS1V1_5', () => ({ kind: 'pkcs1' })],
])

const schemeFor = (key: AsymmetricKey, parameters: CryptographicParameters): Scheme => {
  const { cryptographicAlgorithm, paddingMethod } = parameters
  if (key.family !== 'rsa') {
    throw new KmipError(
      'UnsupportedCryptographicParameters',
      'Keys of this Cryptographic Algorithm do not encrypt here',
    )
  }
  if (cryptographicAlgorithm !== undefined && cryptographicAlgorithm !== 'RSA') {
    throw new KmipError('BadCryptographicParameters', 'The Cryptographic Algorithm is not that of the key')
  }
  if (paddingMethod === undefined) throw new KmipError('BadCryptographicParameters', 'The Padding Method is missing')
  const make = RSA_PADDINGS.get(paddingMethod)
  if (make !== undefined) return make(parameters)
  throw new KmipError('UnsupportedCryptographicParameters', 'The Padding Method is not supported for this algorithm')
}

/** EME-OAEP of RFC 8017 section 7.1.1: the library makes the mask with the hash of the label only. */
const oaepEncode = (data: Buffer, { hash, maskHash, label }: Oaep, length: number): Buffer => {
  const labelHash = digest(hash, label)
  const filler = length - data.length - 2 * labelHash.length - 2
  if (filler < 0) throw new KmipError('InvalidField', 'The data is too long for the key')
  const block = Buffer.concat([labelHash, Buffer.alloc(filler), Buffer.of(1), data])
  const seed = randomBytes(labelHash.length)
  const masked = exclusiveOr(block, mgf1(maskHash, seed, block.length))
  return Buffer.concat([Buffer.alloc(1), exclusiveOr(seed, mgf1(maskHash, masked, seed.length)), masked])
}

/** Every byte is looked at, whatever is wrong: undefined for anything that is no encoding (RFC 8017 section 7.1.2). */
const oaepDecode = (encoded: Buffer, { hash, maskHash, label }: Oaep): Buffer | undefined => {
  const labelHash = digest(hash, label)
  const size = labelHash.length
  if (encoded.length < 2 * size + 2) return undefined
  const masked = encoded.subarray(1 + size)
  const seed = exclusiveOr(encoded.subarray(1, 1 + size), mgf1(maskHash, masked, size))
  const block = exclusiveOr(masked, mgf1(maskHash, seed, masked.length))
  let wrong = encoded.readUInt8(0) | Number(!timingSafeEqual(block.subarray(0, size), labelHash))
  let searching = 1
  let start = 0
  for (let at = size; at < block.length; at += 1) {
    const byte = block.readUInt8(at)
    const isOne = Number(byte === 1)
    wrong |= searching & Number(byte > 1)
    start |= at & -(searching & isOne)
    searching &= 1 - isOne
  }
  return (wrong | searching) === 0 ? block.subarray(start + 1) : undefined
}

/** Encrypt with a public key of RSA (1.4 section 4.29, 2.1 section 6.1.17). @throws KmipError */
export const rsaEncrypt = (key: AsymmetricKey, parameters: CryptographicParameters, data: Buffer): Buffer => {
  const scheme = schemeFor(key, parameters)
  const length = Math.ceil(key.length / 8)
  if (scheme.kind === 'oaep') {
    return publicEncrypt({ key: key.keyObject, padding: RSA_NO_PADDING }, oaepEncode(data, scheme, length))
  }
  if (data.length > length - 11) throw new KmipError('InvalidField', 'The data is too long for the key')
  return publicEncrypt({ key: key.keyObject, padding: RSA_PKCS1_PADDING }, data)
}

type Opening = { readonly padding: number; readonly finish: (opened: Buffer) => Buffer }

/**
 * The library answers wrong PKCS#1 v1.5 padding with data that follows from key and ciphertext, so that nobody learns of
 * the padding.
 */
const openingFor = (key: AsymmetricKey, parameters: CryptographicParameters): Opening => {
  const scheme = schemeFor(key, parameters)
  if (scheme.kind === 'pkcs1') return { padding: RSA_PKCS1_PADDING, finish: (opened) => opened }
  return {
    padding: RSA_NO_PADDING,
    finish: (opened) => {
      const clear = oaepDecode(opened, scheme)
      if (clear === undefined) throw undecrypted()
      return clear
    },
  }
}

/** As `rsaDecrypt`, at once. */
export const rsaDecryptNow = (key: AsymmetricKey, parameters: CryptographicParameters, data: Buffer): Buffer => {
  const { padding, finish } = openingFor(key, parameters)
  const open = (): Buffer => {
    try {
      return privateDecrypt({ key: key.keyObject, padding }, data)
    } catch (cause) {
      throw undecrypted(cause)
    }
  }
  return finish(open())
}

/**
 * Decrypt with a private key of RSA (1.4 section 4.30, 2.1 section 6.1.11), on a thread.
 * @throws KmipError CryptographicFailure, whatever is wrong with the data
 */
export const rsaDecrypt = async (
  key: AsymmetricKey,
  parameters: CryptographicParameters,
  data: Buffer,
): Promise<Buffer> => {
  const { padding, finish } = openingFor(key, parameters)
  const opened = await onKeyThread({ kind: 'rsa-decrypt', key: key.keyObject, data, padding }).catch(
    (cause: unknown) => {
      throw cause instanceof KmipError ? cause : undecrypted(cause)
    },
  )
  return finish(opened)
}
