import { X509Certificate } from 'node:crypto'
import { createFile, exists, MODE, readIfThere } from './files.ts'
import { type Authority, issueAuthority } from './issue.ts'
import { ensureKey, readKey } from './key-pair.ts'
import { PkiError } from './pki-error.ts'
import type { PairPaths } from './pki-paths.ts'

/** The certificate in a PEM file, the first where there are several; undefined where there is no file. */
export const readCertificate = async (path: string): Promise<X509Certificate | undefined> => {
  const pem = await readIfThere(path)
  if (pem === undefined) return undefined
  try {
    return new X509Certificate(pem)
  } catch (error) {
    throw new PkiError(`${path} holds no certificate in PEM`, { cause: error })
  }
}

/**
 * Makes the authority where there is none; true where it did. A certificate without a key is left alone: the operator
 * may keep the key elsewhere.
 */
export const ensureAuthority = async (paths: PairPaths, now: number): Promise<boolean> => {
  if (await exists(paths.certificate)) return false
  const key = await ensureKey(paths.key)
  const { certificate } = await issueAuthority(key, now)
  return createFile(paths.certificate, certificate.toString(), MODE.public)
}

/**
 * The authority, ready to issue.
 * @throws PkiError where its certificate or its key is missing, or they do not belong together
 */
export const readAuthority = async (paths: PairPaths): Promise<Authority> => {
  const certificate = await readCertificate(paths.certificate)
  const key = await readKey(paths.key)
  if (certificate === undefined) throw new PkiError(`${paths.certificate} is missing: nothing can be issued`)
  if (key === undefined) throw new PkiError(`${paths.key} is missing: nothing can be issued`)
  if (!certificate.checkPrivateKey(key)) throw new PkiError(`${paths.key} is not the key of ${paths.certificate}`)
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new PkiError(`${paths.key} is no EC P-256 key`)
  return { certificate, key }
}
