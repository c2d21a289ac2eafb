import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import type { CryptographicAlgorithm, KeyFormatType } from '../../../protocol/enumerations.ts'
import { KmipError } from '../../../protocol/kmip-error.ts'
import type { KeyMaterial, TransparentKeyMaterial } from '../../../protocol/structures/key-block.ts'
import { HYBRID } from '../../quantum-keys.ts'
import { type AsymmetricKey, describeKey } from './asymmetric-key.ts'
import { isOneSequence, MAX_KEY_BYTES } from './der.ts'
import { ecPrivateKey, ecPublicKey, isConsistent } from './ec.ts'
import { finiteFieldKey, finiteFieldProblem } from './finite-field.ts'
import { hybridKey } from './hybrid.ts'
import { isQuantumPair, seedKey } from './quantum.ts'
import { rawKey } from './raw-key.ts'
import { isRsaPrivateStructure, pkcs1PublicKey, rsaPrivateKey, rsaProblem, rsaPublicKey } from './rsa.ts'

/** `kept`: the material is stored as it came, since its encoding hides the key from the server. */
export type ReadKey = AsymmetricKey | 'kept'

type Kind = 'PublicKey' | 'PrivateKey'
/** {@link parseKey} or {@link readKey}. */
export type ReadMaterial = (
  kind: Kind,
  format: KeyFormatType,
  material: KeyMaterial,
  /** What the Key Block says: Raw bytes do not tell what they are. */
  algorithm?: CryptographicAlgorithm | number,
) => ReadKey

type Encoding = 'pkcs1' | 'pkcs8' | 'sec1'

const refuse = (problem: string, cause?: unknown): KmipError => new KmipError('InvalidField', problem, { cause })

const attempt = <T>(parse: () => T): T | Error => {
  try {
    return parse()
  } catch (error) {
    return error instanceof Error ? error : new Error('not a key')
  }
}

const isEncrypted = (error: Error): boolean => 'code' in error && error.code === 'ERR_MISSING_PASSPHRASE'

type Encodings = {
  /** The encodings to try, the one that the format names first: clients have been seen to confuse them. */
  readonly order: readonly Encoding[]
  /** What the key has to be: the library reads other encodings as well, whatever it is asked for. */
  readonly fits: (key: KeyObject, der: Buffer) => boolean
}

const PRIVATE_ENCODINGS: Readonly<Partial<Record<KeyFormatType, Encodings>>> = {
  PKCS_1: {
    order: ['pkcs1'],
    fits: (key, der) => key.asymmetricKeyType === 'rsa' && key.export({ format: 'der', type: 'pkcs1' }).equals(der),
  },
  PKCS_8: { order: ['pkcs8', 'sec1', 'pkcs1'], fits: () => true },
  ECPrivateKey: { order: ['sec1', 'pkcs8'], fits: (key) => key.asymmetricKeyType === 'ec' },
}

const readPrivateDer = (der: Buffer, { order, fits }: Encodings): KeyObject | 'kept' => {
  let problem: Error | undefined
  for (const type of order) {
    const key = attempt(() => createPrivateKey({ key: der, format: 'der', type }))
    if (!(key instanceof Error)) {
      if (fits(key, der)) return key
      throw refuse('The private key is not encoded as its Key Format Type says')
    }
    // EncryptedPrivateKeyInfo is one of the two things that PKCS#8 stands for (1.4 section 2.1.3, 2.1 section 11.25).
    if (isEncrypted(key)) return 'kept'
    problem ??= key
  }
  throw refuse('The private key is not encoded as its Key Format Type says', problem)
}

const readPkcs1Public = (der: Buffer): KeyObject => {
  // The library would take the public part of a private key.
  const key = attempt(() => createPrivateKey({ key: der, format: 'der', type: 'pkcs1' }))
  if (!(key instanceof Error)) throw new Error('a private key')
  return pkcs1PublicKey(der)
}

const readSpki = (der: Buffer): KeyObject => createPublicKey({ key: der, format: 'der', type: 'spki' })

const readPublicDer = (der: Buffer, read: (der: Buffer) => KeyObject): KeyObject => {
  const key = attempt(() => read(der))
  if (!(key instanceof Error)) return key
  throw refuse('The public key is not encoded as its Key Format Type says', key)
}

const readDer = (kind: Kind, format: KeyFormatType, der: Buffer): KeyObject | 'kept' => {
  const encodings = kind === 'PrivateKey' ? PRIVATE_ENCODINGS[format] : undefined
  if (encodings === undefined && (kind === 'PrivateKey' || (format !== 'PKCS_1' && format !== 'X_509'))) return 'kept'
  if (der.length > MAX_KEY_BYTES || !isOneSequence(der)) throw refuse('The key is not one DER encoding')
  if (encodings !== undefined) return readPrivateDer(der, encodings)
  return readPublicDer(der, format === 'PKCS_1' ? readPkcs1Public : readSpki)
}

const readEc = (material: TransparentKeyMaterial): KeyObject | undefined => {
  const { recommendedCurve, d, qString } = material
  if (recommendedCurve === undefined) return undefined
  if (d !== undefined) return ecPrivateKey(recommendedCurve, d)
  return qString === undefined ? undefined : ecPublicKey(recommendedCurve, qString)
}

type StructureReader = (material: TransparentKeyMaterial) => KeyObject | 'kept' | undefined

const readRsaPrivate: StructureReader = (material) =>
  isRsaPrivateStructure(material) ? (rsaPrivateKey(material) ?? 'kept') : undefined

const readRsaPublic: StructureReader = ({ modulus, publicExponent }) =>
  modulus === undefined || publicExponent === undefined ? undefined : rsaPublicKey(modulus, publicExponent)

const readDsa: StructureReader = (material) => finiteFieldKey('dsa', material)
const readDh: StructureReader = (material) => finiteFieldKey('dh', material)

const STRUCTURES: Readonly<Partial<Record<KeyFormatType, StructureReader>>> = {
  TransparentRSAPrivateKey: readRsaPrivate,
  TransparentRSAPublicKey: readRsaPublic,
  TransparentDSAPrivateKey: readDsa,
  TransparentDSAPublicKey: readDsa,
  TransparentDHPrivateKey: readDh,
  TransparentDHPublicKey: readDh,
  TransparentECPrivateKey: readEc,
  TransparentECPublicKey: readEc,
  TransparentECDSAPrivateKey: readEc,
  TransparentECDSAPublicKey: readEc,
  TransparentECDHPrivateKey: readEc,
  TransparentECDHPublicKey: readEc,
  TransparentECMQVPrivateKey: readEc,
  TransparentECMQVPublicKey: readEc,
}

const readStructure = (format: KeyFormatType, material: TransparentKeyMaterial): KeyObject | 'kept' => {
  const key = attempt(() => STRUCTURES[format]?.(material))
  if (key instanceof Error || key === undefined) throw refuse('The key structure holds no possible key', key)
  return key
}

/** The algorithm that the older names of the Transparent EC formats tell (1.4 sections 2.1.7.8 to 2.1.7.13). */
const ALGORITHM_OF_FORMAT: Readonly<Partial<Record<KeyFormatType, CryptographicAlgorithm>>> = {
  TransparentECDSAPrivateKey: 'ECDSA',
  TransparentECDSAPublicKey: 'ECDSA',
  TransparentECDHPrivateKey: 'ECDH',
  TransparentECDHPublicKey: 'ECDH',
  TransparentECMQVPrivateKey: 'ECMQV',
  TransparentECMQVPublicKey: 'ECMQV',
}

const problemOf = (key: AsymmetricKey): string | undefined => {
  const { family, keyObject, curve } = key
  if (family === 'rsa') return rsaProblem(keyObject)
  if (family === 'dsa' || family === 'dh') return finiteFieldProblem(keyObject)
  if (family === 'quantum' && !isQuantumPair(keyObject)) return 'the parts of the private key do not belong together'
  const wrong = family === 'ec' && curve !== undefined && !isConsistent(keyObject, curve)
  return wrong ? 'the public key is no point, or not that of the private key' : undefined
}

const readBytes = (
  kind: Kind,
  format: KeyFormatType,
  bytes: Buffer,
  algorithm: CryptographicAlgorithm | number | undefined,
): KeyObject | 'kept' => {
  if (format === 'Raw') return rawKey(kind, algorithm, bytes)
  return format === 'SeedPrivateKey' ? seedKey(algorithm, bytes) : readDer(kind, format, bytes)
}

/** Both halves in one string: there is no other form. */
const readHybrid = (kind: Kind, format: KeyFormatType, material: KeyMaterial): AsymmetricKey => {
  if (format === 'Raw' && Buffer.isBuffer(material)) return hybridKey(kind, material)
  throw refuse('Keys of this algorithm have no such Key Format Type')
}

const readMaterial = (...[kind, format, material, algorithm]: Parameters<ReadMaterial>): KeyObject | 'kept' => {
  if (!Buffer.isBuffer(material)) return readStructure(format, material)
  const read = attempt(() => readBytes(kind, format, material, algorithm))
  if (!(read instanceof Error)) return read
  throw read instanceof KmipError ? read : refuse('The key material is no possible key', read)
}

/**
 * Reads Key Material of a known format, without judging it: for keys that were checked when they were taken in.
 * @throws KmipError InvalidField
 */
export const parseKey: ReadMaterial = (kind, format, material, named) => {
  if (named === HYBRID.algorithm) return readHybrid(kind, format, material)
  const keyObject = readMaterial(kind, format, material, named)
  if (keyObject === 'kept') return keyObject
  const key = describeKey(keyObject)
  if (key === undefined) throw refuse('Keys of this algorithm or curve are not supported')
  const algorithm = ALGORITHM_OF_FORMAT[format]
  return algorithm === undefined ? key : { ...key, algorithm }
}

/**
 * As {@link parseKey}, and checks that the key can be one: that its numbers belong together.
 * @throws KmipError InvalidField
 */
export const readKey: ReadMaterial = (kind, format, material, algorithm) => {
  const key = parseKey(kind, format, material, algorithm)
  if (key === 'kept') return key
  const problem = attempt(() => problemOf(key))
  if (problem !== undefined) throw refuse('The key material is no possible key', problem)
  return key
}
