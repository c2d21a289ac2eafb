import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { BlockCipherMode } from '../../../protocol/enumerations.ts'
import { KmipError } from '../../../protocol/kmip-error.ts'
import type { SecretKey } from '../cipher-plan.ts'

/** A way of wrapping that is made for keys: deterministic, and any change of the result is noticed. */
export type KeyWrap = {
  /** The part of the library's name after algorithm and key length. */
  readonly suffix: string
  /** The value whose return shows that nothing has been changed. */
  readonly initial: Buffer
  /** Whether so many bytes can be wrapped. */
  readonly takes: (length: number) => boolean
}

/** AES Key Wrap (RFC 3394 section 2.2.3.1): at least two blocks of eight bytes. */
const RFC_3394: KeyWrap = {
  suffix: 'wrap',
  initial: Buffer.from('a6a6a6a6a6a6a6a6', 'hex'),
  takes: (length) => length >= 16 && length % 8 === 0,
}

/** AES Key Wrap with Padding (RFC 5649 section 3): any length but none. */
const RFC_5649: KeyWrap = { suffix: 'wrap-pad', initial: Buffer.from('a65959a6', 'hex'), takes: (length) => length > 0 }

/** Block Cipher Modes that wrap (1.4 section 9.1.3.2.14, 2.1 section 11.6). */
const KEY_WRAPS: ReadonlyMap<BlockCipherMode | number | undefined, KeyWrap> = new Map<
  BlockCipherMode | number | undefined,
  KeyWrap
>([
  ['NISTKeyWrap', RFC_3394],
  ['AESKeyWrapPadding', RFC_5649],
])

/** The way of wrapping that a mode is; undefined for a mode that encrypts data. */
export const keyWrapOf = (mode: BlockCipherMode | number | undefined): KeyWrap | undefined => KEY_WRAPS.get(mode)

const nameFor = ({ algorithm, keyObject }: SecretKey, { suffix }: KeyWrap): string => {
  if (algorithm === 'AES') return `id-aes${(keyObject.symmetricKeySize ?? 0) * 8}-${suffix}`
  throw new KmipError('UnsupportedCryptographicParameters', 'Keys of this Cryptographic Algorithm do not wrap so')
}

/** @throws KmipError InvalidField for a length that the mode does not take, UnsupportedCryptographicParameters */
export const keyWrap = (key: SecretKey, way: KeyWrap, data: Buffer): Buffer => {
  const name = nameFor(key, way)
  if (!way.takes(data.length)) throw new KmipError('InvalidField', 'The mode does not wrap a key of this length')
  const cipher = createCipheriv(name, key.keyObject, way.initial)
  return Buffer.concat([cipher.update(data), cipher.final()])
}

/** Two blocks: the least that a wrapped key has. The library takes nothing for a wrapped nothing. */
const SHORTEST = 16

/** @throws Error for anything that {@link keyWrap} did not make with this key */
export const keyUnwrap = (key: SecretKey, way: KeyWrap, wrapped: Buffer): Buffer => {
  if (wrapped.length < SHORTEST) throw new Error('too short for a wrapped key')
  const decipher = createDecipheriv(nameFor(key, way), key.keyObject, way.initial)
  return Buffer.concat([decipher.update(wrapped), decipher.final()])
}
