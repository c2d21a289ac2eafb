import { bytes, extensibleEnumOf, integer, interval, text } from '../../schema/primitives.ts'
import { type Infer, optional, required, struct } from '../../schema/struct.ts'
import { CRYPTOGRAPHIC_ALGORITHM, HASHING_ALGORITHM, OTP_ALGORITHM } from '../enumerations.ts'
import { TAG } from '../tags.ts'

/* What Create Credential brings (3.0 section 2.1.3). */

export const passwordCredential = struct('Password Credential', {
  password: optional(TAG.Password, text),
  passwordSalt: optional(TAG.PasswordSalt, bytes),
  passwordSaltAlgorithm: optional(TAG.PasswordSaltAlgorithm, extensibleEnumOf(CRYPTOGRAPHIC_ALGORITHM)),
  saltedPassword: optional(TAG.SaltedPassword, bytes),
  iterationCount: optional(TAG.IterationCount, integer),
})

export const deviceCredential = struct('Device Credential', {
  deviceSerialNumber: optional(TAG.DeviceSerialNumber, text),
  deviceIdentifier: optional(TAG.DeviceIdentifier, text),
  networkIdentifier: optional(TAG.NetworkIdentifier, text),
  machineIdentifier: optional(TAG.MachineIdentifier, text),
  mediaIdentifier: optional(TAG.MediaIdentifier, text),
})

export const otpCredential = struct('OTP Credential', {
  otpAlgorithm: required(TAG.OTPAlgorithm, extensibleEnumOf(OTP_ALGORITHM)),
  otpDigest: optional(TAG.OTPDigest, extensibleEnumOf(CRYPTOGRAPHIC_ALGORITHM)),
  otpSerial: optional(TAG.OTPSerial, text),
  otpSeed: optional(TAG.OTPSeed, bytes),
  otpInterval: optional(TAG.OTPInterval, interval),
  otpDigits: optional(TAG.OTPDigits, integer),
})

export const hashedPasswordCredential = struct('Hashed Password Credential', {
  hashingAlgorithm: optional(TAG.HashingAlgorithm, extensibleEnumOf(HASHING_ALGORITHM)),
  hashedUsernamePassword: required(TAG.HashedUsernamePassword, bytes),
  hashedPasswordUsername: required(TAG.HashedPasswordUsername, bytes),
})

/** One of them, in the order of the request (3.0 section 6.1.9). */
export const credentialFields = {
  password: optional(TAG.PasswordCredential, passwordCredential),
  device: optional(TAG.DeviceCredential, deviceCredential),
  hashed: optional(TAG.HashedPasswordCredential, hashedPasswordCredential),
  otp: optional(TAG.OTPCredential, otpCredential),
} as const

/** As it is kept: one of them. */
export const credentialContents = struct('Credential Contents', credentialFields)

export type CredentialContents = Infer<typeof credentialFields>
export type PasswordCredential = Infer<typeof passwordCredential.fields>
export type DeviceCredential = Infer<typeof deviceCredential.fields>
export type OtpCredential = Infer<typeof otpCredential.fields>
export type HashedPasswordCredential = Infer<typeof hashedPasswordCredential.fields>
