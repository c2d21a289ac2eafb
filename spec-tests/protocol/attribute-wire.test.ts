import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { test } from 'tap'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import {
  attributeList,
  attributeRef,
  attributeRefs,
  attributesBare,
  currentAttribute,
  echoAttribute,
  newAttribute,
} from '../../src/protocol/attribute-wire.ts'
import { TAG } from '../../src/protocol/tags.ts'
import { struct } from '../../src/schema/struct.ts'
import type { Version } from '../../src/schema/version.ts'
import { ITEM_TYPE } from '../../src/ttlv/item-type.ts'
import { scan } from '../../src/ttlv/scan.ts'
import { arbitraryAttribute, plain } from '../helpers/arbitrary.ts'
import { hex, item, structure, written } from '../helpers/ttlv.ts'
import { thrown } from '../helpers/thrown.ts'

const bare = struct('Bare', { attributes: attributesBare() })
const listed = struct('Listed', { list: attributeList('required') })
const fresh = struct('Fresh', { attribute: newAttribute() })

const text = (tag: number, value: string): Buffer => {
  const bytes = Buffer.from(value)
  return item(tag, ITEM_TYPE.TextString, Buffer.concat([bytes], (bytes.length + 7) & ~7), bytes.length)
}
const number = (tag: number, type: number, value: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32BE(value)
  return item(tag, type, bytes, 4)
}
const attribute = (label: string, value: Buffer, ...between: readonly Buffer[]): Buffer =>
  structure(TAG.Attribute, text(TAG.AttributeName, label), ...between, value)
const index = (value: number): Buffer => number(TAG.AttributeIndex, ITEM_TYPE.Integer, value)
const length = (tag: number, value: number): Buffer => number(tag, ITEM_TYPE.Integer, value)

const writeBare = (version: Version, ...attributes: readonly Attribute[]): Buffer =>
  written((writer) => bare.compile(version).write(writer, TAG.ResponsePayload, { attributes }))
const readBare = (version: Version, ...children: readonly Buffer[]): readonly Attribute[] =>
  bare.compile(version).read(structure(TAG.ResponsePayload, ...children), 0).attributes

const LENGTH: Attribute = { name: 'CryptographicLength', value: 256 }
const CUSTOM: Attribute = {
  name: 'VendorAttribute',
  vendor: 'x',
  attributeName: 'Purpose',
  value: { type: 'TextString', value: 'test' },
}

void test('1.4 §2.1.1: in 1.x an attribute is its name, maybe its index, and its value', (t) => {
  const bytes = structure(
    TAG.ResponsePayload,
    attribute('Cryptographic Length', length(TAG.AttributeValue, 256)),
    attribute('x-Purpose', text(TAG.AttributeValue, 'test')),
  )
  t.same(writeBare('1.4', LENGTH, CUSTOM), bytes)
  t.same(plain(bare.compile('1.4').read(bytes, 0).attributes), [LENGTH, CUSTOM])
  t.end()
})

void test('2.1 §5: since 2.0 an attribute is an item of its tag in one structure', (t) => {
  const bytes = structure(
    TAG.ResponsePayload,
    structure(
      TAG.Attributes,
      length(TAG.CryptographicLength, 256),
      structure(
        TAG.Attribute,
        text(TAG.VendorIdentification, 'x'),
        text(TAG.AttributeName, 'Purpose'),
        text(TAG.AttributeValue, 'test'),
      ),
    ),
  )
  t.same(writeBare('2.1', LENGTH, CUSTOM), bytes)
  t.same(plain(bare.compile('2.1').read(bytes, 0).attributes), [LENGTH, CUSTOM])
  t.end()
})

void test('1.4 §2.1.1: index 0 is the default and not written; others are', (t) => {
  t.same(writeBare('1.2', { ...LENGTH, index: 0 }), writeBare('1.2', LENGTH))
  t.same(
    writeBare('1.2', { ...LENGTH, index: 2 }),
    structure(TAG.ResponsePayload, attribute('Cryptographic Length', length(TAG.AttributeValue, 256), index(2))),
  )
  t.equal(readBare('1.2', attribute('Cryptographic Length', length(TAG.AttributeValue, 1), index(0)))[0]?.index, 0)
  t.end()
})

void test('1.4 §2.1.1: an Attribute with its parts missing, twice or out of order is refused', (t) => {
  const name = text(TAG.AttributeName, 'Cryptographic Length')
  const value = length(TAG.AttributeValue, 1)
  const cases: readonly (readonly [name: string, problem: string, children: readonly Buffer[]])[] = [
    ['empty', 'missing-field', []],
    ['without a value', 'missing-field', [name]],
    ['without a name', 'misplaced-field', [value]],
    ['the value first', 'misplaced-field', [value, name]],
    ['the index first', 'misplaced-field', [index(0), name, value]],
    ['two names', 'misplaced-field', [name, name, value]],
    ['two indices', 'misplaced-field', [name, index(0), index(1), value]],
    ['two values', 'misplaced-field', [name, value, value]],
    ['another item', 'misplaced-field', [name, length(TAG.BatchCount, 1), value]],
    ['a name of another type', 'wrong-type', [length(TAG.AttributeName, 1), value]],
    ['a value of another type', 'wrong-type', [name, text(TAG.AttributeValue, '256')]],
    ['a name that nobody knows', 'unknown-attribute', [text(TAG.AttributeName, 'Colour'), value]],
    ['a name in other letters', 'unknown-attribute', [text(TAG.AttributeName, 'cryptographic length'), value]],
  ]
  for (const [title, problem, children] of cases) {
    t.match(
      thrown(() => readBare('1.4', structure(TAG.Attribute, ...children))),
      { name: 'SchemaError', problem },
      title,
    )
  }
  t.end()
})

void test('what a version does not define is left out of its answers', (t) => {
  const answers: readonly Attribute[] = [
    { name: 'Comment', value: 'since 1.4' },
    { name: 'OperationPolicyName', value: 'until 1.4' },
    { name: 'QuantumSafe', value: true },
    { name: 'CryptographicAlgorithm', value: 'Twofish' },
    { name: 'CryptographicAlgorithm', value: 'ARIA' },
    { name: 'VendorAttribute', vendor: 'ACME', attributeName: 'a', value: { type: 'Boolean', value: true } },
    { name: 'VendorAttribute', vendor: 'y', attributeName: 'b', value: { type: 'DateTimeExtended', value: 1n } },
  ]
  const names = (version: Version): readonly string[] => {
    const { attributes } = bare.compile(version).read(writeBare(version, ...answers), 0)
    return attributes.map(({ name, value }) => (name === 'CryptographicAlgorithm' ? String(value) : name))
  }
  t.same(names('1.0'), ['OperationPolicyName', 'Twofish'])
  t.same(names('1.4'), ['Comment', 'OperationPolicyName', 'Twofish'])
  t.same(names('2.0'), ['Comment', 'QuantumSafe', 'Twofish', 'ARIA', 'VendorAttribute', 'VendorAttribute'])
  t.end()
})

type List = { readonly templates: readonly []; readonly attributes: readonly Attribute[] }

/** The list as it comes back after it was written for the version. */
const through = (version: Version, attributes: readonly Attribute[]): readonly Attribute[] => {
  const list: List = { templates: [], attributes }
  const bytes = written((writer) => listed.compile(version).write(writer, TAG.RequestPayload, { list }))
  scan(bytes, version === '2.1')
  return listed.compile(version).read(bytes, 0).list.attributes
}

void test('1.4 §2.1.8 / 2.1 §5.1: an attribute list written as 1.4 and as 2.1 reads to the same attributes', (t) => {
  const one = arbitraryAttribute('1.4').map((given) => given as Attribute)
  const property = fc.property(fc.array(one, { maxLength: 5 }), (attributes) => {
    // Three attributes and some values of 1.4 are withdrawn in 2.x, and so left out there.
    const inBoth = through('1.4', through('2.1', attributes))
    return isDeepStrictEqual(plain(through('1.4', inBoth)), plain(through('2.1', inBoth)))
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 200, interruptAfterTimeLimit: 1000 }))
  t.end()
})

void test('some devices wrap attributes in a Template-Attribute where 1.x has them bare: that is read', (t) => {
  const children = attribute('Cryptographic Length', length(TAG.AttributeValue, 256))
  t.same(plain(readBare('1.1', structure(TAG.TemplateAttribute, children))), [LENGTH])
  t.end()
})

void test('1.4 §2.1.8 / 2.1 §5.2 to §5.4: lists have a tag for each role and family of versions', (t) => {
  const tags = {
    plain: [0x420091, 0x420125],
    common: [0x42001f, 0x420126],
    private: [0x420065, 0x420127],
    public: [0x42006e, 0x420128],
  }
  for (const role of ['plain', 'common', 'private', 'public'] as const) {
    const forms = attributeList('optional', role).forms
    t.same(
      forms.map(({ tag, since, until }) => [tag, since, until]),
      [
        [tags[role][0], undefined, '1.4'],
        [tags[role][1], '2.0', undefined],
      ],
    )
  }
  t.end()
})

void test('2.1 §5.6 and §5.7: New and Current Attribute hold exactly one', (t) => {
  const read = (...children: readonly Buffer[]): unknown =>
    fresh.compile('2.1').read(structure(TAG.RequestPayload, structure(TAG.NewAttribute, ...children)), 0)
  t.same(plain(read(length(TAG.CryptographicLength, 256))), { attribute: LENGTH })
  t.match(
    thrown(() => read()),
    { problem: 'missing-field' },
  )
  t.match(
    thrown(() => read(length(TAG.CryptographicLength, 1), length(TAG.CryptographicLength, 2))),
    { problem: 'repeated-field' },
  )
  t.match(
    thrown(() => read(length(TAG.BatchCount, 1))),
    { problem: 'unknown-tag' },
    'the tag of no attribute',
  )
  t.equal(currentAttribute().forms[0]?.since, '2.0')
  t.equal(echoAttribute().forms[0]?.until, '1.4')
  t.end()
})

const refs = struct('Refs', { refs: attributeRefs() })
const ref = struct('Ref', { ref: attributeRef('optional') })

void test('1.4 §4.12 / 2.1 §5.5: attributes are named by text in 1.x, by tag or vendor in 2.x', (t) => {
  const value = {
    refs: [{ name: 'CryptographicLength' }, { name: 'VendorAttribute', vendor: 'x', attributeName: 'Purpose' }],
  } as const
  const old = structure(
    TAG.RequestPayload,
    text(TAG.AttributeName, 'Cryptographic Length'),
    text(TAG.AttributeName, 'x-Purpose'),
  )
  const current = structure(
    TAG.RequestPayload,
    number(TAG.AttributeReference, ITEM_TYPE.Enumeration, TAG.CryptographicLength),
    structure(TAG.AttributeReference, text(TAG.VendorIdentification, 'x'), text(TAG.AttributeName, 'Purpose')),
  )
  for (const [version, bytes] of [
    ['1.4', old],
    ['2.0', current],
  ] as const) {
    t.same(
      written((writer) => refs.compile(version).write(writer, TAG.RequestPayload, value)),
      bytes,
    )
    t.same(plain(refs.compile(version).read(bytes, 0)), value)
  }
  t.end()
})

void test('a reference to an attribute that nobody knows is kept as such, for the operation to answer', (t) => {
  const read = (version: Version, child: Buffer): unknown =>
    ref.compile(version).read(structure(TAG.RequestPayload, child), 0).ref
  t.match(read('1.4', text(TAG.AttributeName, 'Colour')), { name: 'Unknown', label: 'Colour' })
  t.match(read('2.1', number(TAG.AttributeReference, ITEM_TYPE.Enumeration, TAG.BatchCount)), { name: 'Unknown' })
  t.match(
    thrown(() => read('2.1', length(TAG.AttributeReference, 1))),
    { problem: 'wrong-type' },
  )
  t.match(
    thrown(() => read('1.4', length(TAG.AttributeName, 1))),
    { problem: 'wrong-type' },
  )
  t.same(
    written((writer) =>
      refs.compile('1.0').write(writer, TAG.ResponsePayload, {
        refs: [
          { name: 'QuantumSafe' },
          { name: 'VendorAttribute', vendor: 'ACME', attributeName: 'a' },
          { name: 'Unknown', label: 'Colour' },
        ],
      }),
    ),
    structure(TAG.ResponsePayload),
    'and what the version cannot name is left out of its answers',
  )
  t.end()
})

void test('2.1 §5: an empty list of attributes has no structure, unless it is asked for', (t) => {
  t.same(writeBare('2.1'), structure(TAG.ResponsePayload))
  const always = struct('Always', { attributes: attributesBare('always') })
  t.same(
    written((writer) => always.compile('2.1').write(writer, TAG.ResponsePayload, { attributes: [] })),
    structure(TAG.ResponsePayload, structure(TAG.Attributes)),
  )
  t.same(readBare('2.1'), [])
  t.match(
    thrown(() => readBare('2.1', item(TAG.Attributes, ITEM_TYPE.ByteString, hex('')))),
    { problem: 'wrong-type' },
  )
  t.end()
})
