import * as enumerations from '../../src/protocol/enumerations.ts'
import { attributeByLabel } from '../../src/protocol/attribute-lookup.ts'
import { TAGS } from '../../src/protocol/tags.ts'
import type { Enumeration } from '../../src/schema/enumeration.ts'
import { ITEM_TYPE } from '../../src/ttlv/item-type.ts'

/* Names of the cases to codes of the wire, by the tables of the protocol. */

const isTable = (value: unknown): value is Enumeration =>
  typeof value === 'object' && value !== null && 'nameOf' in value

const tables: ReadonlyMap<string, Enumeration> = new Map(
  Object.values(enumerations)
    .filter(isTable)
    .map((table) => [table.title.replaceAll(' ', ''), table]),
)

/** Fields whose enumeration has another name than they. */
const TABLE_OF: Readonly<Record<string, string>> = {
  MaskGeneratorHashingAlgorithm: 'HashingAlgorithm',
  LinkedObjectIdentifier: 'UniqueIdentifier',
  PrivateKeyUniqueIdentifier: 'UniqueIdentifier',
  PublicKeyUniqueIdentifier: 'UniqueIdentifier',
  Correlation: 'UniqueIdentifier',
}

/** Names that the cases spell in their own way. */
const SPELLINGS: Readonly<Record<string, string>> = { NotAuthorized: 'NotAuthorised' }

export const tagOf = (name: string, tag: string | undefined): number => {
  if (tag !== undefined) return Number(tag)
  if (TAGS.has(name)) return TAGS.code[name]
  throw new Error(`no tag ${name}`)
}

const tableFor = (field: string): Enumeration | undefined => tables.get(TABLE_OF[field] ?? field)

/** The code of an enumeration or the bits of a mask; `field` is the tag or, in 1.x, the attribute that has the value. */
export const codeOf = (field: string, value: string): number => {
  if (/^-?(0x[0-9a-f]+|\d+)$/i.test(value)) return Number(value)
  if (field === 'AttributeReference' || field === 'Tag') return tagOf(value, undefined)
  if (field === 'ExtensionType') return ITEM_TYPE[value as keyof typeof ITEM_TYPE]
  const table = tableFor(field)
  if (table === undefined) throw new Error(`no enumeration ${field}`)
  return value.split(/[ |]+/).reduce((code, part) => {
    const name = SPELLINGS[part] ?? part
    if (!table.has(name)) throw new Error(`no ${part} in ${field}`)
    return code | (new Map(Object.entries(table.code)).get(name) ?? 0)
  }, 0)
}

/** The field that an Attribute Value of 1.x is, by its Attribute Name. */
export const fieldOfLabel = (label: string): string => attributeByLabel(label.replace(/\s+/g, ' ')) ?? label
