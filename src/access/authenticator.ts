import type { Authenticator, Channel, Claims, Verdict } from '../domain/authenticator.ts'
import type { Clock } from '../domain/clock.ts'
import type { Link, LinkCredentials } from '../domain/link-credentials.ts'
import { isPromise, type MaybePromise, then } from '../domain/maybe-promise.ts'
import type { ObjectStore } from '../domain/object-store.ts'
import type { ManagedUsers } from '../domain/managed-users.ts'
import type { ClientDirectory, PeerCertificate, Principal, PrincipalSource } from '../domain/principal.ts'
import type { UserDirectory } from '../domain/users.ts'
import type { Log } from '../observe/log.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import type { Credential } from '../protocol/structures/credential.ts'
import type { Authentication, UnregisteredPolicy } from './authenticate.ts'
import { createCurrentDirectory } from './current-directory.ts'
import { createCurrentPrincipals } from './current-principals.ts'
import { isFree } from './free-certificate.ts'
import { createGuesses } from './guesses.ts'
import { identifyPeer, type IdentityParts } from './identify-peer.ts'
import type { Sealing } from './ticket-record.ts'
import type { SecretsKeeper } from './user-secrets.ts'
import { verifyManaged } from './managed-credential.ts'
import {
  notSuccessful,
  type Outcome,
  principalOfManaged,
  verifyCredential,
  type VerifierParts,
} from './verify-credential.ts'
import { createPasswordCheck } from './verify-password.ts'
import { createTicketCheck } from './verify-ticket.ts'

/**
 * What credentials in a message header do:
 * - `ignored`: nothing;
 * - `known`: one that names a user of this server must be right, any other changes nothing;
 * - `required`: there must be one that is right.
 */
export type CredentialsPolicy = 'ignored' | 'known' | 'required'

export type AuthenticatorParts = {
  readonly clients: ClientDirectory
  readonly users: UserDirectory
  /** Another number after every change of clients or users, by whatever process. */
  readonly directoryVersion: () => MaybePromise<number>
  readonly store: Pick<ObjectStore, 'records' | 'commit'>
  readonly keys: SecretsKeeper & Sealing
  readonly clock: Clock
  /** A clock that never goes back. */
  readonly milliseconds: () => number
  readonly log: Log
  /** Users that are managed objects; absent where there are none. */
  readonly managed?: ManagedUsers | undefined
  readonly policy: { readonly unregistered: UnregisteredPolicy; readonly credentials: CredentialsPolicy }
}

export type Authentications = {
  /** Who holds a certificate. */
  identify(peer: PeerCertificate): Promise<Authentication>
  /** Who sends a message. */
  readonly authenticator: Authenticator
  readonly links: Pick<LinkCredentials, 'mayTake' | 'replaces'>
}

const failed = (error: KmipError, close = false): Verdict => ({ refusal: error, close })

const revoked = (): KmipError => new KmipError('AuthenticationNotSuccessful', 'The client is not accepted any more')

/** All credentials of one message must be right (2.1 section 9.4), and about the same somebody. */
const verifyAll = (
  verify: (credential: Credential) => MaybePromise<Outcome>,
  credentials: readonly Credential[],
): MaybePromise<Outcome> =>
  credentials.reduce<MaybePromise<Outcome>>(
    (before, credential) =>
      then(before, (outcome) => {
        if (outcome.kind === 'refused') return outcome
        return then(verify(credential), (next) => combine(outcome, next))
      }),
    { kind: 'unknown' },
  )

const combine = (outcome: Outcome, next: Outcome): Outcome => {
  if (outcome.kind !== 'proven' || next.kind === 'refused') return next
  if (next.kind !== 'proven') return outcome
  const { principal } = next.proof
  const before = outcome.proof.principal
  // What a ticket restricts stays restricted, whatever else is shown.
  if (principal.id === before.id && (principal.ticket === undefined || before.ticket === undefined)) {
    const ticket = principal.ticket ?? before.ticket
    return { kind: 'proven', proof: { ...outcome.proof, ...next.proof, principal: { ...principal, ticket } } }
  }
  return { kind: 'refused', reason: 'credentials of different users', error: notSuccessful() }
}

/** Whoever asks, it is the program at the other end that is granted something, or not. */
const asConnected = (verdict: Verdict, { compatibility }: Principal): Verdict =>
  verdict.refusal !== undefined || compatibility === undefined
    ? verdict
    : { ...verdict, principal: { ...verdict.principal, compatibility } }

/** Nobody is let in where something unforeseen happens. */
const guarded = (decide: Authenticator, log: Log): Authenticator => {
  const caught = (error: unknown): Verdict => {
    if (error instanceof KmipError) return failed(error)
    log.error('client not identified', { error })
    return failed(new KmipError('GeneralFailure', 'The server could not find out who the client is'))
  }
  return (channel, claims) => {
    try {
      const verdict = decide(channel, claims)
      return isPromise(verdict) ? verdict.catch(caught) : verdict
    } catch (error) {
      return caught(error)
    }
  }
}

const sourceOf = ({ fingerprint, issuer, subject, trusted, validFrom, validTo }: PeerCertificate): PrincipalSource => ({
  kind: 'certificate',
  certificate: { fingerprint, issuer, subject, trusted, validFrom, validTo },
})

/** A certificate that nobody registered may be the credential of a user that is a managed object (3.0 section 2.1.3). */
const identifyManaged = async (
  { managed, clock }: Pick<AuthenticatorParts, 'managed' | 'clock'>,
  { fingerprint, validFrom, validTo }: PeerCertificate,
  found: Authentication,
): Promise<Authentication> => {
  if (found.principal !== undefined || managed === undefined) return found
  const now = clock.now()
  const user = now < validFrom || now > validTo ? undefined : await managed.byCertificate(fingerprint)
  const credential = user?.credentials.find(
    ({ type, fingerprint: own }) => type === 'Certificate' && own === fingerprint,
  )
  return user === undefined || credential === undefined ? found : { principal: principalOfManaged(user, credential) }
}

/** Connections whose certificates are replaced, and those that take their place (2.1 section 6.1.48). */
const createLinks = (identity: IdentityParts, { clock, log }: Pick<AuthenticatorParts, 'clock' | 'log'>) => {
  const open = new WeakSet<PeerCertificate>()
  return {
    identify: (peer: PeerCertificate): Promise<Authentication> =>
      identifyPeer(identity, peer, clock.now(), open.has(peer)),
    mayTake: (link: Link, certificate: Buffer): Promise<boolean> => isFree(identity, link, certificate, clock.now()),
    replaces: ({ principal, certificate }: Link, fingerprint: string): void => {
      open.add(certificate)
      log.info('client asks for another certificate', { client: principal.name, fingerprint })
    },
  }
}

const refuser =
  (log: Log) =>
  (channel: Channel, { reason, error }: Extract<Outcome, { kind: 'refused' }>): Verdict => {
    log.warn('credential refused', { client: channel.principal.name, peer: channel.peer, reason })
    return failed(error)
  }

/** What checks one credential: those of registered users first, then those that are managed objects. */
const createVerifier = (
  parts: AuthenticatorParts,
  checks: Pick<VerifierParts, 'directory' | 'passwords' | 'guesses' | 'checkTicket'>,
): VerifierParts => {
  const { managed } = parts
  const verifier: VerifierParts = {
    ...parts,
    ...checks,
    timestamps: new Map(),
    otherwise: (channel, credential) =>
      managed === undefined ? { kind: 'unknown' } : verifyManaged(managed, verifier, channel, credential),
  }
  return verifier
}

/** Who a certificate shows, and as of which version of the directory that was found. */
type Identified = { readonly version: number; readonly principal: Principal | undefined }

/**
 * Says who sends a message: the holder of the certificate, or the user whose credential the message has (1.4 section
 * 6.6, 2.1 section 9.4). Real clients send credentials that this server knows nothing of along with a good certificate:
 * by default the certificate decides then. What an administrator changes is in force for connections that are open, too.
 */
export const createAuthenticator = (parts: AuthenticatorParts): Authentications => {
  const { clients, log, milliseconds, policy } = parts
  const directory = createCurrentDirectory(parts)
  const guesses = createGuesses(milliseconds)
  const passwords = createPasswordCheck(guesses, milliseconds)
  const identified = new WeakMap<PeerCertificate, Identified>()
  const links = createLinks({ clients, records: parts.store.records, unregistered: policy.unregistered }, parts)

  const identify = async (peer: PeerCertificate): Promise<Authentication> => {
    const version = await directory.version()
    const found = await identifyManaged(parts, peer, await links.identify(peer))
    const principal = found.principal && { source: sourceOf(peer), ...found.principal }
    identified.set(peer, { version, principal })
    return found
  }

  const current = createCurrentPrincipals({
    directory,
    identify: links.identify,
    clock: parts.clock,
    managed: parts.managed,
  })
  const checkTicket = createTicketCheck({ ...parts, current })
  const verifier = createVerifier(parts, { directory, passwords, guesses, checkTicket })

  /** Who holds the certificate of an open connection now. */
  const holder = ({ certificate, principal }: Channel): MaybePromise<Principal | undefined> => {
    if (certificate === undefined) return principal
    return then(directory.version(), (version) => {
      const known = identified.get(certificate)
      // What a managed object says is not known by the version of the directory.
      if (known?.principal?.source?.kind === 'object') return current(known.principal.source)
      if (known?.version === version) return known.principal
      return identify(certificate).then((found) => found.principal)
    })
  }

  const refuse = refuser(log)

  /** Nobody is known by these credentials. */
  const unknown = (channel: Channel, claims: Claims): MaybePromise<Verdict> => {
    const { principal } = channel
    if (policy.credentials !== 'required' || claims.isEnquiry) return { principal }
    const password = claims.credentials.find(({ credentialValue }) => credentialValue.password !== undefined)
    const checked =
      password && passwords.verifyNobody(password.credentialValue.password ?? '', `${principal.id} nobody`)
    return then(checked, () =>
      refuse(channel, { kind: 'refused', reason: 'no credential of a registered user', error: notSuccessful() }),
    )
  }

  const judge = (channel: Channel, claims: Claims): MaybePromise<Verdict> => {
    // A ticket has been given by this server: it never stands for nothing.
    const credentials = claims.credentials.filter(
      ({ credentialType }) => credentialType === 'Ticket' || policy.credentials !== 'ignored',
    )
    const checked = verifyAll((credential) => verifyCredential(verifier, channel, credential), credentials)
    return then(checked, (outcome): MaybePromise<Verdict> => {
      if (outcome.kind === 'proven') return outcome.proof
      return outcome.kind === 'refused' ? refuse(channel, outcome) : unknown(channel, claims)
    })
  }

  const decide: Authenticator = (channel, claims) =>
    then(holder(channel), (principal): MaybePromise<Verdict> => {
      if (principal === undefined) return failed(revoked(), true)
      if (claims.credentials.length === 0 && policy.credentials !== 'required') return { principal }
      return then(judge({ ...channel, principal }, claims), (verdict) => asConnected(verdict, principal))
    })

  return { identify, authenticator: guarded(decide, log), links }
}
