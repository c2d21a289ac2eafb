import type { Attribute } from '../../protocol/attribute-instance.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { ObjectValue } from '../../protocol/structures/managed-objects.ts'
import { certificateAttributes } from './certificate.ts'
import { digestOf } from './digest.ts'
import type { ReadMaterial } from './asymmetric/read-key.ts'
import { inspectKept, inspectKey } from './inspect-key.ts'
import { fieldSize } from './split/prime-field.ts'

/** An object as it is stored, and the attributes that follow from it. */
export type Inspected = { readonly object: ObjectValue; readonly attributes: readonly Attribute[] }

type SplitKey = Extract<ObjectValue, { objectType: 'SplitKey' }>['value']

/** Whether it can be a part of a key: XOR with a threshold of its own is taken in, though nothing can join it. */
const checkSplit = ({ splitKeyParts, keyPartIdentifier, splitKeyThreshold, ...more }: SplitKey): void => {
  const isPart = keyPartIdentifier >= 1 && keyPartIdentifier <= splitKeyParts
  if (!isPart || splitKeyThreshold < 1 || splitKeyThreshold > splitKeyParts) {
    throw new KmipError('InvalidField', 'The parts of the Split Key cannot be counted so')
  }
  if (more.splitKeyMethod === 'PolynomialSharingPrimeField') fieldSize(more.primeFieldSize)
}

/** Algorithm and length do not apply to Secret Data (1.4 section 2.1.3, 2.1 section 3.1). */
const NOT_APPLICABLE = { cryptographicAlgorithm: undefined, cryptographicLength: undefined } as const

/**
 * Checks an object, its asymmetric keys with `read` (1.4 section 2.2, 2.1 section 2): its format against its material, its material
 * against what it claims to be. Objects without a Key Block have the Key Format Type of 2.1 section 4.26.
 * @throws KmipError InvalidField
 */
export const inspectObject = (given: ObjectValue, read: ReadMaterial): Inspected => {
  switch (given.objectType) {
    case 'SymmetricKey':
    case 'PublicKey':
    case 'PrivateKey': {
      const { block: keyBlock, attributes } = inspectKey(given.objectType, given.value.keyBlock, read)
      return { object: { objectType: given.objectType, value: { keyBlock } }, attributes }
    }
    case 'SplitKey': {
      checkSplit(given.value)
      const { block: keyBlock, attributes } = inspectKept('SplitKey', given.value.keyBlock)
      return { object: { objectType: 'SplitKey', value: { ...given.value, keyBlock } }, attributes }
    }
    case 'PGPKey': {
      const { block: keyBlock, attributes } = inspectKept('PGPKey', given.value.keyBlock)
      return { object: { objectType: 'PGPKey', value: { ...given.value, keyBlock } }, attributes }
    }
    case 'SecretData': {
      const { block, attributes } = inspectKept('SecretData', { ...given.value.keyBlock, ...NOT_APPLICABLE })
      return { object: { objectType: 'SecretData', value: { ...given.value, keyBlock: block } }, attributes }
    }
    case 'Certificate':
      return {
        object: given,
        attributes: certificateAttributes(given.value.certificateType, given.value.certificateValue),
      }
    case 'CertificateRequest':
      return {
        object: given,
        attributes: [{ name: 'KeyFormatType', value: 'PKCS_10' }, digestOf(given.value.certificateRequestValue)],
      }
    case 'OpaqueObject': {
      const { opaqueDataType, opaqueDataValue } = given.value
      const type: Attribute = { name: 'OpaqueDataType', value: opaqueDataType }
      return {
        object: given,
        attributes: [type, { name: 'KeyFormatType', value: 'Opaque' }, digestOf(opaqueDataValue)],
      }
    }
    case 'Template':
      return { object: given, attributes: [] }
  }
}
