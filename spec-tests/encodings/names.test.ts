import { test } from 'tap'
import { codeOf, fieldOf, hexTag, labelAfter, tableOf, tagName, tagOf } from '../../src/encodings/names.ts'
import { OPERATIONS } from '../../src/operations/registry.generated.ts'
import { ATTRIBUTE_NAMES, attributeRow } from '../../src/protocol/attribute-lookup.ts'
import * as enumerations from '../../src/protocol/enumerations.ts'
import { TAG, TAGS } from '../../src/protocol/tags.ts'
import type { Enumeration } from '../../src/schema/enumeration.ts'
import type { Kind } from '../../src/schema/kind.ts'
import type { Fields } from '../../src/schema/struct.ts'
import { ITEM_TYPE } from '../../src/ttlv/item-type.ts'
import { STRUCTURES } from '../helpers/all-structures.ts'
import { tableFacts } from '../helpers/facts.ts'
import { camelCase } from '../helpers/names.ts'

const TABLES: ReadonlyMap<string, Enumeration> = new Map(
  Object.values(enumerations).map((table: Enumeration) => [table.title, table]),
)

/** Lost in the plain text of the specifications: the exponents are set in superscript. */
const ILLEGIBLE = /GF ?\(2\d+\)/

void test('AME §4.1.2, §4.1.3: every tag of every version has its name, and its hexadecimal form', (t) => {
  for (const [value, name] of tableFacts.tags) {
    t.equal(tagOf(camelCase(name)), Number(value), name)
    t.equal(tagOf(value), Number(value), value)
  }
  t.end()
})

void test('AME §4.1.2: tags without a name are written in hexadecimal', (t) => {
  t.equal(tagName(0x420001), 'ActivationDate')
  t.equal(tagName(0x540001), '0x540001')
  t.equal(hexTag(0x00000a), '0x00000a')
  t.equal(tagOf('0x54FFFF'), 0x54ffff)
  t.equal(tagOf('x540001'), 0x540001, 'as an element of XML')
  for (const text of [
    '',
    '0x',
    '0x54000',
    '0x5400011',
    '540001',
    'activationDate',
    'WELL_KNOWN',
    'toString',
    '__proto__',
  ])
    t.equal(tagOf(text), undefined, text)
  t.end()
})

void test('AME §4.1.3: every name that the standard has had for a value is understood', (t) => {
  for (const [title, rows] of Object.entries(tableFacts.enumerations)) {
    const table = TABLES.get(title)
    if (table === undefined) continue
    for (const [value, name] of rows.filter(([, listed]) => !ILLEGIBLE.test(listed)))
      t.equal(codeOf(table, camelCase(name)), Number(value), `${title}: ${name}`)
  }
  t.end()
})

type Seen = Map<number, Set<string>>

const note = (seen: Seen, visited: Set<unknown>, tag: number, kind: Kind<unknown>): void => {
  if (kind.itemTypes.includes(ITEM_TYPE.Enumeration)) seen.set(tag, (seen.get(tag) ?? new Set()).add(kind.name))
  if (!('fields' in kind) || visited.has(kind)) return
  visited.add(kind)
  walk(seen, visited, kind.fields as Fields)
}

const walk = (seen: Seen, visited: Set<unknown>, fields: Fields): void => {
  for (const { forms } of Object.values(fields)) for (const { tag, kind } of forms) note(seen, visited, tag, kind)
}

void test('AME §4.1.6.7: the names of a field are those of the enumeration that its schema has', (t) => {
  const seen: Seen = new Map()
  const visited = new Set<unknown>()
  for (const { fields } of STRUCTURES) walk(seen, visited, fields)
  for (const { request, response } of OPERATIONS) for (const fields of [request, response]) walk(seen, visited, fields)
  for (const name of ATTRIBUTE_NAMES) note(seen, visited, attributeRow(name).tag, attributeRow(name).kind)
  t.ok(seen.size > 50)
  for (const [tag, kinds] of seen) {
    const names = [...kinds].filter((kind) => TABLES.has(kind))
    for (const name of names) t.equal(tableOf(tag)?.title, name, tagName(tag))
    if (names.length === 0) t.match(tagName(tag), /^(Operation|AttributeReference|AttributeValue|AdjustmentValue)$/)
  }
  t.end()
})

void test('AME §4.1.6.4: the masks of the standard are known by the fields that hold them', (t) => {
  t.equal(tableOf(TAG.CryptographicUsageMask), enumerations.CRYPTOGRAPHIC_USAGE_MASK)
  t.equal(tableOf(TAG.StorageStatusMask), enumerations.STORAGE_STATUS_MASK)
  t.equal(tableOf(TAG.ProtectionStorageMask), enumerations.PROTECTION_STORAGE_MASK)
  t.equal(tableOf(TAG.AttributeReference), TAGS)
  t.equal(tableOf(0x540001), undefined)
  t.end()
})

void test('1.4 §2.1.1: an Attribute Value is what the Attribute Name before it says', (t) => {
  const label = (...items: readonly (readonly [number, string])[]): string | undefined =>
    items.reduce<string | undefined>((before, [tag, text]) => labelAfter(before, tag, () => text), undefined)
  const state = label([TAG.AttributeName, 'State'], [TAG.AttributeIndex, ''])
  t.equal(fieldOf(TAG.AttributeValue, state), TAG.State)
  t.equal(fieldOf(TAG.AttributeValue, label([TAG.AttributeName, 'Object  Type'])), TAG.ObjectType, 'doubled blank')
  t.equal(fieldOf(TAG.AttributeName, state), TAG.AttributeName)
  t.equal(fieldOf(TAG.AttributeValue, undefined), TAG.AttributeValue)
  t.equal(fieldOf(TAG.AttributeValue, label([TAG.AttributeName, 'x-State'])), TAG.AttributeValue)
  const vendor = label([TAG.VendorIdentification, 'ACME'], [TAG.AttributeName, 'State'])
  t.equal(fieldOf(TAG.AttributeValue, vendor), TAG.AttributeValue, 'the word of a vendor')
  t.end()
})
