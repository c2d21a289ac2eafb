import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { readIfThere } from './files.ts'
import { PkiError } from './pki-error.ts'
import type { PairPaths, PkiPaths } from './pki-paths.ts'

/** What the server shows, and whom it trusts; PEM. */
export type ServerCertificates = {
  readonly key: string
  /** The server's certificate, followed by those between it and its root. */
  readonly cert: string
  /** Authorities whose client certificates are trusted: the own one, and those that the operator added. */
  readonly ca: readonly string[]
}

const read = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new PkiError(`${path} cannot be read`, { cause: error })
  }
}

const parsed = <T>(path: string, what: string, parse: () => T): T => {
  try {
    return parse()
  } catch (error) {
    throw new PkiError(`${path} holds no ${what} in PEM`, { cause: error })
  }
}

const readTrusted = async (path: string): Promise<string> => {
  const pem = await read(path)
  parsed(path, 'certificate', () => new X509Certificate(pem))
  return pem
}

/**
 * Reads and checks what the server is to show and to trust.
 * @throws PkiError where a file is missing or holds something else, or key and certificate do not belong together
 */
export const readServerCertificates = async (
  paths: PkiPaths,
  own: PairPaths | undefined,
  clientCas: readonly string[],
): Promise<ServerCertificates> => {
  const pair = own ?? paths.server
  const cert = await read(pair.certificate)
  const key = await read(pair.key)
  const certificate = parsed(pair.certificate, 'certificate', () => new X509Certificate(cert))
  const privateKey = parsed(pair.key, 'private key', () => createPrivateKey(key))
  if (!certificate.checkPrivateKey(privateKey)) throw new PkiError(`${pair.key} is not the key of ${pair.certificate}`)
  const authority = await readIfThere(paths.authority.certificate)
  const trusted = await Promise.all(clientCas.map(readTrusted))
  return { key, cert, ca: [...(authority === undefined ? [] : [authority]), ...trusted] }
}
