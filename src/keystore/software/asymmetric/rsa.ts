import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { RSAPrivateKey, RSAPublicKey } from '@peculiar/asn1-rsa'
import { AsnConvert } from '@peculiar/asn1-schema'
import type { TransparentKeyMaterial } from '../../../protocol/structures/key-block.ts'
import { arrayBuffer } from './der.ts'
import { fromBigInt, inverse, toBigInt, toInteger } from './big-integer.ts'

type Numbers = { readonly n: bigint; readonly e: bigint }
type PrivateNumbers = Numbers & { readonly d: bigint; readonly p: bigint; readonly q: bigint }

const MIN_BITS = 512
const MAX_BITS = 16_384

/** The parts of a private key in the order of PKCS#1, as Big Integers. */
const privateParts = (key: KeyObject): RSAPrivateKey =>
  AsnConvert.parse(key.export({ format: 'der', type: 'pkcs1' }), RSAPrivateKey)

const publicParts = (key: KeyObject): RSAPublicKey =>
  AsnConvert.parse(key.export({ format: 'der', type: 'pkcs1' }), RSAPublicKey)

export const rsaStructure = (key: KeyObject): TransparentKeyMaterial => {
  if (key.type === 'public') {
    const { modulus, publicExponent } = publicParts(key)
    return { modulus: Buffer.from(modulus), publicExponent: Buffer.from(publicExponent) }
  }
  const parts = privateParts(key)
  return {
    modulus: Buffer.from(parts.modulus),
    privateExponent: Buffer.from(parts.privateExponent),
    publicExponent: Buffer.from(parts.publicExponent),
    p: Buffer.from(parts.prime1),
    q: Buffer.from(parts.prime2),
    primeExponentP: Buffer.from(parts.exponent1),
    primeExponentQ: Buffer.from(parts.exponent2),
    crtCoefficient: Buffer.from(parts.coefficient),
  }
}

const checkPublic = ({ n, e }: Numbers): string | undefined => {
  const bits = n.toString(2).length
  if (bits < MIN_BITS || bits > MAX_BITS) return 'an RSA modulus of that size is not supported'
  if (n % 2n === 0n) return 'the RSA modulus is even'
  return e < 3n || e % 2n === 0n || e >= n ? 'the RSA public exponent is not possible' : undefined
}

const checkPrivate = (parts: RSAPrivateKey): string | undefined => {
  const number = (value: ArrayBuffer): bigint => toBigInt(Buffer.from(value))
  const [n, e, d] = [number(parts.modulus), number(parts.publicExponent), number(parts.privateExponent)]
  const [p, q] = [number(parts.prime1), number(parts.prime2)]
  if (parts.otherPrimeInfos !== undefined) return 'RSA keys of more than two primes are not supported'
  if (p <= 2n || q <= 2n || p === q || p * q !== n) return 'the RSA primes do not make the modulus'
  if ((e * d) % (p - 1n) !== 1n || (e * d) % (q - 1n) !== 1n) return 'the RSA exponents do not belong together'
  const fits =
    number(parts.exponent1) === d % (p - 1n) &&
    number(parts.exponent2) === d % (q - 1n) &&
    (number(parts.coefficient) * q) % p === 1n
  return fits ? undefined : 'the RSA CRT values do not belong to the key'
}

/** What is wrong with an RSA key: the library takes any numbers. Undefined where nothing is. */
export const rsaProblem = (key: KeyObject): string | undefined => {
  // An RSASSA-PSS key has no PKCS#1 form of its own; its numbers come from an RSA key all the same.
  if (key.asymmetricKeyType !== 'rsa') return undefined
  if (key.type === 'private') {
    const parts = privateParts(key)
    const [n, e] = [Buffer.from(parts.modulus), Buffer.from(parts.publicExponent)]
    return checkPublic({ n: toBigInt(n), e: toBigInt(e) }) ?? checkPrivate(parts)
  }
  const { modulus, publicExponent } = publicParts(key)
  return checkPublic({ n: toBigInt(Buffer.from(modulus)), e: toBigInt(Buffer.from(publicExponent)) })
}

const known = (value: Buffer | undefined): bigint | undefined => (value === undefined ? undefined : toBigInt(value))

/**
 * Fills in what two primes and one exponent tell (1.4 section 2.1.7.4, 2.1 section 3.7); undefined where they are not
 * there.
 * @throws Error where they are no primes
 */
const complete = (material: TransparentKeyMaterial): PrivateNumbers | undefined => {
  const [n, p, q] = [known(material.modulus), known(material.p), known(material.q)]
  if (n === undefined || p === undefined || q === undefined) return undefined
  if (p <= 2n || q <= 2n) throw new Error('an RSA prime is too small')
  const [givenE, givenD] = [known(material.publicExponent), known(material.privateExponent)]
  const phi = (p - 1n) * (q - 1n)
  const e = givenE ?? (givenD === undefined ? undefined : inverse(givenD, phi))
  const d = givenD ?? (givenE === undefined ? undefined : inverse(givenE, phi))
  return e === undefined || d === undefined ? undefined : { n, e, d, p, q }
}

const given = (value: Buffer | undefined, computed: bigint): ArrayBuffer =>
  arrayBuffer(value === undefined ? fromBigInt(computed) : toInteger(value))

/** Whether the structure has what its rule demands: the exponent, the primes, or their exponents. */
export const isRsaPrivateStructure = ({
  privateExponent,
  p,
  q,
  primeExponentP,
  primeExponentQ,
}: TransparentKeyMaterial) =>
  privateExponent !== undefined ||
  (p !== undefined && q !== undefined) ||
  (primeExponentP !== undefined && primeExponentQ !== undefined)

/**
 * The key of a Transparent RSA Private Key, or undefined where its primes are not there: such a key is kept, but cannot
 * be expressed in another format.
 */
export const rsaPrivateKey = (material: TransparentKeyMaterial): KeyObject | undefined => {
  const numbers = complete(material)
  if (numbers === undefined) return undefined
  const { n, e, d, p, q } = numbers
  const key = new RSAPrivateKey({
    version: 0,
    modulus: arrayBuffer(fromBigInt(n)),
    publicExponent: arrayBuffer(fromBigInt(e)),
    privateExponent: arrayBuffer(fromBigInt(d)),
    prime1: arrayBuffer(fromBigInt(p)),
    prime2: arrayBuffer(fromBigInt(q)),
    exponent1: given(material.primeExponentP, d % (p - 1n)),
    exponent2: given(material.primeExponentQ, d % (q - 1n)),
    coefficient: given(material.crtCoefficient, inverse(q, p) ?? 0n),
  })
  return createPrivateKey({ key: Buffer.from(AsnConvert.serialize(key)), format: 'der', type: 'pkcs1' })
}

/**
 * A public key from its PKCS#1 form. The library (Node 24.21) cannot write PKCS#1 of a key that it read from PKCS#1; it
 * can after a detour over SubjectPublicKeyInfo.
 * @throws Error where it is none
 */
export const pkcs1PublicKey = (der: Buffer): KeyObject => {
  const key = createPublicKey({ key: der, format: 'der', type: 'pkcs1' })
  return createPublicKey({ key: key.export({ format: 'der', type: 'spki' }), format: 'der', type: 'spki' })
}

export const rsaPublicKey = (modulus: Buffer, publicExponent: Buffer): KeyObject => {
  const key = new RSAPublicKey({
    modulus: arrayBuffer(toInteger(modulus)),
    publicExponent: arrayBuffer(toInteger(publicExponent)),
  })
  return pkcs1PublicKey(Buffer.from(AsnConvert.serialize(key)))
}
