import { createSecretKey, type KeyObject } from 'node:crypto'
import type { CryptographicAlgorithm } from '../../../protocol/enumerations.ts'
import { KmipError } from '../../../protocol/kmip-error.ts'
import type { KeyBlock } from '../../../protocol/structures/key-block.ts'
import type { ObjectValue } from '../../../protocol/structures/managed-objects.ts'
import { parseKey } from '../asymmetric/read-key.ts'
import { plainValue } from '../inspect-key.ts'

/** What is derived from: the bytes of a secret, and what it is called. */
export type Secret = {
  readonly algorithm: CryptographicAlgorithm | number | undefined
  readonly bytes: Buffer
  /** Whether it is Secret Data, which may be data as well as a key. */
  readonly isData?: boolean
}

const wrapped = (): KmipError => new KmipError('InvalidField', 'The key is wrapped and cannot be used')

const materialOf = (block: KeyBlock) => {
  if (block.keyValue === undefined) throw new KmipError('KeyValueNotPresent', 'The server does not hold the key')
  const value = plainValue(block)
  if (value === undefined) throw wrapped()
  return value.keyMaterial
}

/**
 * The secret that an object is; undefined for half of a key pair. Its buffer is a view of the object.
 * @throws KmipError KeyValueNotPresent, InvalidField
 */
export const secretIn = (object: ObjectValue): Secret | undefined => {
  if (object.objectType !== 'SymmetricKey' && object.objectType !== 'SecretData') return undefined
  const { keyBlock } = object.value
  const material = materialOf(keyBlock)
  const bytes = Buffer.isBuffer(material) ? material : material.key
  if (bytes === undefined) throw new KmipError('InvalidField', 'The object holds no secret bytes')
  return { algorithm: keyBlock.cryptographicAlgorithm, bytes, isData: object.objectType === 'SecretData' }
}

/** One half of a key pair; undefined for another object. @throws KmipError KeyValueNotPresent, InvalidField */
export const halfIn = (object: ObjectValue): KeyObject | undefined => {
  if (object.objectType !== 'PrivateKey' && object.objectType !== 'PublicKey') return undefined
  const { keyBlock } = object.value
  const { keyFormatType, cryptographicAlgorithm: algorithm } = keyBlock
  const key =
    typeof keyFormatType === 'number'
      ? 'kept'
      : parseKey(object.objectType, keyFormatType, materialOf(keyBlock), algorithm)
  if (key === 'kept') throw new KmipError('InvalidField', 'The server cannot read a key of this format')
  return key.keyObject
}

export const keyObjectOf = ({ bytes }: Secret): KeyObject => createSecretKey(bytes)
