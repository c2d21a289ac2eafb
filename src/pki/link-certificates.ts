import { readAuthority } from './authority.ts'
import { readCertificateRequest } from './certificate-request.ts'
import { issueClientCertificate } from './issue.ts'
import { PkiError } from './pki-error.ts'
import type { PairPaths } from './pki-paths.ts'

/** A certificate request as it came, by the name of its encoding. */
type EncodedRequest = { readonly type: string; readonly value: Buffer }

const orNothing = async <T>(run: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await run()
  } catch (error) {
    if (error instanceof PkiError) return undefined
    throw error
  }
}

/** Certificates for clients that ask for another one over their connection. */
export const createLinkCertificates = (authority: PairPaths) => ({
  /** The public key of a request (RFC 2986), in X.509; undefined where the request is none, or is not to be trusted. */
  requestedKey: ({ type, value }: EncodedRequest): Promise<Buffer | undefined> =>
    orNothing(async () => {
      if (type === 'CRMF') throw new PkiError('CRMF is not read')
      return (await readCertificateRequest(type === 'PEM' ? value.toString('latin1') : value)).publicKey
    }),
  /** A certificate of the authority of clients; undefined where its key is not here. */
  issue: (publicKey: Buffer, commonName: string, now: number): Promise<Buffer | undefined> =>
    orNothing(
      async () => (await issueClientCertificate(await readAuthority(authority), publicKey, commonName, now)).raw,
    ),
})
