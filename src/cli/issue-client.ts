import type { X509Certificate } from 'node:crypto'
import { readAuthority } from '../pki/authority.ts'
import { readCertificateRequest } from '../pki/certificate-request.ts'
import { type ClientFiles, type IssuedClient, writeClientFiles } from '../pki/client-certificate.ts'
import { issueClientCertificate } from '../pki/issue.ts'
import { keyPem, makeKey, publicKeyOf } from '../pki/key-pair.ts'
import type { PkiPaths } from '../pki/pki-paths.ts'

/** Makes a key and a certificate for a client, in memory. `now` in seconds since 1970. */
export const makeClientPair = async (paths: PkiPaths, name: string, now: number): Promise<IssuedClient> => {
  const authority = await readAuthority(paths.authority)
  const key = makeKey()
  const certificate = await issueClientCertificate(authority, publicKeyOf(key), name, now)
  return { certificate, keyPem: keyPem(key) }
}

/** Signs the request of a client that keeps its key to itself; its Common Name, or else `name`, goes in. */
export const signClientRequest = async (
  paths: PkiPaths,
  request: string,
  name: string,
  now: number,
): Promise<IssuedClient> => {
  const { publicKey, commonName } = await readCertificateRequest(request)
  const authority = await readAuthority(paths.authority)
  const certificate = await issueClientCertificate(authority, publicKey, commonName ?? name, now)
  return { certificate, keyPem: undefined }
}

/** Makes and writes key and certificate of a client. */
export const issueNewClient = async (
  paths: PkiPaths,
  directory: string,
  name: string,
  now: number,
): Promise<{ readonly certificate: X509Certificate; readonly files: ClientFiles }> => {
  const issued = await makeClientPair(paths, name, now)
  return { certificate: issued.certificate, files: await writeClientFiles(directory, name, issued) }
}
