import type { Attribute } from '../protocol/attribute-instance.ts'
import type { CryptographicAlgorithm } from '../protocol/enumerations.ts'
import type { KeyBlock } from '../protocol/structures/key-block.ts'
import type { ObjectValue } from '../protocol/structures/managed-objects.ts'
import { readOnly, rulesOf } from './attribute-rules.ts'
import { acceptedAsIs, checkRoom } from './attribute-values.ts'
import { checkSingleValued } from './new-object.ts'

/** The Key Block of an object that has one. */
export const keyBlockOf = (object: ObjectValue): KeyBlock | undefined =>
  'keyBlock' in object.value ? object.value.keyBlock : undefined

/** What the attributes say of a key, for a Key Block that does not (1.4 section 2.1.3, 2.1 section 3.1). */
export type StatedKey = {
  readonly algorithm: CryptographicAlgorithm | number | undefined
  /** Bits. */
  readonly length: number | undefined
}

const completed = (block: KeyBlock, { algorithm, length }: StatedKey): KeyBlock => {
  const { keyValue } = block
  return {
    ...block,
    keyValue: keyValue === undefined || Buffer.isBuffer(keyValue) ? keyValue : { ...keyValue, attributes: [] },
    cryptographicAlgorithm: block.cryptographicAlgorithm ?? algorithm,
    cryptographicLength: block.cryptographicLength ?? length,
  }
}

/** The object with another Key Block; one without a Key Block as it is. */
export const withKeyBlock = (object: ObjectValue, change: (block: KeyBlock) => KeyBlock): ObjectValue => {
  switch (object.objectType) {
    case 'SymmetricKey':
    case 'PublicKey':
    case 'PrivateKey':
      return { objectType: object.objectType, value: { keyBlock: change(object.value.keyBlock) } }
    case 'SplitKey':
      return { ...object, value: { ...object.value, keyBlock: change(object.value.keyBlock) } }
    case 'SecretData':
      return { ...object, value: { ...object.value, keyBlock: change(object.value.keyBlock) } }
    case 'PGPKey':
      return { ...object, value: { ...object.value, keyBlock: change(object.value.keyBlock) } }
    default:
      return object
  }
}

/** What a Template gives to others must be theirs to give, and something that an object can have. */
const checkTemplate = (attributes: readonly Attribute[]): void => {
  checkRoom(attributes)
  checkSingleValued(attributes)
  for (const attribute of attributes) {
    const { setBy, stated } = rulesOf(attribute)
    if (setBy === 'server' && stated !== true) throw readOnly('AttributeReadOnly')
    acceptedAsIs(attribute)
  }
}

/**
 * A Name inside a Template is the Template's own. 1.4 section 11.4 would have it refused; arrays that were made for 1.0
 * give it in no other place.
 */
const namesIn = (template: readonly Attribute[]): readonly Attribute[] => template.filter(({ name }) => name === 'Name')

/**
 * Parts an object that a client brings from the attributes inside its Key Value, which are those of the object (1.4
 * section 2.1.4, 2.1 section 3.2). A wrapped Key Value keeps what it holds.
 * @throws KmipError for a Template that is none
 */
export const unpacked = (
  object: ObjectValue,
  stated: StatedKey,
): { readonly object: ObjectValue; readonly attributes: readonly Attribute[] } => {
  if (object.objectType === 'Template') {
    checkTemplate(object.value.attributes)
    return { object, attributes: namesIn(object.value.attributes) }
  }
  const keyValue = keyBlockOf(object)?.keyValue
  const attributes = keyValue === undefined || Buffer.isBuffer(keyValue) ? [] : keyValue.attributes
  return { object: withKeyBlock(object, (block) => completed(block, stated)), attributes }
}
