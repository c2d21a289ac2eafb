import type { CertificateRequestType } from '../protocol/enumerations.ts'
import type { PeerCertificate, Principal } from './principal.ts'

/** Who is at the other end of a connection, and by which certificate. */
export type Link = { readonly principal: Principal; readonly certificate: PeerCertificate }

/** What the server does about the certificates by which clients connect. */
export type LinkCredentials = {
  /**
   * The public key, in X.509, that a certificate request is about, whose sender has shown the private key; undefined
   * where the request is none, or is not to be trusted.
   */
  requestedKey(request: { readonly type: CertificateRequestType; readonly value: Buffer }): Promise<Buffer | undefined>
  /** An encoded certificate for a public key in X.509; undefined where the authority of clients is not here. */
  issue(publicKey: Buffer, commonName: string, now: number): Promise<Buffer | undefined>
  /** Whether a client may have this encoded certificate from now on: it is good, and nobody else's. */
  mayTake(link: Link, certificate: Buffer): Promise<boolean>
  /** Another certificate is to take the place of the one of this connection, which goes on all the same. */
  replaces(link: Link, fingerprint: string): void
}
