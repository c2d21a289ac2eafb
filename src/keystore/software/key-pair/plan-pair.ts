import { generateKeyPair, type KeyObject } from 'node:crypto'
import type { KeyPairSpec } from '../../../domain/key-store.ts'
import type { CryptographicAlgorithm, RecommendedCurve } from '../../../protocol/enumerations.ts'
import type { MaybePromise } from '../../../domain/maybe-promise.ts'
import { KmipError } from '../../../protocol/kmip-error.ts'
import { CURVES, usualCurve } from '../../mechanisms.ts'
import { HYBRID, type LibraryName, QUANTUM_ALGORITHMS, securityCategory } from '../../quantum-keys.ts'
import type { RandomSource } from '../random/random-source.ts'
import type { Generator } from '../random/x931.ts'
import { makeDhPair, makeDsaPair, makeEcPair, makeOctetPair, makeSeededPair, type Pair } from './make-pair.ts'
import { makeRsaPair, RSA_EXPONENT } from './rsa-pair.ts'

declare module 'node:crypto' {
  // Documented since Node 13, and missing from its types.
  function generateKeyPair(
    type: 'dh',
    options: { readonly group: string },
    callback: (error: Error | null, publicKey: KeyObject, privateKey: KeyObject) => void,
  ): void
  // The types have an overload for each name, and none for all of them.
  function generateKeyPair(
    type: LibraryName | 'x25519',
    options: undefined,
    callback: (error: Error | null, publicKey: KeyObject, privateKey: KeyObject) => void,
  ): void
}

/** A pair that can be made: it has been checked, and nothing has been computed yet. */
export type PlannedPair = (random: RandomSource) => Promise<Pair>

type Plan = {
  /** By the library alone, with its own random numbers. */
  readonly library: () => Promise<Pair>
  /** With our generator. */
  readonly own: (generator: Generator) => MaybePromise<Pair>
}

const RSA_LENGTHS = { from: 1024, to: 8192, step: 8 } as const

/** FIPS 186-4 section 4.2: bits of P with those of Q. */
const DSA_DIVISORS: ReadonlyMap<number, number> = new Map([
  [1024, 160],
  [2048, 256],
  [3072, 256],
])

/** Groups of RFC 3526 by bits of P: safe primes, so that nothing has to be searched. */
const DH_GROUPS: ReadonlyMap<number, string> = new Map([
  [1536, 'modp5'],
  [2048, 'modp14'],
  [3072, 'modp15'],
  [4096, 'modp16'],
  [6144, 'modp17'],
  [8192, 'modp18'],
])

const refuse = (problem: string): KmipError => new KmipError('InvalidField', problem)

const settled = (start: (done: (error: Error | null, publicKey: KeyObject, privateKey: KeyObject) => void) => void) =>
  new Promise<Pair>((resolve, reject) => {
    start((error, publicKey, privateKey) => {
      if (error === null) resolve({ publicKey, privateKey })
      else reject(new KmipError('CryptographicFailure', 'The key pair could not be made', { cause: error }))
    })
  })

const withoutCurve = ({ curve }: KeyPairSpec): void => {
  if (curve !== undefined) throw refuse('The Cryptographic Algorithm has no curves')
}

const planRsa = (spec: KeyPairSpec): Plan => {
  withoutCurve(spec)
  const { from, to, step } = RSA_LENGTHS
  const modulusLength = spec.length ?? 2048
  if (modulusLength < from || modulusLength > to || modulusLength % step !== 0) {
    throw refuse('RSA keys of this length are not made')
  }
  return {
    library: () => settled((done) => generateKeyPair('rsa', { modulusLength, publicExponent: RSA_EXPONENT }, done)),
    own: (generator) => makeRsaPair(generator, modulusLength),
  }
}

const planDsa = (spec: KeyPairSpec): Plan => {
  withoutCurve(spec)
  const modulusLength = spec.length ?? 2048
  const divisorLength = DSA_DIVISORS.get(modulusLength)
  if (divisorLength === undefined) throw refuse('DSA keys of this length are not made')
  const library = () => settled((done) => generateKeyPair('dsa', { modulusLength, divisorLength }, done))
  return { library, own: async (generator) => makeDsaPair(generator, (await library()).privateKey) }
}

const planDh = (spec: KeyPairSpec): Plan => {
  withoutCurve(spec)
  const group = DH_GROUPS.get(spec.length ?? 2048)
  if (group === undefined) throw refuse('Diffie-Hellman keys of this length are not made')
  return {
    library: () => settled((done) => generateKeyPair('dh', { group }, done)),
    own: (generator) => makeDhPair(generator, group),
  }
}

const planCurve = (curve: RecommendedCurve, length: number | undefined): Plan => {
  const row = CURVES.get(curve)
  if (row === undefined) throw refuse('The Recommended Curve is not supported')
  if (curve === 'CURVE25519') return planX25519(length)
  if (curve === 'CURVE448') return planX448(length)
  if (length !== undefined && length !== row.bits) throw refuse('The length contradicts the Recommended Curve')
  return {
    library: () => settled((done) => generateKeyPair('ec', { namedCurve: row.name }, done)),
    own: (generator) => makeEcPair(generator, curve),
  }
}

const planEc = ({ curve, length }: KeyPairSpec): Plan => {
  const found = curve ?? (length === undefined ? undefined : usualCurve(length))
  if (found === undefined) throw refuse('The Recommended Curve is missing')
  return planCurve(found, length)
}

const checkFixed = (length: number | undefined, allowed: readonly number[]): void => {
  if (length !== undefined && !allowed.includes(length)) throw refuse('The length contradicts the curve')
}

const planX25519 = (length: number | undefined): Plan => {
  checkFixed(length, [256, 255])
  return {
    library: () => settled((done) => generateKeyPair('x25519', undefined, done)),
    own: (generator) => makeOctetPair(generator, 'x25519'),
  }
}

const planX448 = (length: number | undefined): Plan => {
  checkFixed(length, [448])
  return {
    library: () => settled((done) => generateKeyPair('x448', undefined, done)),
    own: (generator) => makeOctetPair(generator, 'x448'),
  }
}

/** Montgomery curves agree on keys and do not sign. */
const planEcdsa = (spec: KeyPairSpec): Plan => {
  if (spec.curve !== undefined && CURVES.get(spec.curve)?.field === 'none') throw refuse('The curve has no signatures')
  return planEc(spec)
}

/** A curve named along with an Edwards algorithm is the Montgomery form of the same curve, and tells nothing more. */
const planEd25519 = ({ curve, length }: KeyPairSpec): Plan => {
  if (curve !== undefined && curve !== 'CURVE25519') throw refuse('The algorithm has another curve')
  checkFixed(length, [256, 255])
  return {
    library: () => settled((done) => generateKeyPair('ed25519', undefined, done)),
    own: (generator) => makeOctetPair(generator, 'ed25519'),
  }
}

const planEd448 = ({ curve, length }: KeyPairSpec): Plan => {
  if (curve !== undefined && curve !== 'CURVE448') throw refuse('The algorithm has another curve')
  checkFixed(length, [456, 448])
  return {
    library: () => settled((done) => generateKeyPair('ed448', undefined, done)),
    own: (generator) => makeOctetPair(generator, 'ed448'),
  }
}

const checkSize = ({ length, algorithm }: KeyPairSpec, publicBytes: number): void => {
  if (length !== undefined && length !== publicBytes * 8) throw refuse('The algorithm has keys of one length only')
  if (securityCategory(algorithm) === undefined) throw refuse('Key pairs of this Cryptographic Algorithm are not made')
}

/** SLH-DSA keys are made by the library alone: it takes no seed. */
const planQuantum = (spec: KeyPairSpec): Plan => {
  withoutCurve(spec)
  const known = QUANTUM_ALGORITHMS.get(spec.algorithm)
  if (known === undefined) throw refuse('Key pairs of this Cryptographic Algorithm are not made')
  checkSize(spec, known.publicBytes)
  const library = () => generated(known.name)
  const { seedBytes } = known
  return {
    library,
    own: (generator) => (seedBytes === undefined ? library() : makeSeededPair(generator, spec.algorithm, seedBytes)),
  }
}

const joined = ({ publicKey, privateKey }: Pair, partners: Pair): Pair => ({ publicKey, privateKey, partners })

const planHybrid = (spec: KeyPairSpec): Plan => {
  withoutCurve(spec)
  checkSize(spec, HYBRID.publicBytes)
  return {
    library: async () => joined(await generated('ml-kem-768'), await generated('x25519')),
    own: (generator) => joined(makeSeededPair(generator, 'ML_KEM_768', 64), makeOctetPair(generator, 'x25519')),
  }
}

const generated = (name: LibraryName | 'x25519'): Promise<Pair> =>
  settled((done) => generateKeyPair(name, undefined, done))

const PLANS: ReadonlyMap<CryptographicAlgorithm, (spec: KeyPairSpec) => Plan> = new Map<
  CryptographicAlgorithm,
  (spec: KeyPairSpec) => Plan
>([
  ['RSA', planRsa],
  ['DSA', planDsa],
  ['DH', planDh],
  ['EC', planEc],
  ['ECDSA', planEcdsa],
  ['ECDH', planEc],
  ['Ed25519', planEd25519],
  ['Ed448', planEd448],
  [HYBRID.algorithm, planHybrid],
  ...[...QUANTUM_ALGORITHMS.keys()].map((algorithm) => [algorithm, planQuantum] as const),
])

/** Algorithms of key pairs that are made. */
export const KEY_PAIR_ALGORITHMS: ReadonlySet<CryptographicAlgorithm> = new Set(PLANS.keys())

/**
 * Checks what a key pair is to be (1.4 section 4.2, 2.1 section 6.1.9). Making it may take seconds, off the event loop.
 * @throws KmipError InvalidField
 */
export const planKeyPair = (spec: KeyPairSpec): PlannedPair => {
  const plan = PLANS.get(spec.algorithm)
  if (plan === undefined) throw refuse('Key pairs of this Cryptographic Algorithm are not made')
  const { library, own } = plan(spec)
  return async ({ open }) => {
    if (open === undefined) return library()
    const generator = open()
    try {
      return await own(generator)
    } finally {
      generator.close()
    }
  }
}
