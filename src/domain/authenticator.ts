import type { Credential } from '../protocol/structures/credential.ts'
import type { KmipError } from '../protocol/kmip-error.ts'
import type { MaybePromise } from './maybe-promise.ts'
import type { PeerCertificate, Principal } from './principal.ts'

/** What a request came over, as far as it says who asks. Compared by identity: one for each connection. */
export type Channel = {
  /** Who the certificate showed when the connection began. */
  readonly principal: Principal
  /** Absent where nothing but this server can have made the connection. */
  readonly certificate?: PeerCertificate | undefined
  /** For the log. */
  readonly peer: string
}

/** What a message says about who sends it. */
export type Claims = {
  /** Empty where it has no Authentication. */
  readonly credentials: readonly Credential[]
  /** Whether it only asks what the server is and can, which needs no authentication (1.4 section 6.6, 2.1 section 9.4). */
  readonly isEnquiry: boolean
}

export type Verdict =
  | {
      readonly principal: Principal
      /** Proves to the client that the server knows the password, too (2.1 section 8.5). */
      readonly serverHashedPassword?: Buffer | undefined
      readonly refusal?: undefined
    }
  | {
      readonly principal?: undefined
      readonly refusal: KmipError
      /** Whether nothing can come of the connection any more. */
      readonly close: boolean
    }

/** Says who sends a message. Never throws, and no promise of it is rejected. */
export type Authenticator = (channel: Channel, claims: Claims) => MaybePromise<Verdict>
