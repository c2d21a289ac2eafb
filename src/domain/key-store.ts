import type { Attribute } from '../protocol/attribute-instance.ts'
import type {
  CryptographicAlgorithm,
  KeyCompressionType,
  KeyFormatType,
  RecommendedCurve,
} from '../protocol/enumerations.ts'
import type { CryptographicParameters } from '../protocol/structures/cryptographic-parameters.ts'
import type { ObjectValue } from '../protocol/structures/managed-objects.ts'
import type { Sealed } from './bytes.ts'
import type { MaybePromise } from './maybe-promise.ts'

/** Where key material is: sealed bytes in the database, or a key that stays inside a hardware module. */
export type KeyRef =
  | { readonly kind: 'sealed'; readonly sealed: Sealed }
  | { readonly kind: 'resident'; readonly token: string; readonly keyId: Buffer }

/** A key that is held: its reference with what it is bound to. A row moved under another id does not open. */
export type HeldKey = {
  readonly objectId: string
  /** Counts the versions of the material, from 1; unchanged by attribute changes. */
  readonly sealVersion: number
  readonly ref: KeyRef
}

/** What came of taking material in: the key, and the attributes that follow from it (algorithm, length, digest, ...). */
export type Deposit = { readonly key: HeldKey; readonly attributes: readonly Attribute[] }

export type SymmetricKeySpec = {
  readonly algorithm: CryptographicAlgorithm
  /** Bits; the algorithm's default where absent and it has one. */
  readonly length: number | undefined
}

export type KeyPairSpec = {
  readonly algorithm: CryptographicAlgorithm
  /** Bits; derived from the curve where that is given. */
  readonly length: number | undefined
  readonly curve: RecommendedCurve | undefined
}

/** The form in which a client wants material. Absent: as it was registered, or the default of the algorithm. */
export type WantedForm = {
  readonly keyFormatType?: KeyFormatType | number | undefined
  readonly keyCompressionType?: KeyCompressionType | number | undefined
}

export type EncryptInput = {
  readonly data: Buffer
  readonly ivCounterNonce: Buffer | undefined
  readonly additionalData: Buffer | undefined
  readonly tag: Buffer | undefined
}

export type EncryptOutput = {
  readonly data: Buffer
  /** Set where the server chose it. */
  readonly ivCounterNonce: Buffer | undefined
  readonly tag: Buffer | undefined
}

/**
 * Holds and uses key material. Implementations: software, and PKCS#11 modules. Nothing here returns material except
 * `retrieve`. Every failure of opening or decrypting is one and the same CryptographicFailure to the outside.
 * @throws KmipError with the reasons of the operation concerned
 */
export type KeyStore = {
  /** Makes a symmetric key for the object `objectId`. InvalidField for lengths the algorithm does not have. */
  generateKey(objectId: string, spec: SymmetricKeySpec): MaybePromise<Deposit>
  /** Makes a key pair. RSA, EC and Edwards curves; never on the event loop. */
  generateKeyPair(
    ids: { readonly privateKey: string; readonly publicKey: string },
    spec: KeyPairSpec,
  ): Promise<{ readonly privateKey: Deposit; readonly publicKey: Deposit }>
  /** Checks material that a client brought and takes it in. */
  deposit(objectId: string, object: ObjectValue): MaybePromise<Deposit>
  /** Material in the clear, in the form wanted. NotExtractable where it may not leave its module. */
  retrieve(key: HeldKey, wanted?: WantedForm): MaybePromise<ObjectValue>
  encrypt(key: HeldKey, parameters: CryptographicParameters, input: EncryptInput): MaybePromise<EncryptOutput>
  decrypt(key: HeldKey, parameters: CryptographicParameters, input: EncryptInput): MaybePromise<Buffer>
  /** Authenticates stored metadata, so that a changed row is noticed. */
  authenticate(metadata: Buffer): Buffer
  /** Whether `mac` is that of `metadata`, under the current or an older store key. */
  isAuthentic(metadata: Buffer, mac: Buffer): boolean
  /** Forgets cached material and destroys what a module holds. Called after the database has committed. */
  destroy(keys: readonly HeldKey[]): Promise<void>
}
