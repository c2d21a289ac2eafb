import { type Credential, readCredential } from '../domain/credential-records.ts'
import { type ClientDirectory, DEFAULT_TENANT, type PeerCertificate } from '../domain/principal.ts'
import type { RecordStore } from '../domain/records.ts'
import { authenticate, type Authentication, clientPrincipal, type UnregisteredPolicy } from './authenticate.ts'

export type IdentityParts = {
  readonly clients: ClientDirectory
  readonly records: RecordStore
  readonly unregistered: UnregisteredPolicy
}

/** What has become of a certificate since its client has asked for another one (2.1 section 6.1.48). */
export const credentialOf = async (
  { records }: Pick<IdentityParts, 'records'>,
  { fingerprint }: Pick<PeerCertificate, 'fingerprint'>,
): Promise<Credential | undefined> => {
  const record = await records.read('credential', DEFAULT_TENANT, fingerprint)
  return record && readCredential(record)
}

const isInForce = ({ validFrom, validTo }: PeerCertificate, now: number): boolean => now >= validFrom && now <= validTo

/** The client as the administrator knows it, or as it was when it asked. */
const ownerOf = async ({ clients }: IdentityParts, { owner, tenant, name }: Credential): Promise<Authentication> => {
  const client = await clients.findById(owner)
  if (client === undefined) return { principal: { id: owner, name, tenant, role: 'client', groups: [] } }
  if (client.revokedAt !== undefined) return { principal: undefined, reason: `client ${client.name} is revoked` }
  return { principal: clientPrincipal(client) }
}

/**
 * Who holds a certificate: what clients have asked for over their connection comes first. `isOpen` is the connection that
 * the other certificate was asked for over: it lasts.
 */
export const identifyPeer = async (
  parts: IdentityParts,
  peer: PeerCertificate,
  now: number,
  isOpen: boolean,
): Promise<Authentication> => {
  const credential = await credentialOf(parts, peer)
  if (credential === undefined) return authenticate(peer, parts.clients, parts.unregistered, now)
  if (credential.status === 'replaced' && !isOpen) {
    return { principal: undefined, reason: `the certificate of client ${credential.name} has been replaced` }
  }
  if (!isInForce(peer, now)) {
    return { principal: undefined, reason: `the certificate of client ${credential.name} is out of its dates` }
  }
  return ownerOf(parts, credential)
}
