import type { Sealed } from './bytes.ts'
import type { MaybePromise } from './maybe-promise.ts'
import type { Role } from './principal.ts'

/** A user as the administrator registered it: somebody who is known by a password, over whatever certificate. */
export type User = {
  readonly id: string
  readonly name: string
  readonly tenant: string
  readonly role: Role
  /** What the password is checked with; not the password. */
  readonly verifier: string
  /** The identifiers of a device, as `deviceKey` writes them; absent for people. */
  readonly device: string | undefined
  /** Whether a One Time Password is needed besides the password. */
  readonly oneTime: boolean
  /** What one time and hashed passwords are checked with, sealed by the keystore. */
  readonly secrets: Sealed | undefined
  /** Counts the passwords: 1 for the first. */
  readonly version: number
  /** Seconds since 1970. */
  readonly createdAt: number
  readonly revokedAt: number | undefined
}

/** What changes with a password. */
export type UserProof = Pick<User, 'verifier' | 'oneTime' | 'secrets'>

/** The registered users. */
export type UserDirectory = {
  find(name: string): MaybePromise<User | undefined>
  findDevice(device: string): MaybePromise<User | undefined>
  /** @throws DuplicateUserError where the name or the device is taken. */
  add(user: User): Promise<void>
  list(): Promise<readonly User[]>
  /** Marks a user as revoked; false where there is none of that name. */
  revoke(name: string, at: number): Promise<boolean>
  /** Forgets a user, whose name is free again; false where there is none. */
  remove(name: string): Promise<boolean>
  /** Replaces the password; false where there is no user of that name. */
  prove(name: string, proof: UserProof): Promise<boolean>
  /** Replaces what is sealed of a user by the same under another store key, where it is still what was read. */
  reseal(user: Pick<User, 'name' | 'secrets'>, secrets: Sealed): Promise<void>
}

/** A user of that name, or that device, exists already. */
export class DuplicateUserError extends Error {
  constructor(name: string) {
    super(`user ${name} exists already, or the device belongs to another user`)
    this.name = 'DuplicateUserError'
  }
}

/** Identifiers that a Device credential may have (1.4 section 2.1.2, 2.1 section 9.11). */
export const DEVICE_IDENTIFIERS = [
  'deviceSerialNumber',
  'deviceIdentifier',
  'networkIdentifier',
  'machineIdentifier',
  'mediaIdentifier',
] as const

export type DeviceIdentifiers = {
  readonly [name in (typeof DEVICE_IDENTIFIERS)[number]]?: string | undefined
}

/** The same text for the same identifiers; undefined where there is none. */
export const deviceKey = (identifiers: DeviceIdentifiers): string | undefined => {
  const values = DEVICE_IDENTIFIERS.map((name) => identifiers[name] ?? null)
  return values.every((value) => value === null) ? undefined : JSON.stringify(values)
}

/**
 * Under which keys a device may be registered that shows these identifiers: with all of them, or with some, for "one or
 * a combination" has to be unique. The most specific comes first.
 */
export const deviceKeys = (identifiers: DeviceIdentifiers): readonly string[] => {
  const shown = DEVICE_IDENTIFIERS.filter((name) => identifiers[name] !== undefined)
  const choices = Array.from({ length: 2 ** shown.length - 1 }, (_, index) =>
    shown.filter((_name, bit) => ((index + 1) >> bit) & 1),
  ).toSorted((a, b) => b.length - a.length)
  return choices.flatMap((names) => deviceKey(Object.fromEntries(names.map((name) => [name, identifiers[name]]))) ?? [])
}
