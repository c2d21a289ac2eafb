import { readAuthority } from '../pki/authority.ts'
import { readCertificateRequest } from '../pki/certificate-request.ts'
import type { IssuedClient } from '../pki/client-certificate.ts'
import { createFile, exists, makeDirectory, MODE } from '../pki/files.ts'
import { issueClientCertificate } from '../pki/issue.ts'
import { ensureKey, keyPem, makeKey, publicKeyOf } from '../pki/key-pair.ts'
import { type PairPaths, pairPaths, type PkiPaths } from '../pki/pki-paths.ts'

/** Makes a key and a certificate for a client, in memory. `now` in seconds since 1970. */
export const makeClientPair = async (
  paths: PkiPaths,
  name: string,
  now: number,
  serial?: string,
): Promise<IssuedClient> => {
  const authority = await readAuthority(paths.authority)
  const key = makeKey()
  const certificate = await issueClientCertificate(authority, publicKeyOf(key), name, now, serial)
  return { certificate, keyPem: keyPem(key) }
}

/** Signs the request of a client that keeps its key to itself; its Common Name, or else `name`, goes in. */
export const signClientRequest = async (
  paths: PkiPaths,
  request: string,
  name: string,
  now: number,
  serial?: string,
): Promise<IssuedClient> => {
  const { publicKey, commonName } = await readCertificateRequest(request)
  const authority = await readAuthority(paths.authority)
  const certificate = await issueClientCertificate(authority, publicKey, commonName ?? name, now, serial)
  return { certificate, keyPem: undefined }
}

/**
 * Makes a certificate for a client, with the key that is there, or a new one: what was cut short between the two is
 * finished by the next call. A certificate that is there is kept.
 */
export const ensureClientPair = async (paths: PkiPaths, name: string, now: number): Promise<PairPaths> => {
  const files = pairPaths(paths.clients, name)
  if (await exists(files.certificate)) return files
  await makeDirectory(paths.clients)
  const key = await ensureKey(files.key)
  const authority = await readAuthority(paths.authority)
  const certificate = await issueClientCertificate(authority, publicKeyOf(key), name, now)
  await createFile(files.certificate, certificate.toString(), MODE.public)
  return files
}
