import type { SplitScheme } from '../../../domain/key-store.ts'
import { type MaybePromise, then } from '../../../domain/maybe-promise.ts'
import { KmipError } from '../../../protocol/kmip-error.ts'
import type { ObjectValue } from '../../../protocol/structures/managed-objects.ts'
import { fromBigInt } from '../asymmetric/big-integer.ts'
import { checkTerms, MOST_WORK, sharingOf, type SplitTerms } from './methods.ts'
import { checkChosen, fieldSize, primeFor } from './prime-field.ts'
import type { SharedSecret } from './secret-of-object.ts'
import type { RandomBytes } from './sharing.ts'

/** Parts of one split: each becomes an object. */
const MOST_PARTS = 255
const checkWork = (bytes: number, { splitKeyParts, splitKeyThreshold }: SplitTerms): void => {
  if (splitKeyParts <= MOST_PARTS && bytes * splitKeyParts * splitKeyThreshold <= MOST_WORK) return
  throw new KmipError('ServerLimitExceeded', 'The key is too long, or the parts are too many', {
    older: 'IndexOutOfBounds',
  })
}

/** The prime that the client chose, if it will do, or else one of ours. */
const primeOf = (given: Buffer | undefined, bits: number): MaybePromise<Buffer> => {
  if (given === undefined) return fromBigInt(primeFor(bits))
  const prime = fieldSize(given)
  return then(checkChosen(prime, bits), () => fromBigInt(prime))
}

/** @throws KmipError InvalidField, ServerLimitExceeded */
const termsOf = (scheme: SplitScheme, bytes: number): MaybePromise<SplitTerms> => {
  const { parts: splitKeyParts, threshold: splitKeyThreshold, method: splitKeyMethod, primeFieldSize } = scheme
  const terms = { splitKeyParts, splitKeyThreshold, splitKeyMethod, primeFieldSize: undefined }
  checkTerms(terms)
  checkWork(bytes, terms)
  if (splitKeyMethod !== 'PolynomialSharingPrimeField') return terms
  return then(primeOf(primeFieldSize, bytes * 8), (prime) => ({ ...terms, primeFieldSize: prime }))
}

const partOf = (bytes: Buffer, index: number, terms: SplitTerms, { algorithm, length }: SharedSecret): ObjectValue => ({
  objectType: 'SplitKey',
  value: {
    ...terms,
    keyPartIdentifier: index + 1,
    keyBlock: {
      keyFormatType: 'Raw',
      keyValue: { keyMaterial: bytes, attributes: [] },
      cryptographicAlgorithm: algorithm,
      cryptographicLength: length,
    },
  },
})

/**
 * Splits a secret into Split Keys, in the order of their Key Part Identifiers (1.4 section 2.2.5, 2.1 section 13.1).
 * @throws KmipError InvalidField, ServerLimitExceeded
 */
export const splitSecret = (
  secret: SharedSecret,
  scheme: SplitScheme,
  random: RandomBytes,
): MaybePromise<readonly ObjectValue[]> =>
  then(termsOf(scheme, secret.bytes.length), (terms) => {
    const plan = { parts: terms.splitKeyParts, threshold: terms.splitKeyThreshold }
    const shares = sharingOf(terms).split(secret.bytes, plan, random)
    return shares.map((bytes, index) => partOf(bytes, index, terms, secret))
  })
