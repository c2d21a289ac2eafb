import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { PrivateKey, PrivateKeyInfo, Version } from '@peculiar/asn1-pkcs8'
import {
  AsnConvert,
  AsnIntegerArrayBufferConverter,
  AsnProp,
  AsnPropTypes,
  AsnType,
  AsnTypeTypes,
} from '@peculiar/asn1-schema'
import { AlgorithmIdentifier, SubjectPublicKeyInfo } from '@peculiar/asn1-x509'
import type { TransparentKeyMaterial } from '../../../protocol/structures/key-block.ts'
import { bitLength, power, toBigInt, toInteger } from './big-integer.ts'
import { arrayBuffer } from './der.ts'

/*
 * DSA and Diffie-Hellman keys. Classes, because the ASN.1 library wants them; decorators are applied as the functions
 * they are, since the runtime does not know their syntax.
 */

const DSA = '1.2.840.10040.4.1'
const PKCS3_DH = '1.2.840.113549.1.3.1'

const EMPTY = new ArrayBuffer(0)
const INTEGER = { type: AsnPropTypes.Integer, converter: AsnIntegerArrayBufferConverter } as const

/** Dss-Parms (RFC 3279 section 2.3.2). */
class DsaParameters {
  p = EMPTY
  q = EMPTY
  g = EMPTY
}
AsnType({ type: AsnTypeTypes.Sequence })(DsaParameters)
AsnProp(INTEGER)(DsaParameters.prototype, 'p')
AsnProp(INTEGER)(DsaParameters.prototype, 'q')
AsnProp(INTEGER)(DsaParameters.prototype, 'g')

/** DHParameter (PKCS#3 section 9). */
class DhParameters {
  p = EMPTY
  g = EMPTY
  privateValueLength?: number
}
AsnType({ type: AsnTypeTypes.Sequence })(DhParameters)
AsnProp(INTEGER)(DhParameters.prototype, 'p')
AsnProp(INTEGER)(DhParameters.prototype, 'g')
AsnProp({ type: AsnPropTypes.Integer, optional: true })(DhParameters.prototype, 'privateValueLength')

/** A lone INTEGER: the key itself. */
class KeyNumber {
  value = EMPTY
}
AsnType({ type: AsnTypeTypes.Choice })(KeyNumber)
AsnProp(INTEGER)(KeyNumber.prototype, 'value')

type Domain = { readonly p: Buffer; readonly q: Buffer | undefined; readonly g: Buffer }

const integer = (bytes: Buffer): ArrayBuffer => arrayBuffer(toInteger(bytes))

const algorithmOf = ({ p, q, g }: Domain): AlgorithmIdentifier => {
  const parameters = q === undefined ? new DhParameters() : Object.assign(new DsaParameters(), { q: integer(q) })
  parameters.p = integer(p)
  parameters.g = integer(g)
  const algorithm = q === undefined ? PKCS3_DH : DSA
  return new AlgorithmIdentifier({ algorithm, parameters: AsnConvert.serialize(parameters) })
}

const numberDer = (value: Buffer): ArrayBuffer =>
  AsnConvert.serialize(Object.assign(new KeyNumber(), { value: integer(value) }))

const privateKeyOf = (domain: Domain, x: Buffer): KeyObject => {
  const info = new PrivateKeyInfo({
    version: Version.v1,
    privateKeyAlgorithm: algorithmOf(domain),
    privateKey: new PrivateKey(numberDer(x)),
  })
  return createPrivateKey({ key: Buffer.from(AsnConvert.serialize(info)), format: 'der', type: 'pkcs8' })
}

const publicKeyOf = (domain: Domain, y: Buffer): KeyObject => {
  const info = new SubjectPublicKeyInfo({ algorithm: algorithmOf(domain), subjectPublicKey: numberDer(y) })
  return createPublicKey({ key: Buffer.from(AsnConvert.serialize(info)), format: 'der', type: 'spki' })
}

/**
 * The key of a Transparent DSA or DH structure (1.4 sections 2.1.7.2 to 2.1.7.7, 2.1 sections 3.5 to 3.10). DH keys lose
 * their optional Q and J here; the structure that was registered keeps them.
 */
export const finiteFieldKey = (
  family: 'dsa' | 'dh',
  { p, q, g, x, y }: TransparentKeyMaterial,
): KeyObject | undefined => {
  if (p === undefined || g === undefined || (family === 'dsa' && q === undefined)) return undefined
  const domain = { p, q: family === 'dsa' ? q : undefined, g }
  if (x !== undefined) return privateKeyOf(domain, x)
  return y === undefined ? undefined : publicKeyOf(domain, y)
}

const domainOf = ({ algorithm, parameters }: AlgorithmIdentifier): Domain => {
  const der = parameters ?? EMPTY
  if (algorithm === DSA) {
    const { p, q, g } = AsnConvert.parse(der, DsaParameters)
    return { p: Buffer.from(p), q: Buffer.from(q), g: Buffer.from(g) }
  }
  const { p, g } = AsnConvert.parse(der, DhParameters)
  return { p: Buffer.from(p), q: undefined, g: Buffer.from(g) }
}

const numberOf = (der: ArrayBuffer): Buffer => Buffer.from(AsnConvert.parse(der, KeyNumber).value)

/** The Transparent structure of a DSA or DH key. */
export const finiteFieldStructure = (key: KeyObject): TransparentKeyMaterial => {
  if (key.type === 'private') {
    const info = AsnConvert.parse(key.export({ format: 'der', type: 'pkcs8' }), PrivateKeyInfo)
    return { ...domainOf(info.privateKeyAlgorithm), x: numberOf(info.privateKey.buffer) }
  }
  const info = AsnConvert.parse(key.export({ format: 'der', type: 'spki' }), SubjectPublicKeyInfo)
  return { ...domainOf(info.algorithm), y: numberOf(info.subjectPublicKey) }
}

/** Bits of the prime. */
export const finiteFieldBits = (key: KeyObject): number => bitLength(finiteFieldStructure(key).p ?? Buffer.alloc(0))

const MIN_BITS = 512
const MAX_BITS = 8192

const between = (value: bigint, low: bigint, high: bigint): boolean => value > low && value < high

const subgroupProblem = (p: bigint, g: bigint, q: bigint): string | undefined => {
  if (q <= 1n || (p - 1n) % q !== 0n) return 'Q does not divide P - 1'
  // Exponents of a few hundred bits: a check of milliseconds.
  if (q.toString(2).length > 512 || power(g, q, p) !== 1n) return 'G does not generate the subgroup of order Q'
  return undefined
}

/** What is wrong with the numbers of a DSA or DH key (FIPS 186-4 section 4, SP 800-56A section 5.6.2). */
export const finiteFieldProblem = (key: KeyObject): string | undefined => {
  const { x, y, ...domain } = finiteFieldStructure(key)
  const number = (value: Buffer | undefined): bigint => toBigInt(value ?? Buffer.alloc(0))
  const [p, g, q] = [number(domain.p), number(domain.g), number(domain.q)]
  const bits = p.toString(2).length
  if (bits < MIN_BITS || bits > MAX_BITS || p % 2n === 0n) return 'a prime P of that size or kind is not supported'
  if (!between(g, 1n, p - 1n)) return 'G is out of range'
  if (y !== undefined && !between(number(y), 1n, p - 1n)) return 'the public key is out of range'
  if (x !== undefined && !between(number(x), 0n, domain.q === undefined ? p - 1n : q))
    return 'the private key is out of range'
  return domain.q === undefined ? undefined : subgroupProblem(p, g, q)
}
