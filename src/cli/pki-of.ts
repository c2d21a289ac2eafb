import { dataPaths } from '../config/data-paths.ts'
import type { Config } from '../config/schema.ts'
import { type PairPaths, type PkiPaths, pkiPaths } from '../pki/pki-paths.ts'

/** Where the certificates are that the server made. */
export const pkiOf = (config: Config): PkiPaths => pkiPaths(dataPaths(config).pki)

/** Files of the server certificate that the operator brought, or undefined where the server uses its own. */
export const ownServerPair = ({ tls }: Config): PairPaths | undefined =>
  tls.certificate === undefined || tls.key === undefined ? undefined : { certificate: tls.certificate, key: tls.key }

/** The server's further certificates: those of the operator, or the RSA certificate that old suites need. */
export const furtherPairs = (config: Config): readonly PairPaths[] => {
  const { furtherCertificates, furtherKeys, legacySuites } = config.tls
  if (ownServerPair(config) === undefined) return legacySuites ? [pkiOf(config).serverRsa] : []
  return furtherCertificates.map((certificate, index) => ({ certificate, key: furtherKeys[index] ?? '' }))
}
