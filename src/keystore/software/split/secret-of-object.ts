import type { JoinedKeySpec } from '../../../domain/key-store.ts'
import type { CryptographicAlgorithm, KeyFormatType, ObjectType } from '../../../protocol/enumerations.ts'
import { KmipError } from '../../../protocol/kmip-error.ts'
import type { KeyBlock } from '../../../protocol/structures/key-block.ts'
import type { ObjectValue } from '../../../protocol/structures/managed-objects.ts'
import { materialBytes, SYMMETRIC_LENGTHS } from '../../mechanisms.ts'
import { parseKey } from '../asymmetric/read-key.ts'
import { convertObject } from '../convert.ts'
import { secretIn } from '../derive/secret.ts'
import { plainValue } from '../inspect-key.ts'
import { unjoined } from './sharing.ts'

/** What is shared of an object, and what its parts tell of it. */
export type SharedSecret = {
  readonly bytes: Buffer
  readonly algorithm: CryptographicAlgorithm | number | undefined
  /** Bits. */
  readonly length: number | undefined
}

const wrongType = (): KmipError =>
  new KmipError('InvalidObjectType', 'Objects of this type are not split', { older: 'InvalidField' })

/** Parts are Raw (2.1 section 4.26), so the bytes themselves have to tell what kind of key they are. */
const ENCODED = { PrivateKey: 'PKCS_8', PublicKey: 'X_509' } as const

const encodedKey = (object: ObjectValue, keyFormatType: KeyFormatType): SharedSecret => {
  const converted = convertObject(object, { keyFormatType })
  const block = 'keyBlock' in converted.value ? converted.value.keyBlock : undefined
  const material = block && plainValue(block)?.keyMaterial
  if (!Buffer.isBuffer(material)) throw new KmipError('InvalidField', 'The key is in a form that cannot be split')
  return { bytes: material, algorithm: block?.cryptographicAlgorithm, length: block?.cryptographicLength }
}

/** @throws KmipError InvalidObjectType, InvalidField, KeyValueNotPresent */
export const secretOf = (object: ObjectValue): SharedSecret => {
  if (object.objectType === 'PrivateKey' || object.objectType === 'PublicKey') {
    return encodedKey(object, ENCODED[object.objectType])
  }
  const secret = secretIn(object)
  if (secret === undefined) throw wrongType()
  const { bytes, algorithm } = secret
  const length = object.objectType === 'SymmetricKey' ? object.value.keyBlock.cryptographicLength : undefined
  return { bytes, algorithm, length: length ?? bytes.length * 8 }
}

/** Formats in which somebody else may have shared a key of a pair. */
const READABLE: Readonly<Record<'PrivateKey' | 'PublicKey', readonly KeyFormatType[]>> = {
  PrivateKey: ['PKCS_8', 'PKCS_1', 'ECPrivateKey'],
  PublicKey: ['X_509', 'PKCS_1'],
}

const isReadable = (kind: 'PrivateKey' | 'PublicKey', format: KeyFormatType, bytes: Buffer): boolean => {
  try {
    return parseKey(kind, format, bytes) !== 'kept'
  } catch {
    return false
  }
}

const joinedPairKey = (objectType: 'PrivateKey' | 'PublicKey', { bytes, algorithm }: SharedSecret): ObjectValue => {
  const keyFormatType = READABLE[objectType].find((format) => isReadable(objectType, format, bytes))
  if (keyFormatType === undefined) throw unjoined()
  const keyBlock: KeyBlock = {
    keyFormatType,
    keyValue: { keyMaterial: bytes, attributes: [] },
    ...(algorithm === undefined ? {} : { cryptographicAlgorithm: algorithm }),
  }
  return { objectType, value: { keyBlock } }
}

/** @throws KmipError InvalidObjectType, CryptographicFailure */
export const objectOfSecret = (secret: SharedSecret, { objectType, secretDataType }: JoinedKeySpec): ObjectValue => {
  const { bytes, algorithm, length } = secret
  const keyBlock = { keyFormatType: 'Raw', keyValue: { keyMaterial: bytes, attributes: [] } } as const
  switch (objectType) {
    case 'SymmetricKey': {
      const block = { ...keyBlock, cryptographicAlgorithm: algorithm, cryptographicLength: length }
      return { objectType, value: { keyBlock: block } }
    }
    case 'SecretData':
      return { objectType, value: { secretDataType: secretDataType ?? 'Password', keyBlock } }
    case 'PrivateKey':
    case 'PublicKey':
      return joinedPairKey(objectType, secret)
    default:
      throw wrongType()
  }
}

/**
 * Bytes that a secret has, where its parts tell it by what they say of the key: a number has lost its leading zeros.
 * Undefined for keys of a pair, whose encoding never begins with one.
 */
export const secretLength = (
  { algorithm, length }: Pick<SharedSecret, 'algorithm' | 'length'>,
  objectType: ObjectType,
): number | undefined => {
  if (length === undefined || objectType === 'PrivateKey' || objectType === 'PublicKey') return undefined
  const rule = algorithm === undefined ? undefined : SYMMETRIC_LENGTHS.get(algorithm)
  return rule === undefined ? Math.ceil(length / 8) : materialBytes(rule, length)
}
