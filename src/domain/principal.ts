import type { Compatibility, ProfileName } from './compatibility.ts'
import type { TicketHold } from './tickets.ts'

/** What a principal may do at most; finer rights come with policies. */
export type Role = 'admin' | 'client'

/** Who asks: one identity, whatever certificate or credential showed it. */
export type Principal = {
  /** Stable identity, owner of the objects it makes. */
  readonly id: string
  /** For people: the name the administrator gave, or the certificate's subject. */
  readonly name: string
  readonly tenant: string
  readonly role: Role
  readonly groups: readonly string[]
  /** What showed who it is, where that can be asked for again later. */
  readonly source?: PrincipalSource | undefined
  /** The ticket that was shown instead. */
  readonly ticket?: TicketHold | undefined
  /** Who acts, where it is not the principal: its changes are recorded, and told of, as those of this one. */
  readonly actor?: string | undefined

  /** What its program is granted beyond the standard; absent where that is nothing. */
  readonly compatibility?: Compatibility | undefined
}

/** The server, where it acts of itself. */
export const SERVER_ID = 'kmipd'

/** A managed object, and the version of its row. */
export type SeenObject = { readonly id: string; readonly version: number }

export type PrincipalSource =
  /** `version`: of the password. */
  | { readonly kind: 'user'; readonly name: string; readonly version: number }
  | { readonly kind: 'certificate'; readonly certificate: Omit<PeerCertificate, 'problem'> }
  /** A user that is a managed object, and the credential by which it is known. */
  | { readonly kind: 'object'; readonly user: SeenObject; readonly credential: SeenObject }

/** The one tenant there is until tenants can be made. */
export const DEFAULT_TENANT = 'default'

/** A client as the administrator registered it. */
export type Client = {
  readonly id: string
  readonly name: string
  readonly tenant: string
  readonly role: Role
  /** SHA-256 of the certificate in lower-case hex, where the certificate itself is pinned. */
  readonly fingerprint: string | undefined
  /** Distinguished names, as `node:tls` prints them, where any certificate with them will do. */
  readonly issuer: string | undefined
  readonly subject: string | undefined
  /** Seconds since 1970. */
  readonly createdAt: number
  readonly revokedAt: number | undefined
  /** What its program needs beyond the standard. */
  readonly profiles: readonly ProfileName[]
}

/** What is known of the certificate at the other end of a TLS connection. */
export type PeerCertificate = {
  /** SHA-256 of the certificate in lower-case hex. */
  readonly fingerprint: string
  /** Distinguished names, as `node:tls` prints them. */
  readonly issuer: string
  readonly subject: string
  /** Whether it chains to a trusted authority and is valid. */
  readonly trusted: boolean
  /** Why it is not, for the log. */
  readonly problem: string | undefined
  /** First and last second of its validity, since 1970. */
  readonly validFrom: number
  readonly validTo: number
}

/**
 * Milliseconds that a server may go by what it has read of clients and users. A command that takes somebody's rights
 * away comes back when that time is over, so that it is in force everywhere by then.
 */
export const DIRECTORY_FRESHNESS = 200

/** The registered clients. */
export type ClientDirectory = {
  findByFingerprint(fingerprint: string): Promise<Client | undefined>
  findBySubject(issuer: string, subject: string): Promise<Client | undefined>
  findById(id: string): Promise<Client | undefined>
  /** @throws DuplicateClientError where the name or the certificate is taken. */
  add(client: Client): Promise<void>
  list(): Promise<readonly Client[]>
  /** Replaces the compatibility profiles of a client; false where there is none of that name. */
  setProfiles(name: string, profiles: readonly ProfileName[]): Promise<boolean>
  /** Marks a client as revoked; false where there is none of that name. */
  revoke(name: string, at: number): Promise<boolean>
  /** Revokes a client and frees its name; its certificate stays refused. False where there is none of that name. */
  remove(name: string, at: number): Promise<boolean>
}

/** A client of that name, or with that certificate, exists already. */
export class DuplicateClientError extends Error {
  constructor(name: string) {
    super(`client ${name} exists already, or its certificate belongs to another client`)
    this.name = 'DuplicateClientError'
  }
}
