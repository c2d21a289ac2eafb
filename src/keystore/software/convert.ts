import type { WantedForm } from '../../domain/key-store.ts'
import type { KeyFormatType } from '../../protocol/enumerations.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { KeyBlock, KeyMaterial } from '../../protocol/structures/key-block.ts'
import type { ObjectValue } from '../../protocol/structures/managed-objects.ts'
import { parseKey } from './asymmetric/read-key.ts'
import { writeKey } from './asymmetric/write-key.ts'
import { plainValue } from './inspect-key.ts'

const unsupportedFormat = (): KmipError =>
  new KmipError('KeyFormatTypeNotSupported', 'The object has no such Key Format Type')

const withMaterial = (
  block: KeyBlock,
  keyFormatType: KeyFormatType | number,
  keyMaterial: KeyMaterial,
  keyCompressionType = block.keyCompressionType,
): KeyBlock => {
  const attributes = plainValue(block)?.attributes ?? []
  return { ...block, keyFormatType, keyCompressionType, keyValue: { keyMaterial, attributes } }
}

/** Raw and Transparent Symmetric Key are two forms of one key; Opaque bytes are not understood, so they stay. */
const convertSymmetric = (block: KeyBlock, material: KeyMaterial, wanted: KeyFormatType | number): KeyBlock => {
  const key = Buffer.isBuffer(material) ? (block.keyFormatType === 'Raw' ? material : undefined) : material.key
  if (key === undefined) throw unsupportedFormat()
  if (wanted === 'Raw') return withMaterial(block, wanted, key)
  if (wanted === 'TransparentSymmetricKey') return withMaterial(block, wanted, { key })
  throw unsupportedFormat()
}

/** The bytes of Secret Data are the same under either name; Raw is its default (2.1 section 4.26). */
const convertSecret = (block: KeyBlock, material: KeyMaterial, wanted: KeyFormatType | number): KeyBlock => {
  const both = ['Raw', 'Opaque']
  if (both.includes(String(wanted)) && both.includes(String(block.keyFormatType))) {
    return withMaterial(block, wanted, material)
  }
  throw unsupportedFormat()
}

const convertAsymmetric = (
  kind: 'PublicKey' | 'PrivateKey',
  block: KeyBlock,
  material: KeyMaterial,
  { keyFormatType = block.keyFormatType, keyCompressionType }: WantedForm,
): KeyBlock => {
  const { keyFormatType: format, cryptographicAlgorithm } = block
  const key = typeof format === 'number' ? 'kept' : parseKey(kind, format, material, cryptographicAlgorithm)
  if (key === 'kept') {
    throw keyFormatType === block.keyFormatType
      ? new KmipError('KeyCompressionTypeNotSupported', 'The key cannot be compressed')
      : unsupportedFormat()
  }
  const options = { algorithm: block.cryptographicAlgorithm, compression: keyCompressionType }
  return withMaterial(block, keyFormatType, writeKey(key, keyFormatType, options), keyCompressionType ?? undefined)
}

const refuseCompression = ({ keyCompressionType }: WantedForm): void => {
  if (keyCompressionType === undefined) return
  throw new KmipError('KeyCompressionTypeNotSupported', 'The object cannot be compressed')
}

type BlockObject = Extract<ObjectValue, { value: { keyBlock: KeyBlock } }>

const convertBlock = (objectType: BlockObject['objectType'], block: KeyBlock, wanted: WantedForm): KeyBlock => {
  const { keyFormatType, keyCompressionType } = wanted
  const sameFormat = keyFormatType === undefined || keyFormatType === block.keyFormatType
  if (objectType !== 'PublicKey') refuseCompression(wanted)
  if (sameFormat && (keyCompressionType === undefined || keyCompressionType === block.keyCompressionType)) return block
  const value = plainValue(block)
  if (value === undefined) throw unsupportedFormat()
  switch (objectType) {
    case 'PublicKey':
    case 'PrivateKey':
      return convertAsymmetric(objectType, block, value.keyMaterial, wanted)
    case 'SymmetricKey':
      return convertSymmetric(block, value.keyMaterial, keyFormatType ?? block.keyFormatType)
    case 'SecretData':
      return convertSecret(block, value.keyMaterial, keyFormatType ?? block.keyFormatType)
    case 'SplitKey':
    case 'PGPKey':
      throw unsupportedFormat()
  }
}

/** Key Format Types that name what an object without a Key Block already is. */
const BLOCKLESS: Readonly<Record<Exclude<ObjectValue['objectType'], BlockObject['objectType']>, readonly string[]>> = {
  Certificate: ['X_509', 'Raw'],
  CertificateRequest: ['PKCS_10', 'Raw'],
  OpaqueObject: ['Opaque', 'Raw'],
  Template: [],
}

/**
 * An object in the form that a client wants (1.4 section 4.11, 2.1 section 6.1.22). Without a wish it stays as it was
 * registered.
 * @throws KmipError KeyFormatTypeNotSupported, KeyCompressionTypeNotSupported
 */
export const convertObject = (object: ObjectValue, wanted: WantedForm): ObjectValue => {
  const { keyFormatType, keyCompressionType } = wanted
  if (keyFormatType === undefined && keyCompressionType === undefined) return object
  switch (object.objectType) {
    case 'SymmetricKey':
    case 'PublicKey':
    case 'PrivateKey':
    case 'SecretData':
    case 'SplitKey':
    case 'PGPKey':
      return withBlock(object, convertBlock(object.objectType, object.value.keyBlock, wanted))
    case 'Certificate':
    case 'CertificateRequest':
    case 'OpaqueObject':
    case 'Template': {
      refuseCompression(wanted)
      if (!BLOCKLESS[object.objectType].includes(String(keyFormatType))) throw unsupportedFormat()
      return object
    }
  }
}

const withBlock = (object: BlockObject, keyBlock: KeyBlock): ObjectValue => {
  switch (object.objectType) {
    case 'SecretData':
      return { objectType: object.objectType, value: { ...object.value, keyBlock } }
    case 'SplitKey':
      return { objectType: object.objectType, value: { ...object.value, keyBlock } }
    case 'PGPKey':
      return { objectType: object.objectType, value: { ...object.value, keyBlock } }
    case 'SymmetricKey':
    case 'PublicKey':
    case 'PrivateKey':
      return { objectType: object.objectType, value: { keyBlock } }
  }
}
