import { randomBytes, type X509Certificate } from 'node:crypto'
import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { createFile, exists, makeDirectory, MODE } from './files.ts'
import { PkiError } from './pki-error.ts'

/** A certificate to hand out, with its key where it was made here. */
export type IssuedClient = { readonly certificate: X509Certificate; readonly keyPem: string | undefined }

/** Endings of the files that a client may be handed. */
export const ENDINGS = ['crt', 'key', 'pem', 'p12', 'jks', 'password'] as const

export type Ending = (typeof ENDINGS)[number]

/** A file to hand out. */
export type ClientFile = { readonly ending: Ending; readonly content: string | Buffer }

/** Names of clients are names of files and Common Names, too. */
const CLIENT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** @throws PkiError where the name is none */
export const checkClientName = (name: string): void => {
  if (!CLIENT_NAME.test(name))
    throw new PkiError(
      `a client name is 1 to 64 letters, digits, dots, dashes and underscores; ${JSON.stringify(name)} is none`,
    )
}

const PASSWORD_BYTES = 15

/** For a container that nobody has a password for. */
export const makePassword = (): string => randomBytes(PASSWORD_BYTES).toString('base64url')

export const clientFile = (directory: string, name: string, ending: Ending): string =>
  join(directory, `${name}.${ending}`)

const taken = (path: string): PkiError => new PkiError(`${path} exists already and is not overwritten`)

/** @throws PkiError where a file of that name is there already */
export const checkClientFiles = async (directory: string, name: string): Promise<void> => {
  for (const path of ENDINGS.map((ending) => clientFile(directory, name, ending)))
    if (await exists(path)) throw taken(path)
}

/** Certificates are for everybody; all other files have a key in them, or open one that has. */
const modeOf = (ending: Ending): number => (ending === 'crt' ? MODE.public : MODE.secret)

/** Certificate and key, each in a file of its own. */
export const pairFiles = ({ certificate, keyPem }: IssuedClient): readonly ClientFile[] => [
  ...(keyPem === undefined ? [] : [{ ending: 'key', content: keyPem } as const]),
  { ending: 'crt', content: certificate.toString() },
]

/**
 * Writes the files of a client; their paths, by their endings.
 * @throws PkiError where a file of that name is there already; nothing is left behind then
 */
export const writeClientFiles = async (
  directory: string,
  name: string,
  files: readonly ClientFile[],
): Promise<ReadonlyMap<Ending, string>> => {
  await makeDirectory(directory)
  const written = new Map<Ending, string>()
  for (const { ending, content } of files) {
    const path = clientFile(directory, name, ending)
    if (!(await createFile(path, content, modeOf(ending)))) {
      for (const before of written.values()) await unlink(before)
      throw taken(path)
    }
    written.set(ending, path)
  }
  return written
}
