import type { X509Certificate } from 'node:crypto'
import { readAuthority, readCertificate } from './authority.ts'
import { MODE, replaceFile } from './files.ts'
import { expiryOf, type HostNames, issueServerCertificate, LIFETIME } from './issue.ts'
import { ensureKey, makeKey, makeRsaKey, publicKeyOf } from './key-pair.ts'
import type { PkiPaths } from './pki-paths.ts'

const covers = (certificate: X509Certificate, { names, addresses }: HostNames): boolean =>
  names.every((name) => certificate.checkHost(name) !== undefined) &&
  addresses.every((address) => certificate.checkIP(address) !== undefined)

/** What every client with RSA takes. */
const RSA_BITS = 2048

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
  kind: 'ec' | 'rsa' = 'ec',
): Promise<ServerCertificateOutcome> => {
  const pair = kind === 'ec' ? paths.server : paths.serverRsa
  const key = await ensureKey(pair.key, kind === 'ec' ? makeKey : () => makeRsaKey(RSA_BITS))
  const known = await readCertificate(pair.certificate)
  const good =
    known?.checkPrivateKey(key) === true && expiryOf(known) - now > LIFETIME.renewBefore && covers(known, hosts)
  if (good) return 'kept'
  const authority = await readAuthority(paths.authority)
  const certificate = await issueServerCertificate(authority, publicKeyOf(key), hosts, now)
  await replaceFile(pair.certificate, certificate.toString(), MODE.public)
  return known === undefined ? 'made' : 'renewed'
}
