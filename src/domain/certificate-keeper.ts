import type { Attribute } from '../protocol/attribute-instance.ts'
import type { CertificateRequestType, ValidityIndicator } from '../protocol/enumerations.ts'
import type { ObjectValue } from '../protocol/structures/managed-objects.ts'
import type { HeldKey } from './key-store.ts'
import type { MaybePromise } from './maybe-promise.ts'

/** A certificate request as it came. */
export type RequestValue = { readonly type: CertificateRequestType; readonly value: Buffer }

/** A private key that issues certificates, and its own certificate. */
export type Issuer = { readonly key: HeldKey; readonly certificate: HeldKey }

/** What a certificate is made from. What stands further up says what it names and what it is for. */
export type CertificateOrder = {
  readonly request: RequestValue | undefined
  /** Attributes that name a subject, and the Cryptographic Usage Mask. */
  readonly given: readonly Attribute[]
  /** The certificate that is to be renewed. */
  readonly renewed: HeldKey | undefined
  /** The name of a subject that nothing else names. */
  readonly commonName: string
  /** The key that is to be certified; where there is none, that of the request. */
  readonly publicKey: HeldKey | undefined
  /** Its other half, where the client has it here. */
  readonly privateKey: HeldKey | undefined
  /** The server's own issuing authority where absent. */
  readonly issuer: Issuer | undefined
  /** Seconds since 1970. */
  readonly from: number
  readonly to: number | undefined
}

/** A chain to be validated. */
export type ChainToValidate = {
  /** Encoded certificates in any order. */
  readonly certificates: readonly Buffer[]
  /** Encoded certificates that are trusted besides the server's own issuing authority. */
  readonly trusted: readonly Buffer[]
  /** Seconds since 1970. */
  readonly at: number
}

/** Issues and validates certificates. */
export type CertificateKeeper = {
  /**
   * Issues an X.509 certificate, of which the policy of the server decides what it may say.
   * @throws KmipError InvalidCSR, InvalidField, InvalidObjectType, FeatureNotSupported, PermissionDenied
   */
  certify(order: CertificateOrder): Promise<ObjectValue>
  /** Whether certificates are one chain that is good at a time; Unknown where nothing is wrong but who vouches for it. */
  validateChain(chain: ChainToValidate): MaybePromise<ValidityIndicator>
}
