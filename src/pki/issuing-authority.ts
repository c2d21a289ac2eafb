import { generateKeyPair, type KeyObject, X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import { readCertificate } from './authority.ts'
import { createFile, MODE } from './files.ts'
import { type Authority, issueAuthority } from './issue.ts'
import { keyPem, readKey } from './key-pair.ts'
import { PkiError } from './pki-error.ts'
import type { PairPaths } from './pki-paths.ts'

/** RSA, since every device that is to check a certificate knows it; as long as the authority lives. */
const BITS = 3072

const generate = promisify(generateKeyPair)

/** The key in the file; a new one where there is no file. Of two that come at once, both get the key that won. */
const ensureRsaKey = async (path: string): Promise<KeyObject> => {
  const known = await readKey(path)
  if (known !== undefined) return known
  const { privateKey } = await generate('rsa', { modulusLength: BITS })
  if (await createFile(path, keyPem(privateKey), MODE.secret)) return privateKey
  return (await readKey(path)) ?? privateKey
}

const make = async (paths: PairPaths, now: number): Promise<void> => {
  const key = await ensureRsaKey(paths.key)
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
