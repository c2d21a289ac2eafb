import { CRYPTOGRAPHIC_ALGORITHM, type CryptographicAlgorithm, type ObjectType } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { type AttributeSet, valueOf } from './attribute-set.ts'

/** Algorithms of public keys that no known quantum algorithm breaks. */
const SAFE_PAIRS: ReadonlySet<CryptographicAlgorithm | number> = new Set<CryptographicAlgorithm | number>([
  ...CRYPTOGRAPHIC_ALGORITHM.names.filter((name) => /^(ML_KEM|ML_DSA|SLH_DSA)_|MLKEM768$/.test(name)),
  'XMSS',
  'SPHINCS_256',
  'McEliece',
  'McEliece_6960119',
  'McEliece_8192128',
])

/** Bits: a search by Grover's algorithm halves the strength of a symmetric key. */
const SAFE_LENGTH = 256

const isSafe = (set: AttributeSet, objectType: ObjectType): boolean => {
  const algorithm = valueOf(set, 'CryptographicAlgorithm')
  const length = valueOf(set, 'CryptographicLength')
  if (algorithm === undefined || length === undefined) return true
  return objectType === 'SymmetricKey' ? length >= SAFE_LENGTH : SAFE_PAIRS.has(algorithm)
}

/**
 * A client that requires an object to be Quantum Safe is refused what is known not to be (2.1 section 4.45).
 * @throws KmipError GeneralFailure, for which the standard has no better word
 */
export const checkQuantumSafe = (set: AttributeSet, objectType: ObjectType): void => {
  if (valueOf(set, 'QuantumSafe') !== true || isSafe(set, objectType)) return
  throw new KmipError('GeneralFailure', 'The object would not be quantum safe')
}
