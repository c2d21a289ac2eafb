import { attributeByLabel } from '../protocol/attribute-lookup.ts'
import * as enumerations from '../protocol/enumerations.ts'
import { TAG, TAGS } from '../protocol/tags.ts'
import type { Enumeration } from '../schema/enumeration.ts'

/*
 * Names of tags and of values (Additional Message Encodings 1.0, sections 4.1.2, 4.1.3 and 6.1.3). The tables of
 * src/protocol have them in the CamelCase of the standard already.
 */

const TAG_DIGITS = 6

/** 0x and six digits; XML writes x where an element needs a name (section 6.1.6.5). */
const HEX_TAG = /^0?x([0-9a-f]{6})$/i

export const hexTag = (tag: number): string => `0x${tag.toString(16).padStart(TAG_DIGITS, '0')}`

/** The name of a tag; its hexadecimal form where it has none. */
export const tagName = (tag: number): string => TAGS.nameOf(tag) ?? hexTag(tag)

/** The tag that a text means, or undefined: a name that is not known cannot be skipped. */
export const tagOf = (text: string): number | undefined => {
  if (TAGS.has(text)) return TAGS.code[text]
  const digits = HEX_TAG.exec(text)?.[1]
  return digits === undefined ? undefined : Number.parseInt(digits, 16)
}

const byTitle: ReadonlyMap<string, Enumeration> = new Map(
  Object.values(enumerations).map((table: Enumeration) => [table.title.replaceAll(' ', ''), table]),
)

/** Fields whose values have their names in a table that is called otherwise. */
const TABLE_OF: Readonly<Record<string, string>> = {
  MaskGeneratorHashingAlgorithm: 'HashingAlgorithm',
  LinkedObjectIdentifier: 'UniqueIdentifier',
  PasswordSaltAlgorithm: 'CryptographicAlgorithm',
  OTPDigest: 'CryptographicAlgorithm',
}

/** The enumeration or mask that the values of a field come from; tags are the values of an Attribute Reference. */
export const tableOf = (field: number): Enumeration | undefined => {
  if (field === TAG.AttributeReference) return TAGS
  const name = TAGS.nameOf(field)
  return name === undefined ? undefined : byTitle.get(TABLE_OF[name] ?? name.replace(/^.*(?=UniqueIdentifier$)/, ''))
}

/** Names that older texts or the test cases have for a value that is called otherwise today: read, never written. */
const OLDER_NAMES: Readonly<Record<string, string>> = {
  NotAuthorized: 'NotAuthorised',
  ContentCommitmentNonRepudiation: 'ContentCommitment',
  MFG1: 'MGF1',
  SHA_3_224: 'SHA3_224',
  SHA_3_256: 'SHA3_256',
  SHA_3_384: 'SHA3_384',
  SHA_3_512: 'SHA3_512',
  MD2WithRSAEncryptionPKCS_1V1_5: 'MD2WithRSAEncryption',
  MD5WithRSAEncryptionPKCS_1V1_5: 'MD5WithRSAEncryption',
  SHA_1WithRSAEncryptionPKCS_1V1_5: 'SHA_1WithRSAEncryption',
  SHA_224WithRSAEncryptionPKCS_1V1_5: 'SHA_224WithRSAEncryption',
  SHA_256WithRSAEncryptionPKCS_1V1_5: 'SHA_256WithRSAEncryption',
  SHA_384WithRSAEncryptionPKCS_1V1_5: 'SHA_384WithRSAEncryption',
  SHA_512WithRSAEncryptionPKCS_1V1_5: 'SHA_512WithRSAEncryption',
  RSASSA_PSSPKCS_1V2_1: 'RSASSA_PSS',
}

/** The code of a name in a table, by any name that the standard has had for it. */
export const codeOf = (table: Enumeration, name: string): number | undefined => {
  if (table.has(name)) return table.code[name]
  const newer = OLDER_NAMES[name]
  return newer !== undefined && table.has(newer) ? table.code[newer] : undefined
}

/*
 * What a value is: the Attribute Value of 1.x is what the Attribute Name before it says (1.4 section 2.1.1), all others
 * are what their tag says. The label is kept while the items of a structure pass by in their order.
 */

/** Stands for a name that a vendor has given: it means what the vendor says (2.1 section 4.60). */
const VENDORS = ''

/** The label after an item has passed; `text` is its value where it is an Attribute Name. */
export const labelAfter = (label: string | undefined, tag: number, text: () => string | undefined) => {
  if (tag === TAG.VendorIdentification) return VENDORS
  return tag === TAG.AttributeName ? (label ?? text()) : label
}

/** The tag that says how a value is to be understood. */
export const fieldOf = (tag: number, label: string | undefined): number => {
  if (tag !== TAG.AttributeValue || label === undefined) return tag
  // Cases of 1.0 to 1.2 double the blanks of a name.
  const name = attributeByLabel(label.replace(/\s+/g, ' '))
  return name !== undefined && TAGS.has(name) ? TAGS.code[name] : tag
}
