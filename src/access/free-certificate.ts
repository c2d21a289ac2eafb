import { X509Certificate } from 'node:crypto'
import type { Link } from '../domain/link-credentials.ts'
import { stableId } from './authenticate.ts'
import { credentialOf, type IdentityParts } from './identify-peer.ts'

const seconds = (date: string): number => Math.floor(Date.parse(date) / 1000)

const parsed = (encoded: Buffer): X509Certificate | undefined => {
  try {
    return new X509Certificate(encoded)
  } catch {
    return undefined
  }
}

/**
 * Whether a client may bring a certificate for its own: one in its dates that nobody is known by, and that nobody could
 * be let in with either. Whoever brings the certificate of another would let the other work under its name.
 */
export const isFree = async (
  parts: IdentityParts,
  { principal }: Link,
  encoded: Buffer,
  now: number,
): Promise<boolean> => {
  const certificate = parsed(encoded)
  if (certificate === undefined) return false
  const { issuer, subject, validFrom, validTo } = certificate
  if (now < seconds(validFrom) || now > seconds(validTo)) return false
  const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase()
  if ((await credentialOf(parts, { fingerprint })) !== undefined) return false
  if ((await parts.clients.findByFingerprint(fingerprint)) !== undefined) return false
  const named = await parts.clients.findBySubject(issuer, subject)
  if (named !== undefined) return named.id === principal.id
  const isNobodys = issuer === subject || parts.unregistered === 'refuse'
  return isNobodys || stableId(issuer, subject) === principal.id
}
