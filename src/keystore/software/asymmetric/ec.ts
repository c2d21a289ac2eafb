import { createECDH, createPrivateKey, createPublicKey, ECDH, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { ECParameters, ECPrivateKey } from '@peculiar/asn1-ecc'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier, SubjectPublicKeyInfo } from '@peculiar/asn1-x509'
import type { KeyCompressionType, RecommendedCurve } from '../../../protocol/enumerations.ts'
import type { TransparentKeyMaterial } from '../../../protocol/structures/key-block.ts'
import { CURVES } from '../../mechanisms.ts'
import { stripZeros, toFixed, toInteger } from './big-integer.ts'
import { arrayBuffer } from './der.ts'

const EC_PUBLIC_KEY = '1.2.840.10045.2.1'

/** What the encodings of a curve's keys hold besides the key. */
type CurveFacts = { readonly name: string; readonly oid: string; readonly privateBytes: number }

const facts = new Map<RecommendedCurve, CurveFacts>()

const ecPrivateKeyOf = (key: KeyObject): ECPrivateKey =>
  AsnConvert.parse(key.export({ format: 'der', type: 'sec1' }), ECPrivateKey)

/** Asked of the library once, with a key made for it, so that no table of object identifiers is kept here. */
const curveFacts = (curve: RecommendedCurve): CurveFacts | undefined => {
  const seen = facts.get(curve)
  const row = CURVES.get(curve)
  if (seen !== undefined || row === undefined || row.field === 'none') return seen
  const { name } = row
  const sample = ecPrivateKeyOf(generateKeyPairSync('ec', { namedCurve: name }).privateKey)
  const oid = sample.parameters?.namedCurve
  if (oid === undefined) return undefined
  const found = { name, oid, privateBytes: sample.privateKey.byteLength }
  facts.set(curve, found)
  return found
}

const orders = new Map<RecommendedCurve, Buffer>()

/** The order of the base point, which the library writes into keys with explicit parameters; asked for once. */
export const curveOrder = (curve: RecommendedCurve): Buffer | undefined => {
  const seen = orders.get(curve)
  const row = CURVES.get(curve)
  if (seen !== undefined || row === undefined || row.field === 'none') return seen
  const sample = generateKeyPairSync('ec', { namedCurve: row.name, paramEncoding: 'explicit' }).privateKey
  const order = ecPrivateKeyOf(sample).parameters?.specifiedCurve?.order
  if (order === undefined) return undefined
  const digits = stripZeros(Buffer.from(order))
  orders.set(curve, digits)
  return digits
}

/** The public point of a key, as its encoding has it. */
const pointOf = (key: KeyObject): Buffer => {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  const info = AsnConvert.parse(publicKey.export({ format: 'der', type: 'spki' }), SubjectPublicKeyInfo)
  return Buffer.from(info.subjectPublicKey)
}

/** The number that a private key is, in as many bytes as the order of its curve has. */
export const ecPrivateNumber = (key: KeyObject): Buffer => Buffer.from(ecPrivateKeyOf(key).privateKey.buffer)

/** The point that belongs to a key. */
export const ecPoint = (key: KeyObject): Buffer => pointOf(key)

type PointForm = 'uncompressed' | 'compressed' | 'hybrid'

const convertPoint = (point: Buffer, name: string, form: PointForm): Buffer => {
  const converted = ECDH.convertKey(point, name, undefined, undefined, form)
  return typeof converted === 'string' ? Buffer.from(converted, 'latin1') : converted
}

/** Each Key Compression Type with the form of the point, and the field it is for. */
const FORMS: Readonly<Record<KeyCompressionType, { readonly form: PointForm; readonly field?: 'prime' | 'char2' }>> = {
  ECPublicKeyTypeUncompressed: { form: 'uncompressed' },
  ECPublicKeyTypeX9_62CompressedPrime: { form: 'compressed', field: 'prime' },
  ECPublicKeyTypeX9_62CompressedChar2: { form: 'compressed', field: 'char2' },
  ECPublicKeyTypeX9_62Hybrid: { form: 'hybrid' },
}

/** The form that a Key Compression Type means on a curve; undefined where it does not exist there. */
export const pointForm = (curve: RecommendedCurve, type: KeyCompressionType | number): PointForm | undefined => {
  if (typeof type === 'number') return undefined
  const { form, field } = FORMS[type]
  return field === undefined || field === CURVES.get(curve)?.field ? form : undefined
}

const parametersOf = (oid: string): ECParameters => new ECParameters({ namedCurve: oid })

const publicDer = (oid: string, point: Buffer): Buffer => {
  const algorithm = new AlgorithmIdentifier({
    algorithm: EC_PUBLIC_KEY,
    parameters: AsnConvert.serialize(parametersOf(oid)),
  })
  const info = new SubjectPublicKeyInfo({ algorithm, subjectPublicKey: arrayBuffer(point) })
  return Buffer.from(AsnConvert.serialize(info))
}

/**
 * The public key of a point, in any of its forms.
 * @throws Error where the point is not on the curve; undefined for a curve without such keys
 */
export const ecPublicKey = (curve: RecommendedCurve, point: Buffer): KeyObject | undefined => {
  const known = curveFacts(curve)
  if (known === undefined) return undefined
  const uncompressed = convertPoint(point, known.name, 'uncompressed')
  return createPublicKey({ key: publicDer(known.oid, uncompressed), format: 'der', type: 'spki' })
}

/**
 * The private key of the number `d`.
 * @throws Error where it is not in the range of the curve; undefined for a curve without such keys
 */
export const ecPrivateKey = (curve: RecommendedCurve, d: Buffer): KeyObject | undefined => {
  const known = curveFacts(curve)
  const fixed = known === undefined ? undefined : toFixed(d, known.privateBytes)
  if (known === undefined || fixed === undefined) return undefined
  const ecdh = createECDH(known.name)
  ecdh.setPrivateKey(fixed)
  const key = new ECPrivateKey({
    version: 1,
    privateKey: new OctetString(fixed),
    parameters: parametersOf(known.oid),
    publicKey: arrayBuffer(ecdh.getPublicKey()),
  })
  return createPrivateKey({ key: Buffer.from(AsnConvert.serialize(key)), format: 'der', type: 'sec1' })
}

/**
 * Whether the public part is a point that a key can have, which the one at infinity is not, and for a private key the
 * one that belongs to it. That the point is on the curve, the library has checked.
 */
export const isConsistent = (key: KeyObject, curve: RecommendedCurve): boolean => {
  const known = curveFacts(curve)
  const point = pointOf(key)
  if (known === undefined || point.length <= 1) return false
  if (key.type === 'public') return true
  const ecdh = createECDH(known.name)
  ecdh.setPrivateKey(ecPrivateNumber(key))
  return convertPoint(point, known.name, 'uncompressed').equals(ecdh.getPublicKey())
}

/** SubjectPublicKeyInfo with the point in the form wanted. */
export const ecSubjectPublicKeyInfo = (
  key: KeyObject,
  curve: RecommendedCurve,
  form: PointForm,
): Buffer | undefined => {
  const known = curveFacts(curve)
  return known === undefined ? undefined : publicDer(known.oid, convertPoint(pointOf(key), known.name, form))
}

/** Transparent EC keys (1.4 sections 2.1.7.8 to 2.1.7.15, 2.1 sections 3.11 and 3.12). */
export const ecStructure = (
  key: KeyObject,
  curve: RecommendedCurve,
  form: PointForm,
): TransparentKeyMaterial | undefined => {
  const known = curveFacts(curve)
  if (known === undefined) return undefined
  if (key.type === 'public') {
    return { recommendedCurve: curve, qString: convertPoint(pointOf(key), known.name, form) }
  }
  return { recommendedCurve: curve, d: toInteger(ecPrivateNumber(key)) }
}
