import { test } from 'tap'
import { alternative, anyValue, oneOf, rawItem, rawStructure } from '../../src/schema/combinators.ts'
import { enumeration } from '../../src/schema/enumeration.ts'
import { memoised, type Kind } from '../../src/schema/kind.ts'
import { enumerationCode, enumOf, integer, text } from '../../src/schema/primitives.ts'
import { taggedUnion, taggedValue } from '../../src/schema/tagged.ts'
import { ITEM_TYPE } from '../../src/ttlv/item-type.ts'
import { hex, item, structure, written } from '../helpers/ttlv.ts'
import { thrown } from '../helpers/thrown.ts'

const TAG = 0x420094
const SIZE = enumeration('Size', { Small: [1, '2.0'], Large: [2, '2.1'] })
type Size = 'Small' | 'Large'

const isText = (value: unknown): value is string => typeof value === 'string' && !SIZE.has(value)
const isSize = (value: unknown): value is Size => typeof value === 'string' && SIZE.has(value)
const isNumber = (value: unknown): value is number => typeof value === 'number'

const either: Kind<string | number> = oneOf<string | number>('Either', [
  alternative<string | number, string>(text, isText),
  alternative<string | number, Size>(enumOf(SIZE), isSize, '2.0'),
  alternative<string | number, number>(integer, isNumber, '2.0'),
])

void test('2.1 §4.58: the item type tells which of several kinds a value is', (t) => {
  const codec = either.compile('2.1')
  for (const value of ['id', 'Small', 7]) {
    const bytes = written((writer) => codec.write(writer, TAG, value))
    t.equal(codec.read(bytes, 0), value)
  }
  const boolean = item(TAG, ITEM_TYPE.Boolean, hex('00 00 00 00 00 00 00 01'))
  t.match(
    thrown(() => codec.read(boolean, 0)),
    { name: 'SchemaError', problem: 'wrong-type', offset: 0 },
  )
  t.end()
})

void test('an alternative fits from its version on, and only if its own kind agrees', (t) => {
  t.equal(either.compile('1.4').fits?.('id'), true)
  t.equal(either.compile('1.4').fits?.(7), false)
  t.equal(either.compile('2.0').fits?.(7), true)
  t.equal(either.compile('2.0').fits?.('Small'), true)
  t.equal(either.compile('2.0').fits?.('Large'), false, 'a value newer than the version')
  t.notOk('fits' in either.compile('2.1'), 'nothing to ask where everything fits')
  t.end()
})

void test('1.4 §2.1.1: a value of any type keeps its type', (t) => {
  const values = [
    { type: 'Integer', value: -5 },
    { type: 'LongInteger', value: -5n },
    { type: 'BigInteger', value: hex('FF FF FF FF FF FF FF FB') },
    { type: 'Enumeration', value: 0x80000001 },
    { type: 'Boolean', value: true },
    { type: 'TextString', value: 'é' },
    { type: 'ByteString', value: hex('01') },
    { type: 'DateTime', value: -1 },
    { type: 'Interval', value: 0xffffffff },
    { type: 'DateTimeExtended', value: 1n },
    { type: 'Structure', value: structure(TAG) },
  ] as const
  const codec = anyValue.compile('2.1')
  for (const value of values) {
    const bytes = written((writer) => codec.write(writer, TAG, value))
    t.equal(bytes[3], ITEM_TYPE[value.type])
    t.same(codec.read(bytes, 0), value, value.type)
    t.equal(anyValue.compile('1.4').fits?.(value), value.type !== 'DateTimeExtended', `${value.type} in 1.4`)
  }
  t.match(
    thrown(() => codec.read(item(TAG, 0x0f, Buffer.alloc(8)), 0)),
    { problem: 'wrong-type' },
  )
  t.end()
})

void test('raw kinds are views that are written back as they were', (t) => {
  const inner = item(0x420020, ITEM_TYPE.Integer, hex('00 00 00 08 00 00 00 00'), 4)
  const bytes = structure(TAG, inner)
  const children = rawStructure.compile('2.1').read(bytes, 0)
  const whole = rawItem.compile('2.1').read(bytes, 0)
  t.same(children, inner)
  t.equal(children.buffer, bytes.buffer, 'not copied')
  t.same(whole, bytes)
  t.same(
    written((writer) => rawStructure.compile('2.1').write(writer, TAG, children)),
    bytes,
  )
  t.same(
    written((writer) => rawItem.compile('2.1').write(writer, 0, whole)),
    bytes,
  )
  t.match(
    thrown(() => rawStructure.compile('2.1').read(inner, 0)),
    { problem: 'wrong-type' },
  )
  t.end()
})

void test('a bare code is read whatever it is', (t) => {
  const bytes = item(TAG, ITEM_TYPE.Enumeration, hex('7F FF FF FF 00 00 00 00'), 4)
  t.equal(enumerationCode.compile('1.0').read(bytes, 0), 0x7fffffff)
  t.end()
})

void test('a kind is compiled once for each target', (t) => {
  let compiled = 0
  const kind = memoised<number>({
    ...integer,
    compile: (target) => {
      compiled += 1
      return integer.compile(target)
    },
  })
  t.equal(kind.compile('1.0'), kind.compile('1.0'))
  kind.compile('2.1')
  t.equal(compiled, 2)
  t.end()
})

void test('a tagged value carries the name of its row', (t) => {
  const table = { Length: { kind: integer }, Size: { kind: enumOf(SIZE) } } as const
  const codec = taggedUnion(table)
  const bytes = written((writer) => codec('Size', '2.0').write(writer, TAG, 'Small'))
  t.same(codec('Size', '2.0').read(bytes, 0, 3), { name: 'Size', index: 3, value: 'Small' })
  t.equal(codec('Size', '2.0'), codec('Size', '2.0'), 'one codec for a row and a target')
  t.equal(codec('Size', '2.0').fits?.('Large'), false)
  t.notOk('fits' in codec('Length', '2.0'))
  const first = taggedValue<typeof table>()
  t.equal(
    first(
      [
        { name: 'Length', value: 5 },
        { name: 'Size', value: 'Small' },
      ],
      'Size',
    ),
    'Small',
  )
  t.equal(first([], 'Size'), undefined)
  t.end()
})
