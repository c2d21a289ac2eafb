import type { Clock } from '../domain/clock.ts'
import { type MaybePromise, then } from '../domain/maybe-promise.ts'
import { ConflictError, type ObjectStore } from '../domain/object-store.ts'
import type { Channel } from '../domain/authenticator.ts'
import type { ManagedUser, Seen } from '../domain/managed-users.ts'
import type { Principal } from '../domain/principal.ts'
import type { Ticket } from '../domain/tickets.ts'
import type { User } from '../domain/users.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import type { Credential } from '../protocol/structures/credential.ts'
import type { CurrentDirectory } from './current-directory.ts'
import type { Guesses } from './guesses.ts'
import { isHashedPassword, isHashName, serverHashedPassword } from './hashed-password.ts'
import { oneTimeStep } from './one-time-password.ts'
import { openSecrets, type SecretsKeeper } from './user-secrets.ts'
import type { PasswordCheck } from './verify-password.ts'

export type VerifierParts = {
  readonly directory: CurrentDirectory
  readonly passwords: PasswordCheck
  readonly guesses: Guesses
  readonly keys: SecretsKeeper
  readonly store: Pick<ObjectStore, 'records' | 'commit'>
  readonly clock: Clock
  readonly checkTicket: (channel: Channel, ticket: Ticket) => MaybePromise<Principal>
  /** What is said of a credential that names no registered user. */
  readonly otherwise: (channel: Channel, credential: Credential) => MaybePromise<Outcome>
  /** Latest Timestamp of each user's Hashed Passwords, in microseconds since 1970. */
  readonly timestamps: Map<string, bigint>
}

export type Proof = { readonly principal: Principal; readonly serverHashedPassword?: Buffer | undefined }

/** What a credential shows; `reason` is for the log. */
export type Outcome =
  | { readonly kind: 'proven'; readonly proof: Proof }
  /** It names nobody whom this server knows. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly reason: string; readonly error: KmipError }

export const notSuccessful = (): KmipError =>
  new KmipError('AuthenticationNotSuccessful', 'The credentials do not authenticate the client')

export const refused = (reason: string, error = notSuccessful()): Outcome => ({ kind: 'refused', reason, error })

export const principalOf = ({ id, name, tenant, role, version }: User): Principal => ({
  id,
  name,
  tenant,
  role,
  groups: [],
  source: { kind: 'user', name, version },
})

/** A user that is a managed object, as long as it and its credential are as they are. */
export const principalOfManaged = (
  { id, version, name, tenant, groups }: ManagedUser,
  credential: Seen,
): Principal => ({
  id,
  name,
  tenant,
  role: 'client',
  groups,
  source: { kind: 'object', user: { id, version }, credential: { id: credential.id, version: credential.version } },
})

const proven = (user: User, more: Omit<Proof, 'principal'> = {}): Outcome =>
  user.revokedAt === undefined
    ? { kind: 'proven', proof: { principal: principalOf(user), ...more } }
    : refused('the user is revoked')

export type Value = Credential['credentialValue']

const guessOf = (channel: Channel, user: User): string => `${channel.principal.id} ${user.id}`

export const needed = <T>(value: T | undefined): T => {
  if (value === undefined) throw new KmipError('InvalidMessage', 'A Credential lacks a field that its type needs')
  return value
}

// Username and Password, Device ---------------------------------------------------------------------------------------

const byPassword = (parts: VerifierParts, channel: Channel, user: User, { password }: Value): MaybePromise<boolean> =>
  password !== undefined && parts.passwords.verify(user, password, guessOf(channel, user))

const verifyPassword = (parts: VerifierParts, channel: Channel, user: User, value: Value): MaybePromise<Outcome> => {
  if (user.oneTime) return refused('the user needs a one time password')
  return then(byPassword(parts, channel, user, value), (isRight) =>
    isRight ? proven(user) : refused('wrong password'),
  )
}

// One Time Password -----------------------------------------------------------------------------------------------------

/** The step that was used last; undefined where none was. */
export const latestStep = async (
  { store }: Pick<VerifierParts, 'store'>,
  { id, tenant }: Pick<User, 'id' | 'tenant'>,
): Promise<number | undefined> => {
  const found = await store.records.read('user', tenant, id)
  return found === undefined ? undefined : Number(found.document.readBigUInt64BE())
}

/** Uses up a step, durably and on every node: a password is good for a single authentication (2.1 section 9.11). */
export const useStep = async (
  { store, clock }: Pick<VerifierParts, 'store' | 'clock'>,
  { id, tenant }: Pick<User, 'id' | 'tenant'>,
  step: number,
): Promise<boolean> => {
  const found = await store.records.read('user', tenant, id)
  if (found !== undefined && Number(found.document.readBigUInt64BE()) >= step) return false
  const document = Buffer.alloc(8)
  document.writeBigUInt64BE(BigInt(step))
  const record = {
    ...(found ?? { kind: 'user' as const, tenant, id, owner: id, createdAt: clock.now() }),
    version: (found?.version ?? 0) + 1,
    expiresAt: undefined,
    document,
    sealed: undefined,
  }
  try {
    await store.commit({ changes: [], audit: [], records: [{ kind: 'put', record }] })
    return true
  } catch (error) {
    if (error instanceof ConflictError) return false
    throw error
  }
}

const verifyOneTime = async (parts: VerifierParts, channel: Channel, user: User, value: Value): Promise<Outcome> => {
  const given = needed(value.oneTimePassword)
  if (!user.oneTime) return refused('the user has no one time passwords')
  if (!(await byPassword(parts, channel, user, value))) return refused('wrong password')
  const guess = `${guessOf(channel, user)} once`
  if (!parts.guesses.begin(guess)) return refused('too many wrong one time passwords')
  const { oneTime } = await openSecrets(parts.keys, user)
  const step = oneTime && oneTimeStep(oneTime, given, parts.clock.now())
  if (step === undefined || !(await useStep(parts, user, step))) return refused('wrong one time password')
  parts.guesses.succeed(guess)
  return proven(user)
}

// Hashed Password -------------------------------------------------------------------------------------------------------

/** Seconds that the clock of a client may be off: an old message is not taken again after a restart either. */
const SKEW = 300
const MICROSECONDS = 1_000_000n

export const isCurrent = (
  { timestamps, clock }: VerifierParts,
  { id }: Pick<User, 'id'>,
  timestamp: bigint,
): boolean => {
  const off = Number(timestamp / MICROSECONDS) - clock.now()
  return Math.abs(off) <= SKEW && timestamp > (timestamps.get(id) ?? 0n)
}

const verifyHashed = async (parts: VerifierParts, channel: Channel, user: User, value: Value): Promise<Outcome> => {
  const timestamp = needed(value.timestamp)
  const given = needed(value.hashedPassword)
  const { hashingAlgorithm = 'SHA_256' } = value
  if (user.oneTime) return refused('the user needs a one time password')
  const guess = guessOf(channel, user)
  if (!parts.guesses.begin(guess)) return refused('too many wrong passwords')
  const { hashed } = await openSecrets(parts.keys, user)
  const proof = isHashName(hashingAlgorithm) ? hashed.get(hashingAlgorithm) : undefined
  if (proof === undefined || !isHashName(hashingAlgorithm)) return refused('the user has no such hashed password')
  if (!isHashedPassword(hashingAlgorithm, proof, timestamp, given)) return refused('wrong hashed password')
  parts.guesses.succeed(guess)
  // The Timestamp SHALL monotonically increase: what was sent before is not taken again.
  if (!isCurrent(parts, user, timestamp)) return refused('old hashed password')
  parts.timestamps.set(user.id, timestamp)
  return proven(user, { serverHashedPassword: serverHashedPassword(hashingAlgorithm, proof, timestamp) })
}

// All of them -----------------------------------------------------------------------------------------------------------

type Verify = (parts: VerifierParts, channel: Channel, user: User, value: Value) => MaybePromise<Outcome>

const VERIFY: Readonly<Partial<Record<string | number, Verify>>> = {
  UsernameAndPassword: verifyPassword,
  Device: verifyPassword,
  OneTimePassword: verifyOneTime,
  HashedPassword: verifyHashed,
}

/** A user is known by a name or by the identifiers of a device, and not by the name of a device. */
const userOf = ({ directory }: VerifierParts, { credentialType, credentialValue }: Credential) =>
  credentialType === 'Device'
    ? directory.device(credentialValue)
    : then(directory.user(needed(credentialValue.username)), (user) =>
        user === undefined || user.device !== undefined ? undefined : user,
      )

/**
 * Checks one credential (1.4 section 2.1.2, 2.1 section 9.11). There is no service that could judge an attestation, and
 * one that cannot be judged does not validate.
 * @throws KmipError InvalidMessage for one without what its type needs, ServerLimitExceeded, and for a ticket InvalidTicket
 *   and UsageLimitExceeded, which say what it is that the client can mend
 */
export const verifyCredential = (
  parts: VerifierParts,
  channel: Channel,
  credential: Credential,
): MaybePromise<Outcome> => {
  const { credentialType, credentialValue } = credential
  if (credentialType === 'Attestation') {
    const error = new KmipError('AttestationFailed', 'The server has no service that judges attestations')
    return refused('an attestation', error)
  }
  if (credentialType === 'Ticket') {
    const shown = parts.checkTicket(channel, needed(credentialValue.ticket))
    return then(shown, (principal) => ({ kind: 'proven', proof: { principal } }))
  }
  const verify = VERIFY[credentialType]
  if (verify === undefined) return { kind: 'unknown' }
  return then(userOf(parts, credential), (user) =>
    user === undefined ? parts.otherwise(channel, credential) : verify(parts, channel, user, credentialValue),
  )
}
