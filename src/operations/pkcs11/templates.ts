import { instancesOf, valueOf } from '../../domain/attribute-set.ts'
import type { ManagedObject } from '../../domain/managed-object.ts'
import type { Attribute } from '../../protocol/attribute-instance.ts'
import { CRYPTOGRAPHIC_USAGE_MASK, type CryptographicUsageMask, type ObjectType } from '../../protocol/enumerations.ts'
import { type CryptokiReader, flag, ulong } from '../../protocol/pkcs11/codec.ts'
import { CKA, CKK, CKO } from '../../protocol/pkcs11/constants.ts'
import { CryptokiError } from './call.ts'

/* Attributes of PKCS#11 (CKA) and what they are in KMIP. */

export type Template = ReadonlyMap<number, Buffer>

/** CK_ATTRIBUTE, repeated: type, and the value behind its length. @throws KmipError, CryptokiError */
export const readTemplate = (input: CryptokiReader): Template => {
  const entries = input.list(() => [input.ulong(), Buffer.from(input.bytes())] as const)
  const template = new Map(entries)
  if (template.size < entries.length) throw new CryptokiError('TEMPLATE_INCONSISTENT')
  return template
}

const wrongValue = (): CryptokiError => new CryptokiError('ATTRIBUTE_VALUE_INVALID')

/** A CK_ULONG among the values; undefined where it is not there. */
export const numberIn = (template: Template, type: number): number | undefined => {
  const value = template.get(type)
  if (value === undefined) return undefined
  if (value.length !== 8 || value.readUInt32BE(0) !== 0) throw wrongValue()
  return value.readUInt32BE(4)
}

const booleanIn = (template: Template, type: number): boolean | undefined => {
  const value = template.get(type)
  if (value === undefined) return undefined
  if (value.length !== 1 || value.readUInt8(0) > 1) throw wrongValue()
  return value.readUInt8(0) === 1
}

/** Where CKA_ID is kept: it is the client's own. */
const idAttribute = (value: Buffer): Attribute => ({
  name: 'VendorAttribute',
  vendor: 'PKCS11',
  attributeName: 'CKA_ID',
  value: { type: 'ByteString', value },
})

const labelAttribute = (value: Buffer): Attribute => ({
  name: 'Name',
  value: { nameValue: value.toString('utf8'), nameType: 'UninterpretedTextString' },
})

/** Uses that are allowed one by one, and what they are in a Cryptographic Usage Mask. */
const USES: readonly (readonly [type: number, bits: readonly CryptographicUsageMask[]])[] = [
  [CKA.ENCRYPT, ['Encrypt']],
  [CKA.DECRYPT, ['Decrypt']],
  [CKA.SIGN, ['Sign', 'MACGenerate']],
  [CKA.VERIFY, ['Verify', 'MACVerify']],
  [CKA.WRAP, ['WrapKey']],
  [CKA.UNWRAP, ['UnwrapKey']],
  [CKA.DERIVE, ['DeriveKey']],
]

/** What has its place elsewhere in a request, or is the same for every object here. */
const IMPLIED: readonly number[] = [
  CKA.CLASS,
  CKA.TOKEN,
  CKA.PRIVATE,
  CKA.MODIFIABLE,
  CKA.DESTROYABLE,
  CKA.VALUE,
  CKA.VALUE_LEN,
  CKA.KEY_TYPE,
  CKA.CERTIFICATE_TYPE,
  CKA.MODULUS_BITS,
  CKA.PUBLIC_EXPONENT,
  CKA.EC_PARAMS,
  CKA.LABEL,
  CKA.ID,
  CKA.SENSITIVE,
  CKA.EXTRACTABLE,
]

const KNOWN: ReadonlySet<number> = new Set([...IMPLIED, ...USES.map(([type]) => type)])

const usageIn = (template: Template, otherwise: number): number => {
  const said = USES.map(([type, bits]) => ({ allowed: booleanIn(template, type), bits }))
  if (said.every(({ allowed }) => allowed === undefined)) return otherwise
  return said.reduce(
    (mask, { allowed, bits }) => (allowed === true ? mask | CRYPTOGRAPHIC_USAGE_MASK.of(...bits) : mask),
    0,
  )
}

/**
 * The attributes of an object to be made, which is Active at once: PKCS#11 knows no other. `usage` is what it is for
 * where the template does not say.
 */
export const attributesOf = (template: Template, usage: number, now: number): readonly Attribute[] => {
  for (const type of template.keys()) if (!KNOWN.has(type)) throw new CryptokiError('ATTRIBUTE_TYPE_INVALID')
  const label = template.get(CKA.LABEL)
  const id = template.get(CKA.ID)
  const isSensitive = booleanIn(template, CKA.SENSITIVE)
  const isExtractable = booleanIn(template, CKA.EXTRACTABLE)
  const mask = usageIn(template, usage)
  return [
    { name: 'ActivationDate', value: now },
    ...(mask === 0 ? [] : [{ name: 'CryptographicUsageMask', value: mask } as const]),
    ...(label === undefined || label.length === 0 ? [] : [labelAttribute(label)]),
    ...(id === undefined ? [] : [idAttribute(id)]),
    ...(isSensitive === undefined ? [] : [{ name: 'Sensitive', value: isSensitive } as const]),
    ...(isExtractable === undefined ? [] : [{ name: 'Extractable', value: isExtractable } as const]),
  ]
}

/** What C_SetAttributeValue changes. @throws CryptokiError for anything else */
export const changesOf = (template: Template): readonly Attribute[] =>
  [...template].map(([type, value]) => {
    if (type === CKA.LABEL && value.length > 0) return labelAttribute(value)
    if (type === CKA.ID) return idAttribute(value)
    throw new CryptokiError(KNOWN.has(type) ? 'ATTRIBUTE_READ_ONLY' : 'ATTRIBUTE_TYPE_INVALID')
  })

// What an object is told as ---------------------------------------------------------------------------------------------

const CLASSES: Readonly<Record<ObjectType, number>> = {
  SymmetricKey: CKO.SECRET_KEY,
  SecretData: CKO.SECRET_KEY,
  SplitKey: CKO.SECRET_KEY,
  PublicKey: CKO.PUBLIC_KEY,
  PrivateKey: CKO.PRIVATE_KEY,
  Certificate: CKO.CERTIFICATE,
  Template: CKO.DATA,
  OpaqueObject: CKO.DATA,
  PGPKey: CKO.DATA,
  CertificateRequest: CKO.DATA,
  User: CKO.DATA,
  Group: CKO.DATA,
  PasswordCredential: CKO.DATA,
  DeviceCredential: CKO.DATA,
  OneTimePasswordCredential: CKO.DATA,
  HashedPasswordCredential: CKO.DATA,
}

const KEY_TYPES: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  ['AES', CKK.AES],
  ['DES3', CKK.DES3],
  ['RSA', CKK.RSA],
  ['DSA', CKK.DSA],
  ['EC', CKK.EC],
  ['ECDSA', CKK.EC],
  ['ECDH', CKK.EC],
])

const idOf = ({ id, attributes }: ManagedObject): Buffer => {
  const found = attributes.find(
    (attribute) =>
      attribute.name === 'VendorAttribute' && attribute.vendor === 'PKCS11' && attribute.attributeName === 'CKA_ID',
  )
  return found?.name === 'VendorAttribute' && found.value.type === 'ByteString' ? found.value.value : Buffer.from(id)
}

const isKey = (objectClass: number): boolean => objectClass >= CKO.PUBLIC_KEY

const keyAttributes = ({ attributes }: ManagedObject, objectClass: number): readonly (readonly [number, Buffer])[] => {
  const mask = valueOf(attributes, 'CryptographicUsageMask') ?? 0
  const length = valueOf(attributes, 'CryptographicLength') ?? 0
  const type = KEY_TYPES.get(valueOf(attributes, 'CryptographicAlgorithm')) ?? CKK.GENERIC_SECRET
  return [
    [CKA.KEY_TYPE, ulong(type)],
    [CKA.SENSITIVE, flag(valueOf(attributes, 'Sensitive') ?? false)],
    [CKA.EXTRACTABLE, flag(valueOf(attributes, 'Extractable') ?? true)],
    ...USES.map(([use, bits]) => [use, flag((mask & CRYPTOGRAPHIC_USAGE_MASK.of(...bits)) !== 0)] as const),
    objectClass === CKO.SECRET_KEY ? [CKA.VALUE_LEN, ulong(length / 8)] : [CKA.MODULUS_BITS, ulong(length)],
  ]
}

/** What can be told of an object without its material. */
export const describe = (object: ManagedObject): Template => {
  const objectClass = CLASSES[object.objectType]
  const [name] = instancesOf(object.attributes, 'Name')
  return new Map([
    [CKA.CLASS, ulong(objectClass)],
    [CKA.TOKEN, flag(true)],
    [CKA.PRIVATE, flag(true)],
    [CKA.MODIFIABLE, flag(true)],
    [CKA.DESTROYABLE, flag(true)],
    [CKA.UNIQUE_ID, Buffer.from(object.id)],
    [CKA.ID, idOf(object)],
    [CKA.LABEL, Buffer.from(name?.value.nameValue ?? '')],
    ...(isKey(objectClass) ? keyAttributes(object, objectClass) : []),
  ])
}
