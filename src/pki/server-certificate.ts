import type { X509Certificate } from 'node:crypto'
import { readAuthority, readCertificate } from './authority.ts'
import { MODE, replaceFile } from './files.ts'
import { expiryOf, type HostNames, issueServerCertificate, LIFETIME } from './issue.ts'
import { ensureKey, publicKeyOf } from './key-pair.ts'
import type { PkiPaths } from './pki-paths.ts'

const covers = (certificate: X509Certificate, { names, addresses }: HostNames): boolean =>
  names.every((name) => certificate.checkHost(name) !== undefined) &&
  addresses.every((address) => certificate.checkIP(address) !== undefined)

/** What had to be done about the server certificate. */
export type ServerCertificateOutcome = 'kept' | 'made' | 'renewed'

/**
 * Sees to it that the server's own certificate is there, is valid for another 30 days, and names everything the machine
 * is called. The key stays the same, so that certificate and key always fit.
 * @throws PkiError where a certificate is needed and the authority cannot issue it
 */
export const ensureServerCertificate = async (
  paths: PkiPaths,
  hosts: HostNames,
  now: number,
): Promise<ServerCertificateOutcome> => {
  const key = await ensureKey(paths.server.key)
  const known = await readCertificate(paths.server.certificate)
  const good =
    known?.checkPrivateKey(key) === true && expiryOf(known) - now > LIFETIME.renewBefore && covers(known, hosts)
  if (good) return 'kept'
  const authority = await readAuthority(paths.authority)
  const certificate = await issueServerCertificate(authority, publicKeyOf(key), hosts, now)
  await replaceFile(paths.server.certificate, certificate.toString(), MODE.public)
  return known === undefined ? 'made' : 'renewed'
}
