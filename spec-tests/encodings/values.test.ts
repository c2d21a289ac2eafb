import { test } from 'tap'
import { EncodingError } from '../../src/encodings/encoding-error.ts'
import { json } from '../../src/encodings/json.ts'
import { xml } from '../../src/encodings/xml.ts'

/*
 * Single values: what each is in TTLV, how JSON and XML write it, and what else they may write. Examples of the text
 * (Additional Message Encodings 1.0, sections 4.1.6 and 6.1.6) are among them.
 */

const LIMITS = { maxBytes: 10_000, maxDepth: 4, maxItems: 10 }

type Row = {
  readonly title: string
  readonly tag: string
  readonly type: string
  /** TTLV without tag. */
  readonly ttlv: string
  /** As it is written. */
  readonly json: string
  readonly xml: string
  /** What means the same. */
  readonly alsoJson?: readonly string[]
  readonly alsoXml?: readonly string[]
  readonly badJson?: readonly string[]
  readonly badXml?: readonly string[]
}

const ROWS: readonly Row[] = [
  {
    title: 'Integer',
    tag: 'BatchCount',
    type: 'Integer',
    ttlv: '02000000040000000a00000000',
    json: '10',
    xml: '10',
    alsoJson: ['"0x0000000A"', '"0x0000000a"', '1e1'],
    alsoXml: ['+10', '010', '0x0000000a'],
    badJson: ['"10"', '10.5', '2147483648', '-2147483649', '"0x0a"', '"0x00000000a"', 'true', 'null', '[]', '"Sign"'],
    badXml: ['', 'ten', '1e1', '10.0', '2147483648', '0x0a', '99999999999999999999999999', ' 10', '1 0'],
  },
  {
    title: 'Integer, negative',
    tag: 'BatchCount',
    type: 'Integer',
    ttlv: '0200000004ffffffff00000000',
    json: '-1',
    xml: '-1',
    alsoJson: ['"0xffffffff"'],
    alsoXml: ['0xffffffff'],
  },
  {
    title: 'a mask',
    tag: 'CryptographicUsageMask',
    type: 'Integer',
    ttlv: '02000000040000000c00000000',
    json: '"Encrypt|Decrypt"',
    xml: 'Encrypt Decrypt',
    alsoJson: ['"0x0000000c"', '12', '"Decrypt|Encrypt"', '"Encrypt|0x00000008"', '"Decrypt|0x0000004"'],
    alsoXml: ['0x0000000c', '12', 'Decrypt   Encrypt', 'Encrypt 0x00000008', 'Decrypt 0x0000004'],
    badJson: ['"Encrypt Decrypt"', '"Encrypt|"', '"Encrypt|Fly"', '"|"', '""', '"0x00000000c"', '"Encrypt|12"'],
    badXml: ['Encrypt|Decrypt', 'Encrypt Fly', ' ', 'encrypt', 'Encrypt 12'],
  },
  {
    title: 'a mask with bits that have no name',
    tag: 'CryptographicUsageMask',
    type: 'Integer',
    ttlv: '02000000048000000100000000',
    json: '"Sign|0x80000000"',
    xml: 'Sign 0x80000000',
  },
  {
    title: 'an empty mask',
    tag: 'StorageStatusMask',
    type: 'Integer',
    ttlv: '02000000040000000000000000',
    json: '0',
    xml: '0',
  },
  {
    title: 'Long Integer',
    tag: '0x540001',
    type: 'LongInteger',
    ttlv: '0300000008fffffffffffffffe',
    json: '-2',
    xml: '-2',
    alsoJson: ['"0xfffffffffffffffe"'],
    alsoXml: ['0xfffffffffffffffe'],
    badJson: ['"-2"', '4503599627370496', '-4503599627370496', '1e300', '0.5', '"0xfffffffe"', '{}'],
    badXml: ['9223372036854775808', '-9223372036854775809', 'fffffffffffffffe', '-0xf'],
  },
  {
    title: 'Long Integer of 2^60',
    tag: 'UsageLimitsCount',
    type: 'LongInteger',
    ttlv: '03000000081000000000000000',
    json: '"0x1000000000000000"',
    xml: '1152921504606846976',
  },
  {
    title: 'Long Integer of 2^52',
    tag: 'UsageLimitsCount',
    type: 'LongInteger',
    ttlv: '03000000080010000000000000',
    json: '"0x0010000000000000"',
    xml: '4503599627370496',
  },
  {
    title: 'Big Integer',
    tag: 'X',
    type: 'BigInteger',
    ttlv: '04000000080000000000000000',
    json: '"0x0000000000000000"',
    xml: '0000000000000000',
    alsoJson: ['0'],
    alsoXml: ['0x0000000000000000'],
    badJson: [
      '"0000000000000000"',
      '"0x"',
      '"0x00000000000000"',
      '"0x00000000000000000"',
      '4503599627370496',
      '"0xg000000000000000"',
    ],
    badXml: ['', '0x', '00', '0', '000000000000000g', '-0000000000000001'],
  },
  {
    title: 'Big Integer, negative and long',
    tag: 'X',
    type: 'BigInteger',
    ttlv: '0400000010ffffffffffffffff0000000000000001',
    json: '"0xffffffffffffffff0000000000000001"',
    xml: 'ffffffffffffffff0000000000000001',
    alsoXml: ['FFFFFFFFFFFFFFFF0000000000000001'],
  },
  {
    title: 'Enumeration',
    tag: 'ObjectType',
    type: 'Enumeration',
    ttlv: '05000000040000000200000000',
    json: '"SymmetricKey"',
    xml: 'SymmetricKey',
    alsoJson: ['2', '"0x00000002"'],
    alsoXml: ['0x00000002'],
    badJson: [
      '"Symmetric Key"',
      '"symmetrickey"',
      '"2"',
      '-1',
      '4294967296',
      '1.5',
      'true',
      '"0x02"',
      '"constructor"',
      '""',
    ],
    badXml: ['2', 'Symmetric Key', '', 'SymmetricKey Certificate', 'constructor'],
  },
  {
    title: 'Enumeration, extension of a vendor',
    tag: 'OpaqueDataType',
    type: 'Enumeration',
    ttlv: '05000000048012345600000000',
    json: '"0x80123456"',
    xml: '0x80123456',
    alsoJson: ['2148676694'],
  },
  {
    title: 'Enumeration of a field that has none',
    tag: '0x540002',
    type: 'Enumeration',
    ttlv: '05000000040000000100000000',
    json: '"0x00000001"',
    xml: '0x00000001',
    badJson: ['"AES"'],
    badXml: ['AES'],
  },
  {
    title: 'a tag as the value of an enumeration',
    tag: 'AttributeReference',
    type: 'Enumeration',
    ttlv: '05000000040042002a00000000',
    json: '"CryptographicLength"',
    xml: 'CryptographicLength',
    alsoJson: ['"0x0042002a"'],
    badJson: ['"0x42002a"', '"Cryptographic Length"'],
  },
  {
    title: 'Boolean',
    tag: 'BatchOrderOption',
    type: 'Boolean',
    ttlv: '06000000080000000000000001',
    json: 'true',
    xml: 'true',
    alsoJson: ['"0x0000000000000001"'],
    alsoXml: ['1'],
    badJson: ['"true"', '1', '"0x0000000000000002"', '"0x1"', 'True', 'null'],
    badXml: ['TRUE', 'yes', '2', '', '0x0000000000000001'],
  },
  {
    title: 'Boolean, false',
    tag: 'BatchOrderOption',
    type: 'Boolean',
    ttlv: '06000000080000000000000000',
    json: 'false',
    xml: 'false',
    alsoJson: ['"0x0000000000000000"'],
    alsoXml: ['0'],
  },
  {
    title: 'Text String',
    tag: 'AttributeName',
    type: 'TextString',
    ttlv: '0700000003c3a9220000000000',
    json: '"é\\""',
    xml: 'é&quot;',
    alsoJson: ['"\\u00e9\\u0022"'],
    alsoXml: ['&#233;&#x22;'],
    badJson: ['1', '"\\ud800"', '"\\x"', '"a\nb"', "'a'", 'null', 'true'],
    badXml: ['&e;', '&#0;', '&#xd800;', '<'],
  },
  {
    title: 'Text String of blanks',
    tag: 'AttributeName',
    type: 'TextString',
    ttlv: '070000000420090a0d00000000',
    json: '" \\t\\n\\r"',
    xml: ' &#9;&#10;&#13;',
  },
  {
    title: 'Text String, empty',
    tag: 'AttributeName',
    type: 'TextString',
    ttlv: '0700000000',
    json: '""',
    xml: '',
  },
  {
    title: 'Byte String',
    tag: 'MACSignature',
    type: 'ByteString',
    ttlv: '0800000003c50f770000000000',
    json: '"c50f77"',
    xml: 'c50f77',
    alsoJson: ['"C50F77"'],
    alsoXml: ['C50F77'],
    badJson: ['"0xc50f77"', '"c50f7"', '"c5 0f 77"', '"xQ93"', '12', '[197,15,119]'],
    badXml: ['0xc50f77', 'c50f7', 'c50f77 ', 'xQ93'],
  },
  {
    title: 'Byte String, empty',
    tag: 'MACSignature',
    type: 'ByteString',
    ttlv: '0800000000',
    json: '""',
    xml: '',
  },
  {
    title: 'Date Time',
    tag: 'ArchiveDate',
    type: 'DateTime',
    ttlv: '0900000008000000003a4fc880',
    json: '"2001-01-01T00:00:00+00:00"',
    xml: '2001-01-01T00:00:00+00:00',
    alsoJson: [
      '"0x000000003a4fc880"',
      '"2001-01-01T10:00:00+10:00"',
      '"2000-12-31T14:00:00-10:00"',
      '"2001-01-01T00:00:00Z"',
      '"2001-01-01T00:00:00"',
      '"2001-01-01T00:00:00.999Z"',
    ],
    alsoXml: ['0x000000003a4fc880', '2001-01-01T10:00:00+10:00', '2001-01-01T00:00:00.5Z'],
    badJson: [
      '978307200',
      '"2001-01-01"',
      '"2001-02-29T00:00:00Z"',
      '"2001-13-01T00:00:00Z"',
      '"2001-00-01T00:00:00Z"',
      '"2001-01-01T24:00:00Z"',
      '"2001-01-01T00:60:00Z"',
      '"2001-01-01T00:00:60Z"',
      '"2001-01-01T00:00:00+15:00"',
      '"2001-01-01 00:00:00Z"',
      '"01-01-01T00:00:00Z"',
      '"2001-01-01T00:00:00.Z"',
      '"0x3a4fc880"',
      '"0x7fffffffffffffff"',
      '"yesterday"',
    ],
    badXml: ['', 'now', '978307200', '2001-1-1T00:00:00Z'],
  },
  {
    title: 'Date Time before 1970',
    tag: 'ArchiveDate',
    type: 'DateTime',
    ttlv: '0900000008ffffffffffffffff',
    json: '"1969-12-31T23:59:59+00:00"',
    xml: '1969-12-31T23:59:59+00:00',
    alsoJson: ['"0xffffffffffffffff"', '"1969-12-31T23:59:59.9Z"'],
  },
  {
    title: 'Date Time after 9999',
    tag: 'ArchiveDate',
    type: 'DateTime',
    ttlv: '0900000008000000ffffffffff',
    json: '"0x000000ffffffffff"',
    xml: '0x000000ffffffffff',
    alsoJson: ['"36812-02-20T00:36:15Z"'],
  },
  {
    title: 'Date Time in the year before the first',
    tag: 'ArchiveDate',
    type: 'DateTime',
    ttlv: '0900000008fffffff1868b8400',
    json: '"0xfffffff1868b8400"',
    xml: '0xfffffff1868b8400',
    alsoJson: ['"0000-01-01T00:00:00Z"'],
  },
  {
    title: 'Interval',
    tag: 'Offset',
    type: 'Interval',
    ttlv: '0a00000004ffffffff00000000',
    json: '4294967295',
    xml: '4294967295',
    alsoJson: ['"0xffffffff"'],
    alsoXml: ['0xffffffff'],
    badJson: ['-1', '4294967296', '"27"', '0.1'],
    badXml: ['-1', '4294967296', 'P1D', ''],
  },
  {
    title: 'Date Time Extended',
    tag: '0x540003',
    type: 'DateTimeExtended',
    ttlv: '0b00000008000379c3e5232001',
    json: '"2001-01-01T00:00:00.000001+00:00"',
    xml: '2001-01-01T00:00:00.000001+00:00',
    alsoJson: ['"0x000379c3e5232001"', '"2001-01-01T10:00:00.0000019+10:00"'],
    badJson: ['1', '"2001-01-01"', '"0x1"'],
    badXml: ['1', ''],
  },
  {
    title: 'Date Time Extended before 1970',
    tag: '0x540003',
    type: 'DateTimeExtended',
    ttlv: '0b00000008ffffffffffffffff',
    json: '"1969-12-31T23:59:59.999999+00:00"',
    xml: '1969-12-31T23:59:59.999999+00:00',
  },
  {
    title: 'Date Time Extended that no date reaches',
    tag: '0x540003',
    type: 'DateTimeExtended',
    ttlv: '0b000000087fffffffffffffff',
    json: '"0x7fffffffffffffff"',
    xml: '0x7fffffffffffffff',
  },
]

const NAMED: ReadonlyMap<string, string> = new Map([
  ['BatchCount', '42000d'],
  ['CryptographicUsageMask', '42002c'],
  ['StorageStatusMask', '42008e'],
  ['UsageLimitsCount', '420096'],
  ['X', '42009f'],
  ['ObjectType', '420057'],
  ['OpaqueDataType', '420059'],
  ['AttributeReference', '42013b'],
  ['BatchOrderOption', '420010'],
  ['AttributeName', '42000a'],
  ['MACSignature', '42004d'],
  ['ArchiveDate', '420005'],
  ['Offset', '420058'],
])

const bytesOf = ({ tag, ttlv }: Row): Buffer => Buffer.from(`${NAMED.get(tag) ?? tag.slice(2)}${ttlv}`, 'hex')

const inJson = ({ tag, type }: Row, value: string): string => `{"tag":"${tag}","type":"${type}","value":${value}}`

const inXml = ({ tag, type }: Row, value: string): string =>
  `<${tag.startsWith('0x') ? `TTLV tag="${tag}"` : tag} type="${type}" value="${value}"/>`

for (const row of ROWS) {
  void test(`AME §4.1.6: ${row.title} in JSON`, (t) => {
    t.equal(json.fromTtlv(bytesOf(row)), inJson(row, row.json), 'written')
    for (const value of [row.json, ...(row.alsoJson ?? [])])
      t.equal(json.toTtlv(inJson(row, value), LIMITS).toString('hex'), bytesOf(row).toString('hex'), value)
    for (const value of row.badJson ?? []) t.throws(() => json.toTtlv(inJson(row, value), LIMITS), EncodingError, value)
    t.end()
  })

  void test(`AME §6.1.6: ${row.title} in XML`, (t) => {
    t.equal(xml.fromTtlv(bytesOf(row)), inXml(row, row.xml), 'written')
    for (const value of [row.xml, ...(row.alsoXml ?? [])])
      t.equal(xml.toTtlv(inXml(row, value), LIMITS).toString('hex'), bytesOf(row).toString('hex'), value)
    for (const value of row.badXml ?? []) t.throws(() => xml.toTtlv(inXml(row, value), LIMITS), EncodingError, value)
    t.end()
  })
}

void test('AME §6.1.6.9: a text that XML cannot hold is not written as something else', (t) => {
  for (const hex of ['00', '07', '1b', 'efbfbe', 'efbfbf']) {
    const length = hex.length / 2
    const bytes = Buffer.from(`42000a070000000${length}${hex.padEnd(16, '0')}`, 'hex')
    t.throws(() => xml.fromTtlv(bytes), EncodingError, hex)
    t.ok(json.toTtlv(json.fromTtlv(bytes), LIMITS).equals(bytes), 'JSON can')
  }
  t.end()
})

void test('1.4 §2.1.1: values of 1.x attributes by their names', (t) => {
  const attribute = (name: string, type: string, value: string) =>
    `{"tag":"Attribute","value":[{"tag":"AttributeName","type":"TextString","value":"${name}"},{"tag":"AttributeValue","type":"${type}","value":${value}}]}`
  const same = (a: string, b: string): void =>
    void t.equal(json.toTtlv(a, LIMITS).toString('hex'), json.toTtlv(b, LIMITS).toString('hex'), a)
  same(attribute('State', 'Enumeration', '"Active"'), attribute('State', 'Enumeration', '2'))
  same(
    attribute('Cryptographic Usage Mask', 'Integer', '"Sign|Verify"'),
    attribute('Cryptographic Usage Mask', 'Integer', '3'),
  )
  t.throws(() => json.toTtlv(attribute('State', 'Enumeration', '"AES"'), LIMITS), EncodingError)
  t.throws(() => json.toTtlv(attribute('x-State', 'Enumeration', '"Active"'), LIMITS), EncodingError)
  const written = attribute('State', 'Enumeration', '"Active"')
  t.equal(json.fromTtlv(json.toTtlv(written, LIMITS)), written)
  t.end()
})
