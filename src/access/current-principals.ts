import type { Clock } from '../domain/clock.ts'
import { type MaybePromise, then } from '../domain/maybe-promise.ts'
import type { ManagedUsers } from '../domain/managed-users.ts'
import type { PeerCertificate, Principal, PrincipalSource } from '../domain/principal.ts'
import type { Authentication } from './authenticate.ts'
import type { CurrentDirectory } from './current-directory.ts'
import { principalOf, principalOfManaged } from './verify-credential.ts'

type Parts = {
  readonly directory: CurrentDirectory
  /** Who holds a certificate now. */
  readonly identify: (peer: PeerCertificate) => Promise<Authentication>
  readonly clock: Clock
  readonly managed: ManagedUsers | undefined
}

type ObjectSource = Extract<PrincipalSource, { kind: 'object' }>
type CertificateSource = Extract<PrincipalSource, { kind: 'certificate' }>

const MOST_ENTRIES = 10_000

/**
 * Who somebody is by now who was let in earlier: undefined where that one is revoked, removed, has expired or has
 * another password. */
export const createCurrentPrincipals = ({ directory, identify, clock, managed }: Parts) => {
  const holders = new Map<string, Principal | undefined>()
  let foundAt: number | undefined

  const look = async (source: CertificateSource, version: number): Promise<Principal | undefined> => {
    const { certificate } = source
    const { principal } = await identify({ ...certificate, problem: undefined })
    const found = principal && { ...principal, source }
    if (version !== foundAt || holders.size >= MOST_ENTRIES) holders.clear()
    foundAt = version
    holders.set(certificate.fingerprint, found)
    return found
  }

  const holder = (source: CertificateSource): MaybePromise<Principal | undefined> =>
    then(directory.version(), (version) => {
      const { fingerprint, validTo } = source.certificate
      if (clock.now() > validTo) return undefined
      return version === foundAt && holders.has(fingerprint) ? holders.get(fingerprint) : look(source, version)
    })

  /** A user or a credential that has been changed in any way is another one. */
  const object = ({ user, credential }: ObjectSource): MaybePromise<Principal | undefined> =>
    then(managed?.byId(user.id), (found) => {
      const known = found?.credentials.find(({ id }) => id === credential.id)
      if (found?.version !== user.version || known?.version !== credential.version) return undefined
      return principalOfManaged(found, known)
    })

  return (source: PrincipalSource): MaybePromise<Principal | undefined> => {
    if (source.kind === 'object') return object(source)
    return source.kind === 'certificate'
      ? holder(source)
      : then(directory.user(source.name), (user) =>
          user === undefined || user.revokedAt !== undefined || user.version !== source.version
            ? undefined
            : principalOf(user),
        )
  }
}
