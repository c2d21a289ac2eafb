import { createHash } from 'node:crypto'
import { compatibilityOf } from '../domain/compatibility.ts'
import {
  type Client,
  type ClientDirectory,
  DEFAULT_TENANT,
  type PeerCertificate,
  type Principal,
} from '../domain/principal.ts'

import type { ManagedUsers } from '../domain/managed-users.ts'
import type { UserDirectory } from '../domain/users.ts'

export type { PeerCertificate } from '../domain/principal.ts'

/** Whether certificates that a trusted authority issued, but nobody registered, are clients. */
export type UnregisteredPolicy = 'accept' | 'refuse'

/** Who it is, or why it is nobody. The reason is for the log; the peer learns nothing but that it failed. */
export type Authentication =
  | { readonly principal: Principal; readonly reason?: undefined }
  | { readonly principal: undefined; readonly reason: string }

const refused = (reason: string): Authentication => ({ principal: undefined, reason })

/** Who a registered client is. */
export const clientPrincipal = ({ id, name, tenant, role, profiles }: Client): Principal => {
  const principal = { id, name, tenant, role, groups: [] }
  const compatibility = compatibilityOf(profiles)
  return compatibility === undefined ? principal : { ...principal, compatibility }
}

const registered = (client: Client): Authentication =>
  client.revokedAt === undefined ? { principal: clientPrincipal(client) } : refused(`client ${client.name} is revoked`)

/** Begins the identity of whoever nobody registered. */
const UNREGISTERED = 'x509-'

/**
 * The same for every certificate with these names, so that a renewed one still owns its objects. Each name goes in with
 * its length: no other pair of names gives the same bytes.
 */
export const stableId = (issuer: string, subject: string): string =>
  `${UNREGISTERED}${createHash('sha256')
    .update(JSON.stringify([issuer, subject]))
    .digest('hex')}`

const unregistered = ({ issuer, subject }: PeerCertificate): Authentication => ({
  principal: { id: stableId(issuer, subject), name: subject, tenant: DEFAULT_TENANT, role: 'client', groups: [] },
})

const pinned = (client: Client, peer: PeerCertificate, now: number): Authentication => {
  if (now < peer.validFrom) return refused(`the certificate of client ${client.name} is not valid yet`)
  if (now > peer.validTo) return refused(`the certificate of client ${client.name} has expired`)
  return registered(client)
}

/**
 * Turns a client certificate into a principal. A pinned certificate comes first and needs no authority, only to be
 * within its dates; then registered names, and then, by policy, any certificate of a trusted authority, which must
 * verify. What a message header adds to that is the matter of `authenticator.ts`.
 */
export const authenticate = async (
  peer: PeerCertificate,
  directory: Pick<ClientDirectory, 'findByFingerprint' | 'findBySubject'>,
  policy: UnregisteredPolicy,
  now: number,
): Promise<Authentication> => {
  const byFingerprint = await directory.findByFingerprint(peer.fingerprint)
  if (byFingerprint !== undefined) return pinned(byFingerprint, peer, now)
  if (!peer.trusted) return refused(peer.problem ?? 'the certificate is not trusted')
  const bySubject = await directory.findBySubject(peer.issuer, peer.subject)
  if (bySubject !== undefined) return registered(bySubject)
  return policy === 'accept' ? unregistered(peer) : refused('no registered client has this certificate')
}

type Directories = {
  readonly clients: Pick<ClientDirectory, 'findById'>
  readonly users: Pick<UserDirectory, 'find'>
  /** Absent where there are none. */
  readonly managed?: Pick<ManagedUsers, 'byId'> | undefined
}

/**
 * The principal of an earlier request as it is by now, for what is done in its name later: whoever has been revoked or
 * removed meanwhile is nobody. Who was never registered is still what its certificate says.
 */
export const currentPrincipal = async (
  principal: Principal,
  { clients, users, managed }: Directories,
): Promise<Principal | undefined> => {
  if (principal.id.startsWith(UNREGISTERED)) return principal
  const client = await clients.findById(principal.id)
  const known = client ?? (await users.find(principal.name))
  if (known?.id === principal.id) return known.revokedAt === undefined ? { ...principal, role: known.role } : undefined
  const user = await managed?.byId(principal.id)
  return user && { ...principal, role: 'client', groups: user.groups }
}
