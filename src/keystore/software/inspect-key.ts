import type { Attribute } from '../../protocol/attribute-instance.ts'
import type {
  CryptographicAlgorithm,
  KeyFormatType,
  ObjectType,
  RecommendedCurve,
} from '../../protocol/enumerations.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import type {
  KeyBlock,
  KeyMaterial,
  PlainKeyValue,
  TransparentKeyMaterial,
} from '../../protocol/structures/key-block.ts'
import { KEY_FORMATS, type KeyFormat } from '../key-formats.ts'
import { securityCategory } from '../quantum-keys.ts'
import { allowsLength, lengthOfMaterial, materialBytes, SYMMETRIC_LENGTHS } from '../mechanisms.ts'
import type { AsymmetricKey } from './asymmetric/asymmetric-key.ts'
import { isNegative } from './asymmetric/big-integer.ts'
import type { ReadMaterial } from './asymmetric/read-key.ts'
import { materialIn, standardFormat } from './asymmetric/write-key.ts'
import { digestOf } from './digest.ts'

/** What the server tells of a key. */
type KeyFacts = {
  readonly algorithm: CryptographicAlgorithm | number | undefined
  /** Bits. */
  readonly length: number | undefined
  readonly curve?: RecommendedCurve | undefined
  readonly qlength?: number | undefined
  /** The key of a pair, where the server can read it. */
  readonly key?: AsymmetricKey
}

/** A Key Block as it is stored, and the attributes that follow from it. */
export type InspectedBlock = { readonly block: KeyBlock; readonly attributes: readonly Attribute[] }

export type KeyKind = 'SymmetricKey' | 'PublicKey' | 'PrivateKey'

const refuse = (problem: string): KmipError => new KmipError('InvalidField', problem)

const categoryAttribute = ({ algorithm }: KeyFacts): readonly Attribute[] => {
  const category = securityCategory(algorithm)
  return category === undefined ? [] : [{ name: 'NISTSecurityCategory', value: category }]
}

const factAttributes = ({ algorithm, length, curve, qlength }: KeyFacts): readonly Attribute[] => [
  ...(algorithm === undefined ? [] : [{ name: 'CryptographicAlgorithm', value: algorithm } as const]),
  ...(length === undefined ? [] : [{ name: 'CryptographicLength', value: length } as const]),
  ...(curve === undefined && qlength === undefined
    ? []
    : [{ name: 'CryptographicDomainParameters', value: { qlength, recommendedCurve: curve } } as const]),
]

const formatAttribute = ({ keyFormatType }: KeyBlock): Attribute => ({ name: 'KeyFormatType', value: keyFormatType })

/** The Key Value in the clear; undefined where the block has none, or a wrapped one. */
export const plainValue = ({ keyValue, keyWrappingData }: KeyBlock): PlainKeyValue | undefined => {
  if (keyValue === undefined || Buffer.isBuffer(keyValue)) return undefined
  return keyWrappingData === undefined ? keyValue : undefined
}

const isPresent = (material: TransparentKeyMaterial, field: keyof TransparentKeyMaterial): boolean =>
  material[field] !== undefined

const BIG_INTEGERS = [
  'modulus',
  'privateExponent',
  'publicExponent',
  'p',
  'q',
  'g',
  'j',
  'x',
  'y',
  'primeExponentP',
  'primeExponentQ',
  'crtCoefficient',
  'd',
] as const

const checkStructure = (material: TransparentKeyMaterial, { required, optional }: KeyFormat): void => {
  if (!required.every((field) => isPresent(material, field))) throw refuse('A field of the key structure is missing')
  const allowed = new Set<string>([...required, ...optional])
  const strange = Object.entries(material).some(([field, value]) => value !== undefined && !allowed.has(field))
  if (strange) throw refuse('The key structure has fields that its Key Format Type does not have')
  const negative = BIG_INTEGERS.some((field) => isNegative(material[field] ?? Buffer.alloc(0)))
  if (negative) throw refuse('A number of the key structure is negative')
}

/** Whether Key Material is of the kind that the format has (1.4 section 2.1.4, 2.1 section 3.2). */
const checkMaterial = (objectType: ObjectType, format: KeyFormatType | number, material: KeyMaterial): void => {
  if (Buffer.isBuffer(material) && material.length === 0) throw refuse('The Key Material is empty')
  if (typeof format === 'number') return
  const row = KEY_FORMATS[format]
  if (row.objectTypes?.includes(objectType) === false) throw refuse('The object cannot have this Key Format Type')
  if (Buffer.isBuffer(material) !== (row.material === 'bytes')) {
    throw refuse('The Key Material is not of the type that its Key Format Type has')
  }
  if (!Buffer.isBuffer(material)) checkStructure(material, row)
}

const checkWrapped = ({ keyValue, keyWrappingData }: KeyBlock): void => {
  if (Buffer.isBuffer(keyValue) && keyWrappingData === undefined) throw refuse('Key Wrapping Data is missing')
  if (keyValue === undefined && keyWrappingData !== undefined) throw refuse('The wrapped Key Value is missing')
}

const symmetricFacts = (block: KeyBlock, material: Buffer): KeyFacts => {
  const { cryptographicAlgorithm: algorithm, cryptographicLength: length } = block
  const rule = algorithm === undefined ? undefined : SYMMETRIC_LENGTHS.get(algorithm)
  if (rule === undefined) {
    if (typeof algorithm === 'string') throw refuse('The Cryptographic Algorithm has no symmetric keys')
    if (length !== undefined && length !== material.length * 8) throw refuse('The length contradicts the Key Material')
    return { algorithm, length: length ?? material.length * 8 }
  }
  const found = length ?? lengthOfMaterial(rule, material.length)
  if (found === undefined || !allowsLength(rule, found)) throw refuse('The algorithm has no keys of this length')
  if (materialBytes(rule, found) !== material.length) throw refuse('The length contradicts the Key Material')
  return { algorithm, length: found }
}

/** Curves of 255, 448 and 456 bits are counted in bits of the field or in whole bytes, depending on whom one asks. */
const lengthFits = ({ family, length }: AsymmetricKey, claimed: number): boolean =>
  claimed === length || ((family === 'edwards' || family === 'montgomery') && claimed < length && claimed >= length - 8)

const asymmetricFacts = (
  kind: 'PublicKey' | 'PrivateKey',
  block: KeyBlock,
  material: KeyMaterial,
  read: ReadMaterial,
): KeyFacts => {
  const { keyFormatType, cryptographicAlgorithm: algorithm, cryptographicLength: length } = block
  const key = typeof keyFormatType === 'number' ? 'kept' : read(kind, keyFormatType, material, algorithm)
  if (key === 'kept') return { algorithm, length }
  if (algorithm !== undefined && !key.algorithms.some((name) => name === algorithm)) {
    throw refuse('The Cryptographic Algorithm is not that of the Key Material')
  }
  if (length !== undefined && !lengthFits(key, length)) throw refuse('The length contradicts the Key Material')
  return { algorithm: algorithm ?? key.algorithm, length: key.length, curve: key.curve, qlength: key.qlength, key }
}

const symmetricMaterial = (format: KeyFormatType | number, material: KeyMaterial): Buffer | undefined => {
  if (format === 'Raw' && Buffer.isBuffer(material)) return material
  return Buffer.isBuffer(material) ? undefined : material.key
}

const factsOf = (kind: KeyKind, block: KeyBlock, material: KeyMaterial, read: ReadMaterial): KeyFacts => {
  if (kind !== 'SymmetricKey') return asymmetricFacts(kind, block, material, read)
  const key = symmetricMaterial(block.keyFormatType, material)
  if (key !== undefined) return symmetricFacts(block, key)
  return { algorithm: block.cryptographicAlgorithm, length: block.cryptographicLength }
}

/** Key Compression Type says something of EC public keys only; clients send it with others. */
const withoutCompression = (kind: ObjectType, block: KeyBlock): KeyBlock =>
  kind === 'PublicKey' ? block : { ...block, keyCompressionType: undefined }

/**
 * The Digest of the material as it came, which 1.x insists on, and where that is another format the one of the default
 * format, which 2.x insists on (1.4 section 3.17, 2.1 section 4.21).
 */
const digestsOf = (material: KeyMaterial, format: KeyFormatType | number, { key }: KeyFacts): readonly Attribute[] => {
  const given = digestOf(material, format)
  if (key === undefined) return [given]
  const standard = standardFormat(key)
  const converted = standard === format ? undefined : materialIn(key, standard)
  if (converted === undefined) return [given]
  const other = digestOf(converted, standard)
  if (Buffer.isBuffer(converted)) converted.fill(0)
  return [given, other]
}

/**
 * Checks the Key Block of a key, and fills in algorithm and length where the material tells them (1.4 section 2.1.3, 2.1
 * section 3.1). A wrapped or absent Key Value is taken on the word of the block.
 * @throws KmipError InvalidField
 */
export const inspectKey = (kind: KeyKind, given: KeyBlock, read: ReadMaterial): InspectedBlock => {
  const block = withoutCompression(kind, given)
  const { keyFormatType, cryptographicAlgorithm: algorithm, cryptographicLength: length } = block
  const value = plainValue(block)
  if (value === undefined) {
    checkWrapped(block)
    return { block, attributes: [...factAttributes({ algorithm, length }), formatAttribute(block)] }
  }
  checkMaterial(kind, keyFormatType, value.keyMaterial)
  const facts = factsOf(kind, block, value.keyMaterial, read)
  return {
    block: { ...block, cryptographicAlgorithm: facts.algorithm, cryptographicLength: facts.length },
    attributes: [
      ...factAttributes(facts),
      ...categoryAttribute(facts),
      formatAttribute(block),
      ...digestsOf(value.keyMaterial, keyFormatType, facts),
    ],
  }
}

/**
 * Checks the Key Block of an object whose material the server does not look into: a Split Key, a PGP Key, Secret Data.
 * @throws KmipError InvalidField
 */
export const inspectKept = (kind: 'SplitKey' | 'PGPKey' | 'SecretData', given: KeyBlock): InspectedBlock => {
  const block = withoutCompression(kind, given)
  const { keyFormatType, cryptographicAlgorithm: algorithm, cryptographicLength: length } = block
  const value = plainValue(block)
  if (value === undefined) checkWrapped(block)
  else checkMaterial(kind, keyFormatType, value.keyMaterial)
  return {
    block,
    attributes: [
      ...factAttributes({ algorithm, length }),
      formatAttribute(block),
      ...(value === undefined ? [] : [digestOf(value.keyMaterial, keyFormatType)]),
    ],
  }
}
