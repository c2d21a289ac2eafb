import type { Attribute } from '../protocol/attribute-instance.ts'
import type {
  CryptographicAlgorithm,
  DerivationMethod,
  EncodingOption,
  KeyCompressionType,
  KeyFormatType,
  ObjectType,
  RecommendedCurve,
  SecretDataType,
  SplitKeyMethod,
  ValidityIndicator,
} from '../protocol/enumerations.ts'
import type { CryptographicParameters } from '../protocol/structures/cryptographic-parameters.ts'
import type { ObjectValue } from '../protocol/structures/managed-objects.ts'
import type { Version } from '../schema/version.ts'
import type { Sealed } from './bytes.ts'
import type { CertificateKeeper } from './certificate-keeper.ts'
import type { Encapsulating } from './encapsulating.ts'
import type { MaybePromise } from './maybe-promise.ts'
import type { RngParameters } from './random-generator.ts'
import type { RecordKind } from './records.ts'
import type { Resealing } from './resealing.ts'

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
  /** The keys under which the material came and is kept, where it is to be unwrapped for this one use. */
  readonly wrappedUnder?: WrappingKeys
}

/** A key that wraps or unwraps others, and how. */
export type WrappingKey = { readonly key: HeldKey; readonly parameters: CryptographicParameters }

export type WrappingKeys = {
  readonly encryption: WrappingKey | undefined
  /** Makes or checks a MAC where it is a symmetric key, a signature otherwise. */
  readonly mac: WrappingKey | undefined
}

/** What goes into a PKCS#12 container (RFC 7292). */
export type ContainerKeys = {
  readonly privateKey: HeldKey | undefined
  /** The certificate of the key first, then the issuer of each. */
  readonly certificates: readonly HeldKey[]
  readonly friendlyName: string
}

/** What came out of one: the key in PKCS#8, and certificates in the same order. */
export type OpenedContainer = {
  readonly privateKey: ObjectValue
  readonly certificates: readonly ObjectValue[]
  readonly friendlyName: string | undefined
}

/** How a key is wrapped (1.4 section 2.1.6, 2.1 section 7.18). The keys that the method needs are there. */
export type Wrapping = {
  readonly method: 'Encrypt' | 'MACSign' | 'EncryptThenMACSign' | 'MACSignThenEncrypt'
  readonly keys: WrappingKeys
  /** TTLV Encoding where absent. */
  readonly encodingOption: EncodingOption | undefined
  /** Attributes to be wrapped together with the material. */
  readonly attributes: readonly Attribute[]
  /** The version in which the Key Value is encoded: it is the client who takes it out again. */
  readonly version: Version
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

/** How a key is derived (1.4 section 4.6, 2.1 sections 6.1.14 and 7.12). */
export type Derivation = {
  readonly method: DerivationMethod
  readonly parameters: CryptographicParameters
  readonly iv: Buffer | undefined
  /** Empty where none was given. */
  readonly data: readonly Buffer[]
  readonly salt: Buffer | undefined
  readonly iterationCount: number | undefined
}

/** What a derivation makes; lengths in bits. */
export type DerivedKeySpec =
  | {
      readonly objectType: 'SymmetricKey'
      readonly algorithm: CryptographicAlgorithm
      readonly length: number
    }
  | { readonly objectType: 'SecretData'; readonly length: number }

/** How a key is split (1.4 section 2.2.5, 2.1 section 2.8). */
export type SplitScheme = {
  readonly parts: number
  /** Parts that are needed to join the key. */
  readonly threshold: number
  readonly method: SplitKeyMethod
  /** Big Integer; the keystore chooses where it is absent. */
  readonly primeFieldSize: Buffer | undefined
}

/** What is split: a key that is held, or one that is made for it and kept nowhere. */
export type SplitSecret = { readonly held: HeldKey } | { readonly made: SymmetricKeySpec }

/** What Split Keys are joined to. Algorithm and length, in bits, are for parts that do not tell them. */
export type JoinedKeySpec = {
  readonly objectType: ObjectType
  readonly secretDataType: SecretDataType | number | undefined
  readonly algorithm: CryptographicAlgorithm | number | undefined
  readonly length: number | undefined
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

/** What is signed: one of the two. */
export type SignedInput = { readonly data: Buffer | undefined; readonly digested: Buffer | undefined }

export type Verdict = {
  readonly validity: ValidityIndicator
  /** What the signature itself holds, where it is checked against nothing. */
  readonly recovered: Buffer | undefined
}

/** Data to be encrypted or decrypted in parts. */
export type CipherStart = {
  readonly operation: 'Encrypt' | 'Decrypt'
  readonly key: HeldKey
  readonly parameters: CryptographicParameters
  readonly ivCounterNonce: Buffer | undefined
  readonly additionalData: Buffer | undefined
  /** Of Decrypt. */
  readonly tag: Buffer | undefined
}

/** Data to be signed, authenticated or verified in parts. */
export type ProofStart = {
  readonly operation: 'Sign' | 'SignatureVerify' | 'MAC' | 'MACVerify'
  readonly key: HeldKey
  readonly parameters: CryptographicParameters
}

export type HashStart = { readonly operation: 'Hash'; readonly parameters: CryptographicParameters }

/** What a computation over parts of data begins with. */
export type StreamStart = CipherStart | ProofStart | HashStart

export type StreamedOperation = StreamStart['operation']

/** What the last part gives. */
export type StreamEnd = {
  /** The rest of what Encrypt and Decrypt make; a signature, a MAC, a digest. */
  readonly data?: Buffer | undefined
  readonly tag?: Buffer | undefined
  /** Of what is verified. */
  readonly validity?: ValidityIndicator
}

/**
 * A computation over data that comes in parts, one after the other; how it is kept meanwhile is the keystore's own
 * affair. After an error it is of no use.
 */
export type DataStream = {
  /** Bytes of data that are held until more comes. */
  readonly held: number
  /** Whether all data is held until the last part. */
  readonly gathers: boolean
  /** Set where the server chose it. */
  readonly ivCounterNonce?: Buffer | undefined
  /** Takes in more data; gives what comes of it before the end. Nothing of `data` is kept but copies. */
  update(data: Buffer): MaybePromise<Buffer>
  /** @param proof - the signature or MAC that is verified */
  finish(proof?: Buffer): MaybePromise<StreamEnd>
  /** Forgets what is held, whether it has been finished or not. */
  close(): void
}

/** What sealed bytes of a record are bound to: put into another record, they do not open. */
export type RecordPlace = { readonly kind: RecordKind; readonly id: string }

type Besides = CertificateKeeper & Encapsulating & Resealing

/**
 * Holds and uses key material. Implementations: software, and PKCS#11 modules. Nothing here returns material except
 * `retrieve`. Every failure of opening or decrypting is one and the same CryptographicFailure to the outside.
 * @throws KmipError with the reasons of the operation concerned
 */
export type KeyStore = Besides & {
  /** The random number generator that makes key material here. */
  readonly generator: RngParameters
  /** Makes a symmetric key for the object `objectId`. InvalidField for lengths the algorithm does not have. */
  generateKey(objectId: string, spec: SymmetricKeySpec): MaybePromise<Deposit>
  /** Makes a key pair. RSA, EC and Edwards curves; never on the event loop. */
  generateKeyPair(
    ids: { readonly privateKey: string; readonly publicKey: string },
    spec: KeyPairSpec,
  ): Promise<{ readonly privateKey: Deposit; readonly publicKey: Deposit }>
  /** Derives a key or Secret Data from others, in the order in which the client named them. */
  derive(
    objectId: string,
    sources: readonly HeldKey[],
    derivation: Derivation,
    spec: DerivedKeySpec,
  ): MaybePromise<Deposit>
  /** Splits a key into Split Keys, one for each of the objects `ids`. */
  split(ids: readonly string[], secret: SplitSecret, scheme: SplitScheme): MaybePromise<readonly Deposit[]>
  /** Joins Split Keys. CryptographicFailure where they are too few, or do not belong together. */
  join(objectId: string, parts: readonly HeldKey[], wanted: JoinedKeySpec): MaybePromise<Deposit>
  /** Checks material that a client brought and takes it in, in place of what the object had before. */
  deposit(objectId: string, object: ObjectValue, replaced?: HeldKey): MaybePromise<Deposit>
  /** Material in the clear, in the form wanted. NotExtractable where it may not leave its module. */
  retrieve(key: HeldKey, wanted?: WantedForm): MaybePromise<ObjectValue>
  /** Material as it leaves wrapped, in the form wanted. EncodingOptionError for a structure without an encoding. */
  wrap(key: HeldKey, wanted: WantedForm, wrapping: Wrapping): MaybePromise<ObjectValue>
  /** The object in the clear that a client brings wrapped under keys that are held. */
  unwrap(object: ObjectValue, keys: WrappingKeys): MaybePromise<ObjectValue>
  /** A PKCS#12 container under a password that is held. BadPassword where `password` is none. */
  sealContainer(keys: ContainerKeys, password: HeldKey): Promise<Buffer>
  /** Opens a PKCS#12 container: the private key called `friendlyName`, or else the first one. BadPassword. */
  openContainer(container: Buffer, password: HeldKey, friendlyName: string | undefined): Promise<OpenedContainer>
  encrypt(key: HeldKey, parameters: CryptographicParameters, input: EncryptInput): MaybePromise<EncryptOutput>
  decrypt(key: HeldKey, parameters: CryptographicParameters, input: EncryptInput): MaybePromise<Buffer>
  sign(key: HeldKey, parameters: CryptographicParameters, input: SignedInput): MaybePromise<Buffer>
  /** A signature that is wrong is no failure. */
  verify(
    key: HeldKey,
    parameters: CryptographicParameters,
    input: SignedInput,
    signature: Buffer,
  ): MaybePromise<Verdict>
  mac(key: HeldKey, parameters: CryptographicParameters, data: Buffer): MaybePromise<Buffer>
  /** Compares in a time that does not depend on where the two differ. */
  isMac(key: HeldKey, parameters: CryptographicParameters, data: Buffer, mac: Buffer): MaybePromise<boolean>
  hash(parameters: CryptographicParameters, data: Buffer): Buffer
  /** Begins what is done over parts. The buffers of `start` are its own from then on. */
  beginStream(start: StreamStart): MaybePromise<DataStream>
  random(length: number): MaybePromise<Buffer>
  /** Mixes material of a client into what `random` gives. Answers the bytes that were used. */
  seedRandom(material: Buffer): MaybePromise<number>
  /** Seals what is secret of a record: one encoded structure. */
  sealRecord(place: RecordPlace, clear: Buffer): Sealed
  /** Opens what `sealRecord` has made for the same record. CryptographicFailure, whatever is wrong. */
  openRecord(place: RecordPlace, sealed: Sealed): Buffer
  /** Authenticates stored metadata, so that a changed row is noticed. */
  authenticate(metadata: Buffer): Buffer
  /** Whether `mac` is that of `metadata`, under the current or an older store key. */
  isAuthentic(metadata: Buffer, mac: Buffer): boolean
  /** Forgets cached material and destroys what a module holds. Called after the database has committed. */
  destroy(keys: readonly HeldKey[]): Promise<void>
}
