import { createSecretKey, getCipherInfo, type KeyObject } from 'node:crypto'
import type { CryptographicAlgorithm } from '../../protocol/enumerations.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { CryptographicParameters } from '../../protocol/structures/cryptographic-parameters.ts'
import { type Cipher, type CipherMode, CIPHERS, SHORTEST_USUAL_TAG } from '../ciphers.ts'
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
  readonly key: KeyObject
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

/** Two keys of XTS are twice as long as its cipher's. */
const cipherBytes = (bytes: number, { way }: CipherMode): number => (way === 'xts' ? bytes / 2 : bytes)

/** The library's name of the cipher. Two-key 3DES has one of its own, and DES is 3DES with the same key twice. */
const nameFor = ({ algorithm, keyObject }: SecretKey, mode: CipherMode): string => {
  const bytes = keyObject.symmetricKeySize ?? 0
  const { suffix } = mode
  switch (algorithm) {
    case 'DES3':
      return `${bytes === 16 ? 'des-ede' : 'des-ede3'}-${suffix}`
    case 'DES':
      return `des-ede-${suffix}`
    case 'ChaCha20':
      return 'chacha20'
    case 'ChaCha20Poly1305':
      return 'chacha20-poly1305'
    case 'SM4':
      return `sm4-${suffix}`
    default:
      return `${mode.way === 'wrap' ? 'id-' : ''}${String(algorithm).toLowerCase()}${mode.way === 'wrap' ? '' : '-'}${cipherBytes(bytes, mode) * 8}-${suffix}`
  }
}

/** Names that the library knows: as many as there are ciphers, lengths and modes. Asking it costs a microsecond. */
const known = new Map<CryptographicAlgorithm | number, Map<CipherMode, Map<number, string>>>()

const knownNames = (algorithm: CryptographicAlgorithm | number, mode: CipherMode): Map<number, string> => {
  const modes = known.get(algorithm) ?? new Map<CipherMode, Map<number, string>>()
  known.set(algorithm, modes)
  const names = modes.get(mode) ?? new Map<number, string>()
  modes.set(mode, names)
  return names
}

const libraryName = (key: SecretKey, mode: CipherMode): string => {
  const names = knownNames(key.algorithm ?? -1, mode)
  const bytes = key.keyObject.symmetricKeySize ?? 0
  const seen = names.get(bytes)
  if (seen !== undefined) return seen
  const name = nameFor(key, mode)
  if (getCipherInfo(name) === undefined) throw bad('The mode does not take a key of this length')
  names.set(bytes, name)
  return name
}

const libraryKey = ({ algorithm, keyObject }: SecretKey): KeyObject => {
  if (algorithm !== 'DES') return keyObject
  const once = keyObject.export()
  const twice = Buffer.concat([once, once])
  once.fill(0)
  const doubled = createSecretKey(twice)
  twice.fill(0)
  return doubled
}

/** @throws KmipError BadCryptographicParameters, UnsupportedCryptographicParameters */
export const planFor = (given: SecretKey, parameters: CryptographicParameters): Plan => {
  const named = parameters.cryptographicAlgorithm
  if (named !== undefined && given.algorithm !== undefined && named !== given.algorithm) {
    throw bad('The Cryptographic Algorithm is not that of the key')
  }
  const key = { algorithm: given.algorithm ?? named, keyObject: given.keyObject }
  const cipher = CIPHERS.get(key.algorithm ?? -1)
  if (cipher === undefined) throw unsupported('Keys of this Cryptographic Algorithm do not encrypt here')
  const mode = modeOf(cipher, parameters)
  return {
    cipher,
    mode,
    padding: paddingOf(mode, parameters),
    name: libraryName(key, mode),
    key: libraryKey(key),
  }
}

/** A length out of range is a General Failure in the published cases of every version (CS-BC-M-GCM-1). */
const wrongTag = (): KmipError => new KmipError('GeneralFailure', 'Tag Length is not one that the mode has')

/** @throws KmipError GeneralFailure */
export const tagLengthOf = ({ tags = [] }: CipherMode, { tagLength }: CryptographicParameters): number => {
  const length = tagLength ?? tags[0] ?? 0
  if (!tags.includes(length)) throw wrongTag()
  return length
}

/** Without Tag Length, the one that there is says how long it is. @throws KmipError GeneralFailure */
export const tagLengthToCheck = (
  mode: CipherMode,
  parameters: CryptographicParameters,
  tag: Buffer | undefined,
): number => {
  if (parameters.tagLength !== undefined || tag === undefined) return tagLengthOf(mode, parameters)
  if (tag.length < SHORTEST_USUAL_TAG) throw wrongTag()
  return tagLengthOf(mode, { tagLength: tag.length })
}
