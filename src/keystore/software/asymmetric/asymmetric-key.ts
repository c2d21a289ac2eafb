import type { KeyObject } from 'node:crypto'
import type { CryptographicAlgorithm, RecommendedCurve } from '../../../protocol/enumerations.ts'
import { CURVES, curveOfName } from '../../mechanisms.ts'
import { QUANTUM_ALGORITHMS, quantumAlgorithm } from '../../quantum-keys.ts'
import { finiteFieldBits } from './finite-field.ts'

/** A key of a pair, with the facts that KMIP tells of it. */
export type AsymmetricKey = {
  readonly family: 'rsa' | 'ec' | 'edwards' | 'montgomery' | 'dsa' | 'dh' | 'quantum' | 'hybrid'
  readonly keyObject: KeyObject
  /** The other half of a key that is put together. */
  readonly partner?: KeyObject
  /** What it is called where the client names no algorithm. */
  readonly algorithm: CryptographicAlgorithm
  /** What it may be called. */
  readonly algorithms: readonly CryptographicAlgorithm[]
  /** Bits of the modulus or field. */
  readonly length: number
  readonly curve?: RecommendedCurve
  /** Bits of the subgroup's order (Qlength of Cryptographic Domain Parameters). */
  readonly qlength?: number
}

type Description = Omit<AsymmetricKey, 'keyObject'>

const EC_ALGORITHMS = ['EC', 'ECDSA', 'ECDH', 'ECMQV'] as const
const MONTGOMERY = { family: 'montgomery', algorithm: 'ECDH', algorithms: ['ECDH', 'EC'] } as const

const rsa = (key: KeyObject): Description | undefined => {
  const length = key.asymmetricKeyDetails?.modulusLength
  return length === undefined ? undefined : { family: 'rsa', algorithm: 'RSA', algorithms: ['RSA'], length }
}

const ec = (key: KeyObject): Description | undefined => {
  // Explicit parameters have no name: a curve of the client's own making is refused.
  const curve = curveOfName(key.asymmetricKeyDetails?.namedCurve ?? '')
  const length = curve === undefined ? undefined : CURVES.get(curve)?.bits
  if (curve === undefined || length === undefined) return undefined
  return { family: 'ec', algorithm: 'EC', algorithms: EC_ALGORITHMS, length, curve, qlength: length }
}

const dsa = (key: KeyObject): Description | undefined => {
  const { modulusLength, divisorLength } = key.asymmetricKeyDetails ?? {}
  if (modulusLength === undefined || divisorLength === undefined) return undefined
  return { family: 'dsa', algorithm: 'DSA', algorithms: ['DSA'], length: modulusLength, qlength: divisorLength }
}

const edwards = (algorithm: 'Ed25519' | 'Ed448', length: number) => (): Description => ({
  family: 'edwards',
  algorithm,
  algorithms: [algorithm],
  length,
})

/** The length is that of the public key: the standards name none. */
const quantum = (type: string): Description | undefined => {
  const algorithm = quantumAlgorithm(type)
  const known = algorithm === undefined ? undefined : QUANTUM_ALGORITHMS.get(algorithm)
  if (algorithm === undefined || known === undefined) return undefined
  return { family: 'quantum', algorithm, algorithms: [algorithm], length: known.publicBytes * 8 }
}

const DESCRIBE: Readonly<Record<string, (key: KeyObject) => Description | undefined>> = {
  rsa,
  'rsa-pss': rsa,
  ec,
  dsa,
  dh: (key) => ({ family: 'dh', algorithm: 'DH', algorithms: ['DH'], length: finiteFieldBits(key) }),
  // 2.1 section 4.15: the bits of the material, which are whole bytes here.
  ed25519: edwards('Ed25519', 256),
  ed448: edwards('Ed448', 456),
  x25519: () => ({ ...MONTGOMERY, length: 256, curve: 'CURVE25519' }),
  x448: () => ({ ...MONTGOMERY, length: 448, curve: 'CURVE448' }),
}

/** The facts of a key, or undefined where this server has no name for what it is. */
export const describeKey = (keyObject: KeyObject): AsymmetricKey | undefined => {
  const type = keyObject.asymmetricKeyType ?? ''
  const description = DESCRIBE[type]?.(keyObject) ?? quantum(type)
  return description === undefined ? undefined : { ...description, keyObject }
}
