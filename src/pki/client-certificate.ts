import { unlink } from 'node:fs/promises'
import type { X509Certificate } from 'node:crypto'
import { createFile, exists, makeDirectory, MODE } from './files.ts'
import { PkiError } from './pki-error.ts'
import { pairPaths } from './pki-paths.ts'

/** A certificate to hand out, with its key where it was made here. */
export type IssuedClient = { readonly certificate: X509Certificate; readonly keyPem: string | undefined }

/** Where the files of a client went. */
export type ClientFiles = { readonly certificate: string; readonly key: string | undefined }

/** Names of clients are names of files and Common Names, too. */
const CLIENT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** @throws PkiError where the name is none */
export const checkClientName = (name: string): void => {
  if (!CLIENT_NAME.test(name))
    throw new PkiError(
      `a client name is 1 to 64 letters, digits, dots, dashes and underscores; ${JSON.stringify(name)} is none`,
    )
}

const taken = (path: string): PkiError => new PkiError(`${path} exists already and is not overwritten`)

/** @throws PkiError where a file of that name is there already */
export const checkClientFiles = async (directory: string, name: string): Promise<void> => {
  for (const path of Object.values(pairPaths(directory, name))) if (await exists(path)) throw taken(path)
}

/**
 * Writes certificate and key of a client.
 * @throws PkiError where a file of that name is there already; nothing is left behind then
 */
export const writeClientFiles = async (directory: string, name: string, issued: IssuedClient): Promise<ClientFiles> => {
  const paths = pairPaths(directory, name)
  await makeDirectory(directory)
  if (issued.keyPem !== undefined && !(await createFile(paths.key, issued.keyPem, MODE.secret))) throw taken(paths.key)
  if (!(await createFile(paths.certificate, issued.certificate.toString(), MODE.public))) {
    if (issued.keyPem !== undefined) await unlink(paths.key)
    throw taken(paths.certificate)
  }
  return { certificate: paths.certificate, key: issued.keyPem === undefined ? undefined : paths.key }
}
