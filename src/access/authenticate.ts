import { createHash } from 'node:crypto'
import { type Client, type ClientDirectory, DEFAULT_TENANT, type Principal } from '../domain/principal.ts'

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

/** Whether certificates that a trusted authority issued, but nobody registered, are clients. */
export type UnregisteredPolicy = 'accept' | 'refuse'

/** Who it is, or why it is nobody. The reason is for the log; the peer learns nothing but that it failed. */
export type Authentication =
  | { readonly principal: Principal; readonly reason?: undefined }
  | { readonly principal: undefined; readonly reason: string }

const refused = (reason: string): Authentication => ({ principal: undefined, reason })

const principalOf = ({ id, name, tenant, role }: Client): Principal => ({ id, name, tenant, role, groups: [] })

const registered = (client: Client): Authentication =>
  client.revokedAt === undefined ? { principal: principalOf(client) } : refused(`client ${client.name} is revoked`)

/**
 * The same for every certificate with these names, so that a renewed one still owns its objects. Each name goes in with
 * its length: no other pair of names gives the same bytes.
 */
const stableId = (issuer: string, subject: string): string =>
  `x509-${createHash('sha256')
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
 * verify. Credentials in the message header change nothing: real clients send unknown ones along with a good
 * certificate, and the certificate decides (1.4 section 6.6, 2.1 section 9.4).
 */
export const authenticate = async (
  peer: PeerCertificate,
  directory: ClientDirectory,
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
