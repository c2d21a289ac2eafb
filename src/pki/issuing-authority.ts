import { X509Certificate } from 'node:crypto'
import { readCertificate } from './authority.ts'
import { createFile, MODE } from './files.ts'
import { type Authority, issueAuthority } from './issue.ts'
import { ensureKey, makeRsaKey, readKey } from './key-pair.ts'
import { PkiError } from './pki-error.ts'
import type { PairPaths } from './pki-paths.ts'

/** RSA, since every device that is to check a certificate knows it; as long as the authority lives. */
const BITS = 3072

const make = async (paths: PairPaths, now: number): Promise<void> => {
  const key = await ensureKey(paths.key, () => makeRsaKey(BITS))
  const { certificate } = await issueAuthority(key, now, 'kmipd issuing CA')
  await createFile(paths.certificate, certificate.toString(), MODE.public)
}

/** Whether clients with certificates of one authority would be let in because the other is trusted. */
const isAdmittedBy = (certificate: X509Certificate, trusted: X509Certificate): boolean =>
  trusted.publicKey.equals(certificate.publicKey) ||
  (certificate.checkIssued(trusted) && certificate.verify(trusted.publicKey))

/**
 * The authority that issues certificates over KMIP, made where there is none. The operator may put another one in its
 * place, but none that lets clients in, `admitting` in PEM: whoever can have a certificate could become anybody.
 * @throws PkiError
 */
export const ensureIssuingAuthority = async (
  { certificate: path, key: keyPath }: PairPaths,
  admitting: readonly string[],
  now: number,
): Promise<Authority> => {
  if ((await readCertificate(path)) === undefined) await make({ certificate: path, key: keyPath }, now)
  const certificate = await readCertificate(path)
  const key = await readKey(keyPath)
  if (certificate === undefined || key === undefined) throw new PkiError(`${keyPath} is missing: nothing can be issued`)
  if (!certificate.checkPrivateKey(key)) throw new PkiError(`${keyPath} is not the key of ${path}`)
  if (admitting.some((pem) => isAdmittedBy(certificate, new X509Certificate(pem))))
    throw new PkiError(`${path} must be no authority by which clients are let in`)
  return { certificate, key }
}
