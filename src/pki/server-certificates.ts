import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { readIfThere } from './files.ts'
import { PkiError } from './pki-error.ts'
import type { PairPaths, PkiPaths } from './pki-paths.ts'

/** A private key and its certificate, followed by those between it and its root; PEM. */
export type ShownCertificate = { readonly key: string; readonly cert: string }

/** What the server shows, and whom it trusts; PEM. */
export type ServerCertificates = {
  readonly key: string
  /** The server's certificate, followed by those between it and its root. */
  readonly cert: string
  /** Authorities whose client certificates are trusted: the own one, and those that the operator added. */
  readonly ca: readonly string[]
  /** Certificates of other kinds of key, one of which a client may need. */
  readonly further: readonly ShownCertificate[]
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

const readPair = async (pair: PairPaths): Promise<ShownCertificate & { readonly kind: string | undefined }> => {
  const cert = await read(pair.certificate)
  const key = await read(pair.key)
  const certificate = parsed(pair.certificate, 'certificate', () => new X509Certificate(cert))
  const privateKey = parsed(pair.key, 'private key', () => createPrivateKey(key))
  if (!certificate.checkPrivateKey(privateKey)) throw new PkiError(`${pair.key} is not the key of ${pair.certificate}`)
  return { key, cert, kind: privateKey.asymmetricKeyType }
}

/**
 * Reads and checks what the server is to show and to trust.
 * @throws PkiError where a file is missing or holds something else, key and certificate do not belong together, or two
 * certificates have the same kind of key
 */
export const readServerCertificates = async (
  paths: PkiPaths,
  own: PairPaths | undefined,
  clientCas: readonly string[],
  more: readonly PairPaths[] = [],
): Promise<ServerCertificates> => {
  const { key, cert, kind } = await readPair(own ?? paths.server)
  const further = await Promise.all(more.map(readPair))
  // TLS picks a certificate by its kind of key: of two of one kind one would never be shown.
  if (new Set([kind, ...further.map((pair) => pair.kind)]).size <= further.length)
    throw new PkiError('two server certificates have keys of the same kind')
  const authority = await readIfThere(paths.authority.certificate)
  const trusted = await Promise.all(clientCas.map(readTrusted))
  return { key, cert, further, ca: [...(authority === undefined ? [] : [authority]), ...trusted] }
}
