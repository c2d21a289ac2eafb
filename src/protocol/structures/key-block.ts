import { alternative, oneOf } from '../../schema/combinators.ts'
import type { Kind } from '../../schema/kind.ts'
import { bigInteger, bytes, enumOf, extensibleEnumOf, integer } from '../../schema/primitives.ts'
import { type Infer, optional, required, struct } from '../../schema/struct.ts'
import { attributesBare } from '../attribute-wire.ts'
import { CRYPTOGRAPHIC_ALGORITHM, KEY_COMPRESSION_TYPE, KEY_FORMAT_TYPE, RECOMMENDED_CURVE } from '../enumerations.ts'
import { inRange, type Version, type VersionRange } from '../../schema/version.ts'
import { TAG } from '../tags.ts'
import { keyWrappingData } from './key-wrapping.ts'

/**
 * Key Material of every Transparent format in one structure (1.4 section 2.1.7, 2.1 sections 3.4 to 3.12): the fields
 * of each format stand here in its order. Which of them a format needs is told by `KEY_FORMATS`.
 */
export const transparentKeyMaterial = struct('Key Material', {
  key: optional(TAG.Key, bytes),
  modulus: optional(TAG.Modulus, bigInteger),
  privateExponent: optional(TAG.PrivateExponent, bigInteger),
  publicExponent: optional(TAG.PublicExponent, bigInteger),
  p: optional(TAG.P, bigInteger),
  q: optional(TAG.Q, bigInteger),
  g: optional(TAG.G, bigInteger),
  j: optional(TAG.J, bigInteger),
  x: optional(TAG.X, bigInteger),
  y: optional(TAG.Y, bigInteger),
  primeExponentP: optional(TAG.PrimeExponentP, bigInteger),
  primeExponentQ: optional(TAG.PrimeExponentQ, bigInteger),
  crtCoefficient: optional(TAG.CRTCoefficient, bigInteger),
  recommendedCurve: optional(TAG.RecommendedCurve, enumOf(RECOMMENDED_CURVE)),
  d: optional(TAG.D, bigInteger),
  qString: optional(TAG.QString, bytes),
})

export type TransparentKeyMaterial = Infer<typeof transparentKeyMaterial.fields>

/** Key Material: bytes for the encoded formats, a structure for the Transparent ones. */
export type KeyMaterial = Buffer | TransparentKeyMaterial

// Every buffer here is a Buffer; this is the test that costs nothing.
const isBytes = (value: unknown): value is Buffer => ArrayBuffer.isView(value)
const isMaterial = (value: unknown): value is TransparentKeyMaterial => !ArrayBuffer.isView(value)

const keyMaterial: Kind<KeyMaterial> = oneOf<KeyMaterial>('Key Material', [
  alternative<KeyMaterial, Buffer>(bytes, isBytes),
  alternative<KeyMaterial, TransparentKeyMaterial>(transparentKeyMaterial, isMaterial),
])

/** Key Value in the clear (1.4 section 2.1.4, 2.1 section 3.2). */
export const plainKeyValue = struct('Key Value', {
  keyMaterial: required(TAG.KeyMaterial, keyMaterial),
  attributes: attributesBare(),
})

export type PlainKeyValue = Infer<typeof plainKeyValue.fields>

/** Key Value: a structure in the clear, a byte string when wrapped. */
export type KeyValue = Buffer | PlainKeyValue

const isPlain = (value: unknown): value is PlainKeyValue => !ArrayBuffer.isView(value)

const keyValue: Kind<KeyValue> = oneOf<KeyValue>('Key Value', [
  alternative<KeyValue, Buffer>(bytes, isBytes),
  alternative<KeyValue, PlainKeyValue>(plainKeyValue, isPlain),
])

/** Versions in which a PKCS#12 container is a Key Value by itself. */
const CONTAINER_AS_VALUE: VersionRange = { until: '1.4' }

/**
 * A PKCS#12 container as a Key Value. What protects itself is a byte string like a wrapped Key Value in 1.x, and Key
 * Material in 2.x: so the published cases TC-PKCS12-1 of 1.4 and of 2.0 have it.
 */
export const containerValue = (container: Buffer, version: Version): KeyValue =>
  inRange(version, CONTAINER_AS_VALUE) ? container : { keyMaterial: container, attributes: [] }

/** Key Block (1.4 section 2.1.3, 2.1 section 3.1). */
export const keyBlock = struct('Key Block', {
  keyFormatType: required(TAG.KeyFormatType, extensibleEnumOf(KEY_FORMAT_TYPE)),
  keyCompressionType: optional(TAG.KeyCompressionType, extensibleEnumOf(KEY_COMPRESSION_TYPE)),
  keyValue: optional(TAG.KeyValue, keyValue),
  cryptographicAlgorithm: optional(TAG.CryptographicAlgorithm, extensibleEnumOf(CRYPTOGRAPHIC_ALGORITHM)),
  cryptographicLength: optional(TAG.CryptographicLength, integer),
  keyWrappingData: optional(TAG.KeyWrappingData, keyWrappingData),
})

export type KeyBlock = Infer<typeof keyBlock.fields>
