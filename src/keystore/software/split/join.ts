import { timingSafeEqual } from 'node:crypto'
import type { JoinedKeySpec } from '../../../domain/key-store.ts'
import { KmipError } from '../../../protocol/kmip-error.ts'
import type { ObjectValue } from '../../../protocol/structures/managed-objects.ts'
import { stripZeros, toFixed } from '../asymmetric/big-integer.ts'
import { plainValue } from '../inspect-key.ts'
import { checkTerms, MOST_WORK, sharingOf, type SplitTerms } from './methods.ts'
import { objectOfSecret, secretLength } from './secret-of-object.ts'
import { type Share, type Sharing, unjoined } from './sharing.ts'

type SplitKey = Extract<ObjectValue, { objectType: 'SplitKey' }>['value']

const sameTerms = (a: SplitTerms, b: SplitTerms): boolean =>
  a.splitKeyParts === b.splitKeyParts &&
  a.splitKeyThreshold === b.splitKeyThreshold &&
  a.splitKeyMethod === b.splitKeyMethod &&
  stripZeros(a.primeFieldSize ?? Buffer.alloc(0)).equals(stripZeros(b.primeFieldSize ?? Buffer.alloc(0)))

const checkAlike = (parts: readonly SplitKey[], first: SplitKey): void => {
  checkTerms(first)
  if (!parts.every((part) => sameTerms(part, first))) {
    throw new KmipError('InvalidField', 'The Split Keys are not parts of one key')
  }
  if (new Set(parts.map(({ keyPartIdentifier }) => keyPartIdentifier)).size < parts.length) {
    throw new KmipError('InvalidField', 'A part of the key is named twice')
  }
  if (parts.length < first.splitKeyThreshold) throw unjoined()
}

const bytesOf = ({ keyBlock }: SplitKey): Buffer => {
  const material = plainValue(keyBlock)?.keyMaterial
  if (!Buffer.isBuffer(material)) throw new KmipError('InvalidField', 'A Split Key is in a form that cannot be joined')
  return material
}

const shareOf = (part: SplitKey, sharing: Sharing): Share => {
  const bytes = sharing.normal(bytesOf(part))
  if (bytes === undefined) throw unjoined()
  return { part: part.keyPartIdentifier, bytes }
}

/** Factors of shares, which have to be multiplied for each share that is computed. */
const MOST_FACTORS = 2 ** 22

/** A prime has fewer than three times the bytes of a secret, and long numbers are multiplied faster than bytes. */
const BYTES_OF_NUMBERS = 4

/**
 * Parts may come from anywhere, in any size and number: what is calculated while others wait has to have an end. No parts
 * of ours are too much.
 * @throws KmipError ServerLimitExceeded
 */
const checkWork = (shares: readonly Share[], { splitKeyThreshold: threshold, splitKeyMethod }: SplitTerms): void => {
  const computed = shares.length - threshold + 1
  const longest = Math.max(...shares.map(({ bytes }) => bytes.length))
  const bytes = splitKeyMethod === 'PolynomialSharingPrimeField' ? longest / BYTES_OF_NUMBERS : longest
  if (computed * threshold * bytes <= MOST_WORK && computed * threshold * threshold <= MOST_FACTORS) return
  throw new KmipError('ServerLimitExceeded', 'The key is too long, or the parts are too many', {
    older: 'IndexOutOfBounds',
  })
}

/** The secret, if all shares agree on it: what are more than the threshold must be what the others say they are. */
const recovered = (shares: readonly Share[], threshold: number, sharing: Sharing): Buffer => {
  const [first] = shares
  if (!shares.every(({ bytes }) => bytes.length === first?.bytes.length)) throw unjoined()
  const enough = shares.slice(0, threshold)
  for (const { part, bytes } of shares.slice(threshold)) {
    if (!timingSafeEqual(sharing.join(enough, part), bytes)) throw unjoined()
  }
  return sharing.join(enough, 0)
}

/** A number comes without the zeros that its secret began with, and in more bytes than it had. */
const fitted = (secret: Buffer, method: SplitTerms['splitKeyMethod'], length: number | undefined): Buffer => {
  if (method !== 'PolynomialSharingPrimeField') return secret
  if (length === undefined) return stripZeros(secret)
  const bytes = toFixed(secret, length)
  if (bytes === undefined) throw unjoined()
  return bytes
}

/**
 * Joins Split Keys to the object that they are parts of (1.4 section 4.39, 2.1 section 6.1.27).
 * @throws KmipError InvalidField, InvalidObjectType, CryptographicFailure, ServerLimitExceeded
 */
export const joinParts = (objects: readonly ObjectValue[], wanted: JoinedKeySpec): ObjectValue => {
  const parts = objects.flatMap((object) => (object.objectType === 'SplitKey' ? [object.value] : []))
  const [first] = parts
  if (first === undefined || parts.length < objects.length) throw unjoined()
  checkAlike(parts, first)
  const sharing = sharingOf(first)
  const shares = parts.map((part) => shareOf(part, sharing))
  const told = {
    algorithm: first.keyBlock.cryptographicAlgorithm ?? wanted.algorithm,
    length: first.keyBlock.cryptographicLength ?? wanted.length,
  }
  checkWork(shares, first)
  const secret = recovered(shares, first.splitKeyThreshold, sharing)
  const bytes = fitted(secret, first.splitKeyMethod, secretLength(told, wanted.objectType))
  return objectOfSecret({ bytes, ...told }, wanted)
}
