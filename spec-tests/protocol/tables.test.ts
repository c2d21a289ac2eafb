import { test } from 'tap'
import * as enumerations from '../../src/protocol/enumerations.ts'
import { TAGS } from '../../src/protocol/tags.ts'
import type { EnumRow, Enumeration } from '../../src/schema/enumeration.ts'
import { rankOf, type Version } from '../../src/schema/version.ts'
import { ITEM_TYPE } from '../../src/ttlv/item-type.ts'
import { draftFacts, tableFacts, type TableRow } from '../helpers/facts.ts'
import { camelCase } from '../helpers/names.ts'

/*
 * Tables of src/protocol against the tables of the specifications. Where the two may differ, and why, is said here and
 * nowhere else: a deviation that is not needed any more fails, too.
 */

type Deviation = { readonly why: string; readonly since?: Version; readonly until?: Version; readonly name?: string }

const DEPRECATED: Deviation = {
  why: 'the text marks the code as deprecated, which hides it from a reader of tables: it stays in the list until 1.4',
  until: '1.4',
}
const IN_TEXT_OF_1_0: Deviation = { why: '1.0 lists the curve in its table 198, under another caption', since: '1.0' }
const RENAMED = (name: string): Deviation => ({ why: '2.0 renames it; the newest name counts', name })
const SUFFIX_DROPPED = (name: string): Deviation => ({ why: '2.0 drops the reference to PKCS#1 from the name', name })

/** By title, then by the name in the specification. */
const DEVIATIONS: Readonly<Record<string, Readonly<Record<string, Deviation>>>> = {
  Tag: {
    'Certificate Identifier': DEPRECATED,
    'Certificate Issuer': DEPRECATED,
    'Certificate Issuer Alternative Name': DEPRECATED,
    'Certificate Issuer Distinguished Name': DEPRECATED,
    'Certificate Subject': DEPRECATED,
    'Certificate Subject Alternative Name': DEPRECATED,
    'Certificate Subject Distinguished Name': DEPRECATED,
    Issuer: DEPRECATED,
    'Operation Policy Name': DEPRECATED,
    'Serial Number': DEPRECATED,
  },
  'Key Format Type': {
    'Transparent ECDSA Private Key': DEPRECATED,
    'Transparent ECDSA Public Key': DEPRECATED,
    'Transparent ECDH Private Key': DEPRECATED,
    'Transparent ECDH Public Key': DEPRECATED,
    'Transparent ECMQV Private Key': DEPRECATED,
    'Transparent ECMQV Public Key': DEPRECATED,
  },
  'Object Type': { Template: DEPRECATED },
  'Result Reason': {
    'Object Not Found': { why: 'BL-M-20 of 3.0 has Item Not Found for what is not there', until: '2.1' },
    'Unknown Object Group': { why: 'the draft of 3.0 reserves it', until: '2.1' },
  },
  'Certificate Request Type': { PGP: DEPRECATED },
  'Split Key Method': {
    'Polynomial Sharing GF(216)': { why: 'the exponent is set in superscript', name: 'PolynomialSharingGF2_16' },
    'Polynomial Sharing GF (216)': { why: 'the exponent is set in superscript', name: 'PolynomialSharingGF2_16' },
    'Polynomial Sharing GF (28)': { why: 'the exponent is set in superscript', name: 'PolynomialSharingGF2_8' },
  },
  'Hashing Algorithm': {
    'SHA-3-224': RENAMED('SHA3_224'),
    'SHA-3-256': RENAMED('SHA3_256'),
    'SHA-3-384': RENAMED('SHA3_384'),
    'SHA-3-512': RENAMED('SHA3_512'),
  },
  'Cryptographic Usage Mask': {
    'Content Commitment (Non Repudiation)': {
      why: 'the bracket explains the name; the official test cases have the name without it',
      name: 'ContentCommitment',
    },
  },
  'Digital Signature Algorithm': {
    'MD2 with RSA Encryption (PKCS#1 v1.5)': SUFFIX_DROPPED('MD2WithRSAEncryption'),
    'MD5 with RSA Encryption (PKCS#1 v1.5)': SUFFIX_DROPPED('MD5WithRSAEncryption'),
    'SHA-1 with RSA Encryption (PKCS#1 v1.5)': SUFFIX_DROPPED('SHA_1WithRSAEncryption'),
    'SHA-224 with RSA Encryption (PKCS#1 v1.5)': SUFFIX_DROPPED('SHA_224WithRSAEncryption'),
    'SHA-256 with RSA Encryption (PKCS#1 v1.5)': SUFFIX_DROPPED('SHA_256WithRSAEncryption'),
    'SHA-384 with RSA Encryption (PKCS#1 v1.5)': SUFFIX_DROPPED('SHA_384WithRSAEncryption'),
    'SHA-512 with RSA Encryption (PKCS#1 v1.5)': SUFFIX_DROPPED('SHA_512WithRSAEncryption'),
    'RSASSA-PSS (PKCS#1 v2.1)': SUFFIX_DROPPED('RSASSA_PSS'),
  },
  'Mask Generator': { MFG1: { why: '2.0 misspells MGF1 of 1.4; the test cases of 2.0 do not', name: 'MGF1' } },
  'Recommended Curve': Object.fromEntries(
    ['P', 'K', 'B']
      .flatMap((family) => [163, 192, 224, 233, 256, 283, 384, 409, 521, 571].map((bits) => `${family}-${bits}`))
      .filter((name) => tableFacts.enumerations['Recommended Curve']?.some(([, listed]) => listed === name))
      .map((name) => [name, IN_TEXT_OF_1_0]),
  ),
}

type Expected = { code: number; since: Version; until: Version | undefined }

const later = (a: Version | undefined, b: Version | undefined): Version | undefined =>
  a === undefined || b === undefined ? undefined : rankOf(a) > rankOf(b) ? a : b

const earlier = (a: Version, b: Version): Version => (rankOf(a) < rankOf(b) ? a : b)

/** The facts with the deviations applied: one entry by name, over all the names that a value has had. */
const expectedOf = (title: string, rows: readonly TableRow[]): ReadonlyMap<string, Expected> => {
  const expected = new Map<string, Expected>()
  for (const [value, listed, from, last] of rows) {
    const deviation = DEVIATIONS[title]?.[listed]
    const name = deviation?.name ?? camelCase(listed)
    const since = deviation?.since ?? from
    const until = deviation?.until ?? last ?? undefined
    const before = expected.get(name)
    expected.set(name, {
      code: Number(value),
      since: before === undefined ? since : earlier(before.since, since),
      until: before === undefined ? until : later(before.until, until),
    })
  }
  return expected
}

const shown = (rows: Iterable<readonly [string, Expected]>): readonly string[] =>
  [...rows].map(([name, { code, since, until }]) => `${code.toString(16)} ${name} ${since} to ${until ?? 'now'}`).sort()

const actualOf = (table: Enumeration): readonly (readonly [string, Expected])[] =>
  Object.entries<EnumRow>(table.rows).map(([name, [code, since, until]]) => [name, { code, since, until }])

/** The facts of the published versions and of the draft. */
const withDraft = (rows: readonly TableRow[], added: (typeof draftFacts)['tags'] = []): readonly TableRow[] => [
  ...rows.map(([value, name, since, until]): TableRow => [
    value,
    name,
    since,
    until ?? (rows === tableFacts.tags && draftFacts.withdrawn.includes(name) ? '2.1' : null),
  ]),
  ...added.map(([value, name]): TableRow => [value, name, '3.0', null]),
]

/** Kinds of link that are attributes in 3.0, and have extension codes elsewhere: no table has those. */
const isKindOfLink = ({ title }: Enumeration, [, { since }]: readonly [string, Expected]): boolean =>
  title === 'Link Type' && since === '3.0'

const TABLES: readonly Enumeration[] = Object.values(enumerations)
const FACTS: ReadonlyMap<string, readonly TableRow[]> = new Map(Object.entries(tableFacts.enumerations))

void test('1.4 §9.1.3.1 / 2.1 §11.56: the tags are those of the specifications', (t) => {
  t.same(shown(actualOf(TAGS)), shown(expectedOf('Tag', withDraft(tableFacts.tags, draftFacts.tags))))
  t.end()
})

/** Their values are facts of PKCS#11, of which no table of KMIP says more. */
const ELSEWHERE: ReadonlySet<string> = new Set(['PKCS_11 Function', 'PKCS_11 Return Code'])

for (const table of TABLES.filter(({ title }) => !ELSEWHERE.has(title))) {
  void test(`1.4 §9.1.3.2 and .3 / 2.1 §11 and §12: ${table.title} is that of the specifications`, (t) => {
    const expected = withDraft(FACTS.get(table.title) ?? [], draftFacts.enumerations[table.title])
    const actual = actualOf(table).filter((row) => !isKindOfLink(table, row))
    t.same(shown(actual), shown(expectedOf(table.title, expected)))
    t.end()
  })
}

void test('1.4 §9.1.3 / 2.1 §11: every enumeration of the specifications has a table', (t) => {
  const titles = new Set(TABLES.map(({ title }) => title))
  t.same(
    [...FACTS.keys()].filter((title) => !titles.has(title)),
    ['Item Type'],
    'item types stand in src/ttlv',
  )
  t.same(
    [...titles].filter((title) => !FACTS.has(title) && !ELSEWHERE.has(title) && !(title in draftFacts.enumerations)),
    ['Opaque Data Type'],
    'the standard defines extensions of it only',
  )
  t.equal(titles.size, TABLES.length, 'no title twice')
  t.end()
})

void test('1.4 §9.1.1.2: the item types are those of the specifications', (t) => {
  const listed = FACTS.get('Item Type')?.map(([code, name]) => [camelCase(name), Number(code)]) ?? []
  t.equal(listed.length, 10)
  t.match(ITEM_TYPE, Object.fromEntries(listed))
  t.end()
})

void test('every deviation names a row of the specifications', (t) => {
  for (const [title, deviations] of Object.entries(DEVIATIONS)) {
    const rows = title === 'Tag' ? tableFacts.tags : (FACTS.get(title) ?? [])
    for (const name of Object.keys(deviations)) {
      const row = rows.find(([, listed]) => listed === name)
      const deviation = deviations[name]
      t.ok(row, `${title}: ${name}`)
      t.notSame(
        [deviation?.name ?? camelCase(name), deviation?.since ?? row?.[2], deviation?.until ?? row?.[3]],
        [camelCase(name), row?.[2], row?.[3]],
        'and is one',
      )
    }
  }
  t.end()
})

void test('2.1 §11.38, §11.39: functions and return codes of PKCS#11 have its numbers', (t) => {
  // Of CK_FUNCTION_LIST in pkcs11f.h and CKR_ in pkcs11t.h, versions 2.40 and 3.0.
  const functions = {
    C_Initialize: 1,
    C_GetInfo: 3,
    C_Login: 19,
    C_Encrypt: 31,
    C_WaitForSlotEvent: 68,
    C_LoginUser: 71,
  }
  t.match(enumerations.PKCS_11_FUNCTION.code, { ...functions, C_MessageVerifyFinal: 92 })
  const codes = { OK: 0, GENERAL_ERROR: 5, FUNCTION_NOT_SUPPORTED: 0x54, PIN_INCORRECT: 0xa0, BUFFER_TOO_SMALL: 0x150 }
  t.match(enumerations.PKCS_11_RETURN_CODE.code, { ...codes, CRYPTOKI_NOT_INITIALIZED: 0x190 })
  t.end()
})

void test('no code stands for two names of one table', (t) => {
  const tables: readonly Enumeration[] = [TAGS, ...TABLES]
  for (const table of tables) {
    const codes = table.names.map((name) => table.rows[name]?.[0])
    t.equal(new Set(codes).size, codes.length, table.title)
    for (const name of table.names) t.equal(table.nameOf(table.code[name] ?? -1), name)
  }
  t.end()
})
