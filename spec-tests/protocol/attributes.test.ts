import { test } from 'tap'
import { ATTRIBUTE_NAMES, attributeByLabel, attributeByTag, attributeRow } from '../../src/protocol/attribute-lookup.ts'
import type { AttributeRow, Permission } from '../../src/protocol/attribute.ts'
import { ATTRIBUTES, type AttributeName } from '../../src/protocol/attributes.ts'
import { OBJECT_TYPE, OPERATION } from '../../src/protocol/enumerations.ts'
import { TAGS } from '../../src/protocol/tags.ts'
import { DRAFT_VERSION, inRange, VERSIONS } from '../../src/schema/version.ts'
import { draftFacts, ruleFacts, type RuleRow, tableFacts } from '../helpers/facts.ts'
import { camelCase } from '../helpers/names.ts'

/** Certificate Attributes stand in 2.x as one entry for all of them (2.1 §4.6); Custom Attribute is no row of ours. */
const isCertificateAttribute = (name: AttributeName): boolean => /^Certificate(Subject|Issuer)./.test(name)
const NOT_ROWS = new Set(['Custom Attribute', 'Certificate Attributes'])

/** Spellings of a name that differ between the texts. */
const labelOf = (listed: string): string =>
  ATTRIBUTE_NAMES.map((name) => ATTRIBUTES[name].label).find((label) => label.toLowerCase() === listed.toLowerCase()) ??
  listed

const rowsOf = (name: AttributeName): readonly RuleRow[] =>
  attributeRow(name).since === DRAFT_VERSION && !isCertificateAttribute(name) ? [draftRow(name)] : publishedRows(name)

/** The draft has one table for all counters (3.0 section 4.13). */
const draftRow = (name: AttributeName): RuleRow => {
  const { label } = ATTRIBUTES[name]
  const row = draftFacts.rules[label] ?? draftFacts.rules[label.replace(/^.* Counter$/, 'Counters')]
  if (row === undefined) throw new TypeError(`no rules for ${name}`)
  return row
}

const publishedRows = (name: AttributeName): readonly RuleRow[] =>
  VERSIONS.flatMap((version) => {
    const rules = ruleFacts.rules[version]
    if (isCertificateAttribute(name))
      return rules['Certificate Attributes'] === undefined ? [] : [rules['Certificate Attributes']]
    const listed = Object.keys(rules).find((candidate) => labelOf(candidate) === ATTRIBUTES[name].label)
    const row = listed === undefined ? undefined : rules[listed]
    return row === undefined ? [] : [row]
  })

/** The rules of the newest version that has the attribute: those are the ones that hold for all. */
const newest = (name: AttributeName): RuleRow => {
  const row = rowsOf(name).at(-1)
  if (row === undefined) throw new TypeError(`no rules for ${name}`)
  return row
}

for (const version of VERSIONS) {
  void test(`1.4 §3 / 2.1 §4: the attributes of ${version} are those of the specification`, (t) => {
    const listed = Object.keys(ruleFacts.rules[version]).filter((name) => !NOT_ROWS.has(name))
    const known = ATTRIBUTE_NAMES.filter(
      (name) => inRange(version, attributeRow(name)) && !isCertificateAttribute(name),
    )
    t.same(known.map((name) => ATTRIBUTES[name].label).sort(), listed.map(labelOf).sort())
    const has = ruleFacts.rules[version]['Certificate Attributes'] !== undefined
    t.equal(inRange(version, ATTRIBUTES.CertificateSubjectCN), has)
    t.end()
  })
}

const PERMISSION: Readonly<Record<Permission, RegExp>> = {
  yes: /^Yes$/,
  no: /^No\b/,
  'pre-active': /^Yes, only while in Pre-Active state$/,
  'not-deactivated': /^Yes, only while in Pre-Active or Active state$/,
  'until-reached':
    /^Yes, only while in Pre-Active or Active state and as long as the .* Date has (not been|been not) reached\.$/,
  unused: /^Yes.*as long as Get Usage Allocation has not been performed/,
}

const SET_BY: Readonly<Record<AttributeRow<unknown>['setBy'], RegExp>> = {
  client: /^Client$/,
  server: /^Server$/,
  either: /^(Client .*or Server|Server .*or Client)/,
}

const OBJECTS: Readonly<Record<string, readonly string[]>> = {
  'All Objects': OBJECT_TYPE.names,
  Certificates: ['Certificate'],
  'X.509 Certificates': ['Certificate'],
  'Certificates, PGP keys': ['Certificate', 'PGPKey'],
  'Opaque Objects': ['OpaqueObject'],
  'Public Keys, Private Keys': ['PublicKey', 'PrivateKey'],
  'Credential Objects': [
    'Certificate',
    'PasswordCredential',
    'DeviceCredential',
    'OneTimePasswordCredential',
    'HashedPasswordCredential',
  ],
  'Cryptographic Objects': [
    ...['Certificate', 'SymmetricKey', 'PublicKey', 'PrivateKey', 'SplitKey', 'SecretData', 'PGPKey'],
  ],
}

const OPERATION_NAME = new RegExp(
  [...(tableFacts.enumerations['Operation'] ?? []), ...(draftFacts.enumerations['Operation'] ?? [])]
    .map(([, name]) => `\\b${name}\\b`)
    .sort((a, b) => b.length - a.length)
    .join('|'),
  'gi',
)

/** The operations that a text names, each once: there are commas missing and names twice in the tables. */
const operationsIn = (text: string): readonly string[] => [
  ...new Set([...text.matchAll(OPERATION_NAME)].map(([name]) => name.replace(/[- ]/g, '').toLowerCase())),
]

for (const name of ATTRIBUTE_NAMES) {
  const row = attributeRow(name)
  void test(`1.4 §3 / 2.1 §4: rules of ${row.label}`, (t) => {
    const [always, setBy, modifies, deletes, multiple, implicit, objectTypes] = newest(name)
    t.equal(row.always, /^Yes/.test(always), 'SHALL always have a value')
    t.match(setBy, SET_BY[row.setBy], 'set by')
    t.match(modifies, PERMISSION[row.clientModifies], 'modifiable by client')
    t.match(deletes, PERMISSION[row.clientDeletes], 'deletable by client')
    t.equal(row.multiple, /^Yes/.test(multiple), 'multiple instances')
    t.same(row.objectTypes, OBJECTS[objectTypes], 'object types')
    t.same(
      row.implicit.map((operation) => operation.toLowerCase()).sort(),
      [...operationsIn(implicit)].sort(),
      'implicitly set',
    )
    t.ok(row.implicit.every((operation) => OPERATION.has(operation)))
    t.end()
  })
}

void test('1.4 §3 / 2.1 §11.56: an attribute has the tag of its name, and its label says the same', (t) => {
  for (const name of ATTRIBUTE_NAMES) {
    const { tag, label } = ATTRIBUTES[name]
    t.equal(TAGS.nameOf(tag), name)
    t.equal(camelCase(label), name, label)
    t.equal(attributeByTag(tag), name)
    t.equal(attributeByLabel(label), name)
  }
  t.end()
})

void test('1.4 §9.1.3.1 / 2.1 §11.56: an attribute is in no version that lacks its tag', (t) => {
  for (const name of ATTRIBUTE_NAMES) {
    for (const version of VERSIONS) {
      if (inRange(version, attributeRow(name))) t.ok(TAGS.knownIn(name, version), `${name} in ${version}`)
    }
  }
  t.end()
})

void test('1.4 §2.1.1: names that no version has mean nothing', (t) => {
  for (const label of ['', 'name', 'NAME', 'Name ', 'Cryptographic  Length', 'constructor', '__proto__', 'x-Name']) {
    t.equal(attributeByLabel(label), undefined, label)
  }
  t.equal(attributeByTag(0x42000b), undefined, 'the tag of no attribute')
  t.end()
})
