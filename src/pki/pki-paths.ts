import { join } from 'node:path'

/** A certificate and its private key. */
export type PairPaths = { readonly certificate: string; readonly key: string }

/** Where the server keeps the certificates that it made. */
export type PkiPaths = {
  readonly directory: string
  readonly authority: PairPaths
  /** Issues what clients have certified over KMIP; no client is let in by it. */
  readonly issuing: PairPaths
  readonly server: PairPaths
  /** The server again, with an RSA key: for clients whose suites need one. */
  readonly serverRsa: PairPaths
  readonly clients: string
}

export const pairPaths = (directory: string, name: string): PairPaths => ({
  certificate: join(directory, `${name}.crt`),
  key: join(directory, `${name}.key`),
})

export const pkiPaths = (directory: string): PkiPaths => ({
  directory,
  authority: pairPaths(directory, 'ca'),
  issuing: pairPaths(directory, 'issuing'),
  server: pairPaths(directory, 'server'),
  serverRsa: pairPaths(directory, 'server-rsa'),
  clients: join(directory, 'clients'),
})
