import type { CredentialType, ObjectType } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import {
  type CredentialContents,
  credentialContents,
  type HashedPasswordCredential,
  type OtpCredential,
  type PasswordCredential,
} from '../protocol/structures/draft-credentials.ts'
import type { ObjectValue } from '../protocol/structures/managed-objects.ts'
import { TAG } from '../protocol/tags.ts'
import { scan } from '../ttlv/scan.ts'
import { Writer } from '../ttlv/writer.ts'
import { deviceKey } from './users.ts'

/*
 * What a credential that is a managed object holds (3.0 section 2.1.3). The keystore seals it as it seals an opaque object:
 * nothing of it is an attribute, and nothing of it is handed out.
 */

export type ContentsField = keyof CredentialContents

/** Credential Types that have contents, each with its field and the Object Type that it becomes. */
export const CREDENTIAL_KINDS: Readonly<
  Partial<Record<CredentialType, { readonly field: ContentsField; readonly objectType: ObjectType }>>
> = {
  Password: { field: 'password', objectType: 'PasswordCredential' },
  Device: { field: 'device', objectType: 'DeviceCredential' },
  HashedPassword: { field: 'hashed', objectType: 'HashedPasswordCredential' },
  OneTimePassword: { field: 'otp', objectType: 'OneTimePasswordCredential' },
}

const refuse = (problem: string): KmipError => new KmipError('InvalidField', problem)

/** Hashes under a key, by the library's names. */
export const CREDENTIAL_HASHES: Readonly<Partial<Record<string | number, string>>> = {
  HMAC_SHA1: 'sha1',
  HMAC_SHA256: 'sha256',
  HMAC_SHA384: 'sha384',
  HMAC_SHA512: 'sha512',
}

/** Bytes of what Hashed Passwords are made with. */
const DIGEST_BYTES: Readonly<Partial<Record<string | number, number>>> = { SHA_256: 32, SHA_384: 48, SHA_512: 64 }

/** What checking a password may cost. */
const MOST_ITERATIONS = 1_000_000

const checkPassword = (given: PasswordCredential): void => {
  const { password, saltedPassword, passwordSalt, passwordSaltAlgorithm = 'HMAC_SHA256', iterationCount = 1 } = given
  if ((password === undefined) === (saltedPassword === undefined))
    throw refuse('Either the Password or the Salted Password is needed')
  if (password === '') throw refuse('The Password is empty')
  if (saltedPassword === undefined) return
  if (passwordSalt === undefined || passwordSalt.length === 0) throw refuse('The Password Salt is missing')
  if (saltedPassword.length < 16 || saltedPassword.length > 64) throw refuse('The Salted Password has a wrong length')
  if (CREDENTIAL_HASHES[passwordSaltAlgorithm] === undefined) throw refuse('The Password Salt Algorithm is not known')
  if (iterationCount < 1 || iterationCount > MOST_ITERATIONS) throw refuse('The Iteration Count is out of range')
}

/** RFC 4226 section 4: 128 bits at least; RFC 6238 counts in seconds. */
const checkOneTime = ({ otpAlgorithm, otpDigest, otpSeed, otpInterval, otpDigits }: OtpCredential): void => {
  if (otpAlgorithm !== 'HOTP' && otpAlgorithm !== 'TOTP') throw refuse('The OTP Algorithm is not known')
  if (otpSeed === undefined || otpSeed.length < 16 || otpSeed.length > 128)
    throw refuse('The OTP Seed has a wrong length')
  if (CREDENTIAL_HASHES[otpDigest ?? 'HMAC_SHA1'] === undefined) throw refuse('The OTP Digest is not known')
  if (otpInterval !== undefined && (otpInterval < 1 || otpInterval > 3600))
    throw refuse('The OTP Interval is out of range')
  if (otpDigits !== undefined && (otpDigits < 6 || otpDigits > 9)) throw refuse('The OTP Digits are out of range')
}

const checkHashed = (given: HashedPasswordCredential): void => {
  const { hashingAlgorithm = 'SHA_256', hashedUsernamePassword, hashedPasswordUsername } = given
  const length = DIGEST_BYTES[hashingAlgorithm]
  if (length === undefined) throw refuse('The Hashing Algorithm is not supported')
  if (hashedUsernamePassword.length !== length || hashedPasswordUsername.length !== length)
    throw refuse('The hashes have not the length of their Hashing Algorithm')
}

/** @throws KmipError InvalidField for contents that nobody could be known by */
export const checkContents = ({ password, device, hashed, otp }: CredentialContents): void => {
  if (password !== undefined) checkPassword(password)
  if (device !== undefined && deviceKey(device) === undefined) throw refuse('The Device Credential names no device')
  if (hashed !== undefined) checkHashed(hashed)
  if (otp !== undefined) checkOneTime(otp)
}

/** The first code that the standard leaves to vendors. */
const OPAQUE_DATA_TYPE = 0x80000000

/** What the keystore is given. */
export const sealableContents = (contents: CredentialContents): ObjectValue => {
  const writer = new Writer()
  credentialContents.compile('storage').write(writer, TAG.CredentialValue, contents)
  const opaqueDataValue = Buffer.from(writer.bytes())
  return { objectType: 'OpaqueObject', value: { opaqueDataType: OPAQUE_DATA_TYPE, opaqueDataValue } }
}

/** What came back from it. */
export const contentsOf = (object: ObjectValue): CredentialContents => {
  if (object.objectType !== 'OpaqueObject') return {}
  const { opaqueDataValue } = object.value
  scan(opaqueDataValue, true)
  return credentialContents.compile('storage').read(opaqueDataValue, 0)
}
