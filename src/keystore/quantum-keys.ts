import type { CryptographicAlgorithm } from '../protocol/enumerations.ts'

/** What there is to know of an algorithm that no known quantum computer breaks. */
export type QuantumAlgorithm = {
  /** The library's name. */
  readonly name: LibraryName
  readonly use: 'kem' | 'signature'
  /** Object identifier (RFC 9881, RFC 9909, RFC 9935). */
  readonly oid: string
  /** Bytes of a public key, and of a private key as the standard encodes it. */
  readonly publicBytes: number
  readonly privateBytes: number
  /** Bytes from which a key pair is made again, where the library takes them. */
  readonly seedBytes?: number
  /** Security category of NIST (FIPS 203 section 8, FIPS 204 section 4, FIPS 205 section 11). */
  readonly category: number
}

export type LibraryName =
  `ml-kem-${512 | 768 | 1024}` | `ml-dsa-${44 | 65 | 87}` | `slh-dsa-${'sha2' | 'shake'}-${128 | 192 | 256}${'s' | 'f'}`

/** nistAlgorithms. */
const NIST = '2.16.840.1.101.3.4'

type Sizes = readonly [publicBytes: number, privateBytes: number]

const kem = (
  name: LibraryName,
  arc: number,
  [publicBytes, privateBytes]: Sizes,
  category: number,
): QuantumAlgorithm => ({
  name,
  use: 'kem',
  oid: `${NIST}.4.${arc}`,
  publicBytes,
  privateBytes,
  seedBytes: 64,
  category,
})

const dsa = (
  name: LibraryName,
  arc: number,
  [publicBytes, privateBytes]: Sizes,
  category: number,
): QuantumAlgorithm => ({
  name,
  use: 'signature',
  oid: `${NIST}.3.${arc}`,
  publicBytes,
  privateBytes,
  seedBytes: 32,
  category,
})

/** `n` of FIPS 205 table 2, in bytes. */
const slh = (name: LibraryName, arc: number, n: number, category: number): QuantumAlgorithm => ({
  name,
  use: 'signature',
  oid: `${NIST}.3.${arc}`,
  publicBytes: 2 * n,
  privateBytes: 4 * n,
  category,
})

/** FIPS 203 table 3, FIPS 204 table 2, FIPS 205 table 2. */
export const QUANTUM_ALGORITHMS: ReadonlyMap<CryptographicAlgorithm, QuantumAlgorithm> = new Map([
  ['ML_KEM_512', kem('ml-kem-512', 1, [800, 1632], 1)],
  ['ML_KEM_768', kem('ml-kem-768', 2, [1184, 2400], 3)],
  ['ML_KEM_1024', kem('ml-kem-1024', 3, [1568, 3168], 5)],
  ['ML_DSA_44', dsa('ml-dsa-44', 17, [1312, 2560], 2)],
  ['ML_DSA_65', dsa('ml-dsa-65', 18, [1952, 4032], 3)],
  ['ML_DSA_87', dsa('ml-dsa-87', 19, [2592, 4896], 5)],
  ['SLH_DSA_SHA2_128s', slh('slh-dsa-sha2-128s', 20, 16, 1)],
  ['SLH_DSA_SHA2_128f', slh('slh-dsa-sha2-128f', 21, 16, 1)],
  ['SLH_DSA_SHA2_192s', slh('slh-dsa-sha2-192s', 22, 24, 3)],
  ['SLH_DSA_SHA2_192f', slh('slh-dsa-sha2-192f', 23, 24, 3)],
  ['SLH_DSA_SHA2_256s', slh('slh-dsa-sha2-256s', 24, 32, 5)],
  ['SLH_DSA_SHA2_256f', slh('slh-dsa-sha2-256f', 25, 32, 5)],
  ['SLH_DSA_SHAKE_128s', slh('slh-dsa-shake-128s', 26, 16, 1)],
  ['SLH_DSA_SHAKE_128f', slh('slh-dsa-shake-128f', 27, 16, 1)],
  ['SLH_DSA_SHAKE_192s', slh('slh-dsa-shake-192s', 28, 24, 3)],
  ['SLH_DSA_SHAKE_192f', slh('slh-dsa-shake-192f', 29, 24, 3)],
  ['SLH_DSA_SHAKE_256s', slh('slh-dsa-shake-256s', 30, 32, 5)],
  ['SLH_DSA_SHAKE_256f', slh('slh-dsa-shake-256f', 31, 32, 5)],
])

const BY_NAME: ReadonlyMap<string, CryptographicAlgorithm> = new Map(
  [...QUANTUM_ALGORITHMS].map(([algorithm, { name }]) => [name, algorithm]),
)

/** The algorithm that the library calls `name`. */
export const quantumAlgorithm = (name: string): CryptographicAlgorithm | undefined => BY_NAME.get(name)

/**
 * ML-KEM-768 and X25519 side by side (draft-ietf-tls-ecdhe-mlkem): keys, ciphertexts and secrets are those of ML-KEM with
 * those of X25519 behind them. The private key is kept as the seed of ML-KEM.
 */
export const HYBRID = {
  algorithm: 'X25519MLKEM768',
  publicBytes: 1184 + 32,
  privateBytes: 64 + 32,
  ciphertextBytes: 1088 + 32,
  category: 3,
} as const satisfies { readonly algorithm: CryptographicAlgorithm } & Record<string, unknown>

/** The NIST security category of keys of an algorithm (3.0 section 4.39). */
export const securityCategory = (algorithm: CryptographicAlgorithm | number | undefined): number | undefined => {
  if (typeof algorithm !== 'string') return undefined
  return algorithm === HYBRID.algorithm ? HYBRID.category : QUANTUM_ALGORITHMS.get(algorithm)?.category
}
