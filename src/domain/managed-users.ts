import type { CredentialType } from '../protocol/enumerations.ts'
import type { CredentialContents } from '../protocol/structures/draft-credentials.ts'
import type { SeenObject } from './principal.ts'
import type { MaybePromise } from './maybe-promise.ts'
import type { DeviceIdentifiers } from './users.ts'

export type Seen = SeenObject

/** A credential that is in force. */
export type ManagedCredential = Seen & {
  readonly type: CredentialType
  readonly contents: CredentialContents
  /** Of a certificate: its SHA-256, in hex. */
  readonly fingerprint?: string | undefined
}

/** A user that is a managed object and in force, with those of its credentials that are (3.0 section 2.1.1). */
export type ManagedUser = Seen & {
  readonly name: string
  readonly tenant: string
  /** Names of the groups that it links to. */
  readonly groups: readonly string[]
  readonly credentials: readonly ManagedCredential[]
}

/** Users among the managed objects, asked for with every request that names one. */
export type ManagedUsers = {
  byName(name: string): MaybePromise<ManagedUser | undefined>
  byDevice(identifiers: DeviceIdentifiers): MaybePromise<ManagedUser | undefined>
  /** `fingerprint`: SHA-256 of the certificate, in hex. */
  byCertificate(fingerprint: string): MaybePromise<ManagedUser | undefined>
  byId(id: string): MaybePromise<ManagedUser | undefined>
}
