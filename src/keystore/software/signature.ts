import { constants, type KeyObject, publicDecrypt, sign as signData, verify as verifyData } from 'node:crypto'
import type { SignedInput, Verdict } from '../../domain/key-store.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { CryptographicParameters } from '../../protocol/structures/cryptographic-parameters.ts'
import type { AsymmetricKey } from './asymmetric/asymmetric-key.ts'
import { digestInfo } from './digest-info.ts'
import { isDigestSignature, signsDigests } from './ec-digest.ts'
import { digest } from './hash.ts'
import { isPssEncoding, pssEncode } from './pss.ts'
import { concernsKey, type Scheme, schemeFor } from './signature-scheme.ts'
import type { KeyJob } from './threads/key-job.ts'
import { onKeyThread } from './threads/key-threads.ts'

type Options = Parameters<typeof signData>[2] & object
type PssScheme = Extract<Scheme, { kind: 'pss' }>

const { RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING, RSA_NO_PADDING, RSA_PSS_SALTLEN_AUTO, RSA_X931_PADDING } = constants

const failed = (cause: unknown): KmipError =>
  new KmipError('CryptographicFailure', 'The signature could not be made', { cause })

const messageOf = ({ data, digested }: SignedInput): Buffer => {
  if (data !== undefined && digested === undefined) return data
  if (digested !== undefined && data === undefined) {
    throw new KmipError('UnsupportedCryptographicParameters', 'Keys of this algorithm do not sign digested data here')
  }
  throw new KmipError('InvalidMessage', 'Either the data or the digested data is needed')
}

/** On a thread of the pool: a private operation takes from a tenth of a millisecond to many. */
const signOnThread = (hash: string | null, data: Buffer, options: Options): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    signData(hash, data, options, (error, signature) => {
      if (error === null) resolve(signature)
      else reject(failed(error))
    })
  })

/** What the library does not sign itself is a private operation on bytes that are padded already. */
const signPadded = async (job: KeyJob): Promise<Buffer> => {
  try {
    return await onKeyThread(job)
  } catch (cause) {
    throw cause instanceof KmipError ? cause : failed(cause)
  }
}

/** Bytes of the longest digest that there is a hash for, and some more: a digest is not the data. */
const LONGEST_DIGEST = 128

/** The name of the curve, for a digest on it. @throws KmipError */
const curveForDigest = ({ keyObject }: AsymmetricKey, hash: string | undefined, digested: Buffer): string => {
  const curve = keyObject.asymmetricKeyDetails?.namedCurve
  if (curve === undefined || !signsDigests(curve)) {
    throw new KmipError('UnsupportedCryptographicParameters', 'Digested data is not signed with keys like this one')
  }
  const isWrong = hash === undefined ? digested.length > LONGEST_DIGEST : digest(hash).length !== digested.length
  if (isWrong || digested.length === 0) {
    throw new KmipError('BadCryptographicParameters', 'The digest has not the length of its Hashing Algorithm')
  }
  return curve
}

/** The length of the encoded message: one bit less than the modulus (RFC 8017 section 8.1). */
const encodedBits = ({ length }: AsymmetricKey): number => length - 1

const tooShort = (): KmipError =>
  new KmipError('BadCryptographicParameters', 'The key is too short for this hash and salt')

/** RFC 8017 section 9.1.1, step 3. */
const checkPssRoom = (key: AsymmetricKey, { hash, saltLength = 0 }: PssScheme): void => {
  if (Math.ceil(encodedBits(key) / 8) < digest(hash).length + saltLength + 2) throw tooShort()
}

const signPssDigest = (key: AsymmetricKey, scheme: PssScheme, messageHash: Buffer): Promise<Buffer> => {
  const encoded = pssEncode(messageHash, scheme, scheme.saltLength ?? messageHash.length, encodedBits(key))
  if (encoded === undefined) throw tooShort()
  const block = Buffer.concat([Buffer.alloc(Math.ceil(key.length / 8) - encoded.length), encoded])
  return signPadded({ kind: 'rsa-sign', key: key.keyObject, padding: RSA_NO_PADDING, data: block })
}

const needsOwnPss = ({ hash, maskHash }: PssScheme, { digested }: SignedInput): boolean =>
  digested !== undefined || hash !== maskHash

const digestOfInput = (hash: string, input: SignedInput): Buffer => {
  const { digested } = input
  if (digested === undefined) return digest(hash, messageOf(input))
  if (digest(hash).length === digested.length) return digested
  throw new KmipError('BadCryptographicParameters', 'The digest has not the length of its Hashing Algorithm')
}

const signWith = (key: AsymmetricKey, scheme: Scheme, input: SignedInput): Promise<Buffer> => {
  const { keyObject } = key
  switch (scheme.kind) {
    case 'edwards':
      return signOnThread(null, messageOf(input), { key: keyObject })
    case 'quantum':
      return signOnThread(null, messageOf(input), { key: keyObject, context: scheme.context })
    case 'dsa': {
      const { digested } = input
      if (digested === undefined) {
        return signOnThread(scheme.hash ?? null, messageOf(input), { key: keyObject, dsaEncoding: 'der' })
      }
      const curve = curveForDigest(key, scheme.hash, digested)
      return signPadded({ kind: 'ecdsa-sign', key: keyObject, curve, data: digested })
    }
    case 'x931':
      return signOnThread(scheme.hash, messageOf(input), { key: keyObject, padding: RSA_X931_PADDING })
    case 'pkcs1': {
      const { digested } = input
      if (digested === undefined) {
        return signOnThread(scheme.hash ?? null, messageOf(input), { key: keyObject, padding: RSA_PKCS1_PADDING })
      }
      const info = digestInfo(scheme.hash, digested)
      return signPadded({ kind: 'rsa-sign', key: keyObject, padding: RSA_PKCS1_PADDING, data: info })
    }
    case 'pss': {
      if (needsOwnPss(scheme, input)) return signPssDigest(key, scheme, digestOfInput(scheme.hash, input))
      checkPssRoom(key, scheme)
      const saltLength = scheme.saltLength ?? constants.RSA_PSS_SALTLEN_DIGEST
      return signOnThread(scheme.hash, messageOf(input), { key: keyObject, padding: RSA_PKCS1_PSS_PADDING, saltLength })
    }
  }
}

const checkInput = ({ data, digested }: SignedInput): void => {
  if ((data === undefined) === (digested === undefined)) {
    throw new KmipError('InvalidMessage', 'Either the data or the digested data is needed')
  }
}

/**
 * Sign (1.4 section 4.31, 2.1 section 6.1.55). ECDSA and DSA signatures are the SEQUENCE of RFC 3279 section 2.2, as in
 * the published cases.
 * @throws KmipError
 */
export const sign = (key: AsymmetricKey, parameters: CryptographicParameters, input: SignedInput): Promise<Buffer> => {
  checkInput(input)
  if (!concernsKey(key, parameters)) {
    throw new KmipError('BadCryptographicParameters', 'The algorithm is not that of the key')
  }
  return signWith(key, schemeFor(key, parameters, input.digested !== undefined), input)
}

/** What a public operation of RSA gives; undefined for a signature that is none. */
const recover = (keyObject: KeyObject, padding: number, signature: Buffer): Buffer | undefined => {
  try {
    return publicDecrypt({ key: keyObject, padding }, signature)
  } catch {
    return undefined
  }
}

const isPss = (key: AsymmetricKey, scheme: PssScheme, input: SignedInput, signature: Buffer): boolean => {
  const { keyObject } = key
  if (!needsOwnPss(scheme, input)) {
    const saltLength = scheme.saltLength ?? RSA_PSS_SALTLEN_AUTO
    const options = { key: keyObject, padding: RSA_PKCS1_PSS_PADDING, saltLength }
    return verifyData(scheme.hash, messageOf(input), options, signature)
  }
  const messageHash = digestOfInput(scheme.hash, input)
  const block = recover(keyObject, RSA_NO_PADDING, signature)
  if (block === undefined) return false
  const spare = block.length - Math.ceil(encodedBits(key) / 8)
  if (block.subarray(0, spare).some((byte) => byte !== 0)) return false
  return isPssEncoding(block.subarray(spare), messageHash, scheme, scheme.saltLength, encodedBits(key))
}

const isSignature = (key: AsymmetricKey, scheme: Scheme, input: SignedInput, signature: Buffer): boolean => {
  const { keyObject } = key
  switch (scheme.kind) {
    case 'edwards':
      return verifyData(null, messageOf(input), keyObject, signature)
    case 'quantum':
      return verifyData(null, messageOf(input), { key: keyObject, context: scheme.context }, signature)
    case 'dsa': {
      const { digested } = input
      if (digested === undefined) {
        return verifyData(scheme.hash ?? null, messageOf(input), { key: keyObject, dsaEncoding: 'der' }, signature)
      }
      return isDigestSignature(keyObject, curveForDigest(key, scheme.hash, digested), digested, signature)
    }
    case 'x931':
      return verifyData(scheme.hash, messageOf(input), { key: keyObject, padding: RSA_X931_PADDING }, signature)
    case 'pkcs1': {
      const { digested } = input
      if (digested === undefined) {
        const options = { key: keyObject, padding: RSA_PKCS1_PADDING }
        return verifyData(scheme.hash ?? null, messageOf(input), options, signature)
      }
      const expected = digestInfo(scheme.hash, digested)
      return recover(keyObject, RSA_PKCS1_PADDING, signature)?.equals(expected) ?? false
    }
    case 'pss':
      return isPss(key, scheme, input, signature)
  }
}

/**
 * Signature Verify (1.4 section 4.32, 2.1 section 6.1.56). A signature of another algorithm than that of the key is
 * Invalid and no failure (TC-RSA-SIGN-DIGESTEDDATA-1). Only PKCS#1 v1.5 gives data back; without data to compare it with
 * the signature is neither valid nor invalid.
 * @throws KmipError
 */
export const verify = (
  key: AsymmetricKey,
  parameters: CryptographicParameters,
  input: SignedInput,
  signature: Buffer,
): Verdict => {
  if (!concernsKey(key, parameters)) return { validity: 'Invalid', recovered: undefined }
  const isBare = input.data === undefined && input.digested === undefined
  const scheme = schemeFor(key, parameters, input.data === undefined)
  if (isBare && scheme.kind === 'pkcs1') {
    const recovered = recover(key.keyObject, RSA_PKCS1_PADDING, signature)
    return { validity: recovered === undefined ? 'Invalid' : 'Unknown', recovered }
  }
  checkInput(input)
  return { validity: isSignature(key, scheme, input, signature) ? 'Valid' : 'Invalid', recovered: undefined }
}
