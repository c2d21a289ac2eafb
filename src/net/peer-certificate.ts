import type { TLSSocket } from 'node:tls'

/** The certificate a client has shown, and has proved to hold the private key of. */
export type PeerCertificate = {
  /** DER. */
  readonly raw: Buffer
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint: string
  /** Distinguished names, as `node:tls` prints them: one attribute a line. */
  readonly issuer: string
  readonly subject: string
  /** Seconds since 1970. */
  readonly validFrom: number
  readonly validTo: number
  /** Whether OpenSSL has found a valid chain to a trusted issuer, for the purpose of a TLS client. */
  readonly trusted: boolean
  /** OpenSSL's name for why not, such as `CERT_HAS_EXPIRED`. */
  readonly problem: string | undefined
}

const UNKNOWN_CA = 'unknown CA'

/** The log's words for OpenSSL's codes; any other code is logged as it is. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ['DEPTH_ZERO_SELF_SIGNED_CERT', UNKNOWN_CA],
  ['SELF_SIGNED_CERT_IN_CHAIN', UNKNOWN_CA],
  ['UNABLE_TO_GET_ISSUER_CERT', UNKNOWN_CA],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', UNKNOWN_CA],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', UNKNOWN_CA],
  ['CERT_HAS_EXPIRED', 'expired'],
  ['CERT_NOT_YET_VALID', 'not yet valid'],
  ['INVALID_PURPOSE', 'wrong purpose'],
])

/** Why a certificate that nobody answers for is turned away. */
export const refusalReason = ({ problem }: PeerCertificate): string =>
  problem === undefined ? 'not registered' : (REASONS.get(problem) ?? problem)

const seconds = (date: string): number => Math.floor(Date.parse(date) / 1000)

const verifyProblem = (socket: TLSSocket): string | undefined => {
  // Declared as an Error, but a code at run time.
  const problem: unknown = socket.authorizationError
  return typeof problem === 'string' ? problem : 'not verified'
}

/** The certificate of a finished handshake; undefined where the client has shown none. */
export const peerCertificate = (socket: TLSSocket): PeerCertificate | undefined => {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return undefined
  return {
    raw: certificate.raw,
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    issuer: certificate.issuer,
    subject: certificate.subject,
    validFrom: seconds(certificate.validFrom),
    validTo: seconds(certificate.validTo),
    trusted: socket.authorized,
    problem: socket.authorized ? undefined : verifyProblem(socket),
  }
}
