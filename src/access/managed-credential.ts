import { createHash, pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { Channel } from '../domain/authenticator.ts'
import { CREDENTIAL_HASHES } from '../domain/credential-contents.ts'
import type { ManagedCredential, ManagedUser, ManagedUsers } from '../domain/managed-users.ts'
import { createWorkQueue } from '../domain/work-queue.ts'
import type { CredentialType } from '../protocol/enumerations.ts'
import type { Credential } from '../protocol/structures/credential.ts'
import type { OtpCredential, PasswordCredential } from '../protocol/structures/draft-credentials.ts'
import {
  HASH_NAMES,
  type HashedProof,
  type HashName,
  isHashedPassword,
  isHashName,
  makeHashedProof,
  serverHashedPassword,
} from './hashed-password.ts'
import { counterStep, timeStep } from './one-time-password.ts'
import {
  isCurrent,
  latestStep,
  needed,
  type Outcome,
  principalOfManaged,
  refused,
  type Value,
  useStep,
  type VerifierParts,
} from './verify-credential.ts'

/*
 * Credentials of users that are managed objects (3.0 section 2.1): the same rules as for those that the command line
 * registers, with contents that the keystore has sealed.
 */

/** Passwords whose salted form is computed at once, and that wait. */
const CHECKS = { running: 2, waiting: 64, refusal: 'Too many passwords are being checked: try again later' } as const

const queue = createWorkQueue(CHECKS)
const derive = promisify(pbkdf2)

const isEqual = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b)

/** The length of a secret is not told either. */
const isText = (a: string, b: string): boolean =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest())

/** PBKDF2 with the hash that the algorithm names (RFC 8018); the draft does not say more. */
const isSalted = (given: string, kept: PasswordCredential, salted: Buffer): Promise<boolean> => {
  const { passwordSalt = Buffer.alloc(0), passwordSaltAlgorithm = 'HMAC_SHA256', iterationCount = 1 } = kept
  const hash = CREDENTIAL_HASHES[passwordSaltAlgorithm] ?? 'sha256'
  return queue.run(async () => isEqual(await derive(given, passwordSalt, iterationCount, salted.length, hash), salted))
}

const isPassword = (given: string, kept: PasswordCredential): Promise<boolean> | boolean =>
  kept.saltedPassword === undefined ? isText(given, kept.password ?? '') : isSalted(given, kept, kept.saltedPassword)

const proofOf = ({ hashed, password }: ManagedCredential['contents'], hash: HashName, name: string) => {
  if (hashed !== undefined && (hashed.hashingAlgorithm ?? 'SHA_256') === hash) {
    const hashOfS2 = createHash(hash.replace('_', '').toLowerCase()).update(hashed.hashedPasswordUsername).digest()
    return { s1: hashed.hashedUsernamePassword, hashOfS2 } satisfies HashedProof
  }
  return password?.password === undefined ? undefined : makeHashedProof(hash, name, password.password)
}

const ofType = ({ credentials }: ManagedUser, ...types: readonly CredentialType[]): readonly ManagedCredential[] =>
  credentials.filter(({ type }) => types.includes(type))

type Shown = {
  readonly parts: VerifierParts
  readonly channel: Channel
  readonly user: ManagedUser
  readonly value: Value
}

const guessOf = ({ channel, user }: Shown, kind = ''): string => `${channel.principal.id} ${user.id}${kind}`

const proven = (user: ManagedUser, credential: ManagedCredential, serverProof?: Buffer): Outcome => ({
  kind: 'proven',
  proof: { principal: principalOfManaged(user, credential), serverHashedPassword: serverProof },
})

/** The credential that a password fits: a Password, or hashes of user name and password. */
const passwordFits = async ({ user, value: { password } }: Shown): Promise<ManagedCredential | undefined> => {
  if (password === undefined) return undefined
  for (const credential of ofType(user, 'Password', 'HashedPassword')) {
    const { password: kept, hashed } = credential.contents
    if (kept !== undefined && (await isPassword(password, kept))) return credential
    const hash = HASH_NAMES.find((name) => name === (hashed?.hashingAlgorithm ?? 'SHA_256'))
    if (hashed === undefined || hash === undefined) continue
    if (isEqual(makeHashedProof(hash, user.name, password).s1, hashed.hashedUsernamePassword)) return credential
  }
  return undefined
}

const byPassword = async (shown: Shown): Promise<Outcome> => {
  const { parts, user } = shown
  if (ofType(user, 'OneTimePassword').length > 0) return refused('the user needs a one time password')
  if (!parts.guesses.begin(guessOf(shown))) return refused('too many wrong passwords')
  const credential = await passwordFits(shown)
  if (credential === undefined) return refused('wrong password')
  parts.guesses.succeed(guessOf(shown))
  return proven(user, credential)
}

const stepOf = async ({ parts, user }: Shown, id: string, otp: OtpCredential, given: string) => {
  const secret = otp.otpSeed ?? Buffer.alloc(0)
  const form = { hash: CREDENTIAL_HASHES[otp.otpDigest ?? 'HMAC_SHA1'] ?? 'sha1', digits: otp.otpDigits ?? 6 }
  if (otp.otpAlgorithm === 'TOTP')
    return timeStep(secret, given, parts.clock.now(), { ...form, seconds: otp.otpInterval ?? 30 })
  return counterStep(secret, given, (await latestStep(parts, { id, tenant: user.tenant })) ?? -1, form)
}

const byOneTime = async (shown: Shown): Promise<Outcome> => {
  const { parts, user, value } = shown
  const given = needed(value.oneTimePassword)
  const guess = guessOf(shown, ' once')
  if (!parts.guesses.begin(guess)) return refused('too many wrong one time passwords')
  if (ofType(user, 'Password', 'HashedPassword').length > 0 && (await passwordFits(shown)) === undefined)
    return refused('wrong password')
  for (const credential of ofType(user, 'OneTimePassword')) {
    const { otp } = credential.contents
    const step = otp && (await stepOf(shown, credential.id, otp, given))
    if (step === undefined || !(await useStep(parts, { id: credential.id, tenant: user.tenant }, step))) continue
    parts.guesses.succeed(guess)
    return proven(user, credential)
  }
  return refused('wrong one time password')
}

const byHashed = (shown: Shown): Outcome => {
  const { parts, user, value } = shown
  const timestamp = needed(value.timestamp)
  const given = needed(value.hashedPassword)
  const { hashingAlgorithm: hash = 'SHA_256' } = value
  if (ofType(user, 'OneTimePassword').length > 0) return refused('the user needs a one time password')
  if (!parts.guesses.begin(guessOf(shown))) return refused('too many wrong passwords')
  if (!isHashName(hash)) return refused('the user has no such hashed password')
  for (const credential of ofType(user, 'HashedPassword', 'Password')) {
    const proof = proofOf(credential.contents, hash, user.name)
    if (proof === undefined || !isHashedPassword(hash, proof, timestamp, given)) continue
    parts.guesses.succeed(guessOf(shown))
    if (!isCurrent(parts, user, timestamp)) return refused('old hashed password')
    parts.timestamps.set(user.id, timestamp)
    return proven(user, credential, serverHashedPassword(hash, proof, timestamp))
  }
  return refused('wrong hashed password')
}

/** A device is known by its identifiers, and by a password besides where the user has one. */
const byDevice = async (shown: Shown): Promise<Outcome> => {
  const { parts, user } = shown
  const [credential] = ofType(user, 'Device')
  if (credential === undefined) return refused('the user has no device')
  if (ofType(user, 'OneTimePassword').length > 0) return refused('the user needs a one time password')
  if (ofType(user, 'Password', 'HashedPassword').length === 0) return proven(user, credential)
  if (!parts.guesses.begin(guessOf(shown))) return refused('too many wrong passwords')
  if ((await passwordFits(shown)) === undefined) return refused('wrong password')
  parts.guesses.succeed(guessOf(shown))
  return proven(user, credential)
}

const VERIFY: Readonly<Partial<Record<string | number, (shown: Shown) => Promise<Outcome> | Outcome>>> = {
  UsernameAndPassword: byPassword,
  OneTimePassword: byOneTime,
  HashedPassword: byHashed,
  Device: byDevice,
}

/** Checks a credential that names no user of the command line. @throws KmipError as `verifyCredential` */
export const verifyManaged = async (
  managed: ManagedUsers,
  parts: VerifierParts,
  channel: Channel,
  { credentialType, credentialValue: value }: Credential,
): Promise<Outcome> => {
  const verify = VERIFY[credentialType]
  if (verify === undefined) return { kind: 'unknown' }
  const user = await (credentialType === 'Device' ? managed.byDevice(value) : managed.byName(needed(value.username)))
  return user === undefined ? { kind: 'unknown' } : verify({ parts, channel, user, value })
}
