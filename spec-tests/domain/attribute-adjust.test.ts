import fc from 'fast-check'
import { test } from 'tap'
import { adjustAttribute, adjusted, type Adjustment } from '../../src/domain/attribute-adjust.ts'
import { addAttribute } from '../../src/domain/attribute-changes.ts'
import { instancesNamed, valueOf } from '../../src/domain/attribute-set.ts'
import type { AttributeRef } from '../../src/protocol/attribute-instance.ts'
import type { AnyValue } from '../../src/schema/combinators.ts'
import { NOW, objectWith, reasonOf } from '../helpers/objects.ts'

const up = (by?: AnyValue): Adjustment => ({ type: 'Increment', by })
const down = (by?: AnyValue): Adjustment => ({ type: 'Decrement', by })
const negate: Adjustment = { type: 'Negate', by: undefined }
const big = (hex: string): AnyValue => ({ type: 'BigInteger', value: Buffer.from(hex, 'hex') })
const int = (value: number): AnyValue => ({ type: 'Integer', value })

type Case = readonly [before: AnyValue, adjustment: Adjustment, after: AnyValue | 'NumericRange' | 'InvalidDataType']

const CASES: readonly Case[] = [
  [int(1), up(), int(2)],
  [int(1), down(), int(0)],
  [int(1), up(int(-3)), int(-2)],
  [int(1), down({ type: 'Interval', value: 3 }), int(-2)],
  [int(5), negate, int(-5)],
  [int(2 ** 31 - 1), up(), 'NumericRange'],
  [int(-(2 ** 31)), down(), 'NumericRange'],
  [int(-(2 ** 31)), negate, 'NumericRange'],
  [int(1), up({ type: 'LongInteger', value: 2n ** 40n }), 'NumericRange'],
  [int(1), up({ type: 'TextString', value: '1' }), 'InvalidDataType'],
  [{ type: 'LongInteger', value: 2n ** 63n - 1n }, up(), 'NumericRange'],
  [{ type: 'LongInteger', value: -1n }, negate, { type: 'LongInteger', value: 1n }],
  [{ type: 'Interval', value: 60 }, up({ type: 'Interval', value: 60 }), { type: 'Interval', value: 120 }],
  [{ type: 'Interval', value: 0 }, down(), 'NumericRange'],
  [{ type: 'Interval', value: 2 ** 32 - 1 }, up(), 'NumericRange'],
  [{ type: 'Interval', value: 1 }, negate, 'InvalidDataType'],
  [{ type: 'DateTime', value: 100 }, up({ type: 'Interval', value: 60 }), { type: 'DateTime', value: 160 }],
  [{ type: 'DateTime', value: Number.MAX_SAFE_INTEGER }, up(), 'NumericRange'],
  [{ type: 'DateTimeExtended', value: 5n }, down(), { type: 'DateTimeExtended', value: 4n }],
  [big('00000000000000ff'), up(), big('0000000000000100')],
  [big('7fffffffffffffff'), up(), big('00000000000000008000000000000000')],
  [big('0000000000000001'), negate, big('ffffffffffffffff')],
  [big(''), up(), big('0000000000000001')],
  [{ type: 'Boolean', value: true }, negate, { type: 'Boolean', value: false }],
  [{ type: 'Boolean', value: true }, up(), 'InvalidDataType'],
  [{ type: 'Enumeration', value: 1 }, up(), 'InvalidDataType'],
  [{ type: 'TextString', value: 'a' }, negate, 'InvalidDataType'],
  [{ type: 'ByteString', value: Buffer.from('a') }, down(), 'InvalidDataType'],
  [{ type: 'Structure', value: Buffer.alloc(0) }, up(), 'InvalidDataType'],
]

for (const [before, adjustment, after] of CASES) {
  void test(`2.1 §11.1: ${adjustment.type} of ${before.type} ${String(before.value)}`, (t) => {
    const run = () => adjusted(before, adjustment)
    if (typeof after === 'string') t.equal(reasonOf(run), after)
    else t.same(run(), after)
    t.end()
  })
}

void test('2.1 §11.1: what is counted up and down again is what it was', (t) => {
  const word = fc.bigInt(-(2n ** 62n), 2n ** 62n)
  fc.assert(
    fc.property(word, word, (value, step) => {
      const by: AnyValue = { type: 'LongInteger', value: step }
      const hex = BigInt.asUintN(64, value).toString(16).padStart(16, '0')
      const long: AnyValue = { type: 'LongInteger', value }
      t.same(adjusted(adjusted(long, up(by)), down(by)), long)
      const back = adjusted(adjusted(big(hex), up(by)), down(by))
      return Buffer.isBuffer(back.value) && back.value.toString('hex').endsWith(hex)
    }),
    { interruptAfterTimeLimit: 300, numRuns: 50 },
  )
  t.end()
})

const vendor = { name: 'VendorAttribute', vendor: 'x', attributeName: 'n' } as const

void test('2.1 §6.1.3: what is not there counts as zero or false', (t) => {
  const object = objectWith()
  const set = (ref: AttributeRef, adjustment: Adjustment) =>
    adjustAttribute(object, ref, adjustment, NOW).object.attributes
  t.equal(valueOf(set({ name: 'ProtectionPeriod' }, up()), 'ProtectionPeriod'), 1)
  t.equal(valueOf(set({ name: 'QuantumSafe' }, negate), 'QuantumSafe'), true)
  const valueAfter = (adjustment: Adjustment) =>
    instancesNamed(set(vendor, adjustment), vendor).map(({ value }) => value)
  t.same(valueAfter(down()), [int(-1)])
  t.same(valueAfter(up({ type: 'LongInteger', value: 7n })), [{ type: 'LongInteger', value: 7n }])
  t.same(valueAfter(negate), [{ type: 'Boolean', value: true }])
  t.equal(
    reasonOf(() => set({ name: 'DeactivationDate' }, up())),
    'ItemNotFound',
  )
  t.equal(
    reasonOf(() => set({ name: 'Comment' }, up())),
    'ItemNotFound',
  )
  t.end()
})

void test('2.1 §6.1.3: an attribute is adjusted by the rules of setting it', (t) => {
  const object = objectWith([
    { name: 'Sensitive', value: true },
    { name: 'DeactivationDate', value: NOW + 10 },
    { ...vendor, value: int(1) },
  ])
  const turned = adjustAttribute(object, { name: 'Sensitive' }, negate, NOW).object
  t.equal(valueOf(turned.attributes, 'AlwaysSensitive'), false, 'what follows from it follows')
  const sooner = adjustAttribute(object, { name: 'DeactivationDate' }, down({ type: 'Interval', value: 5 }), NOW).object
  t.equal(valueOf(sooner.attributes, 'DeactivationDate'), NOW + 5)
  const two = addAttribute(object, { ...vendor, value: int(2) }, NOW).object
  const failures: readonly (readonly [string, () => unknown])[] = [
    ['MultiValuedAttribute', () => adjustAttribute(two, vendor, up(), NOW)],
    ['ReadOnlyAttribute', () => adjustAttribute(object, { name: 'State' }, up(), NOW)],
    ['ReadOnlyAttribute', () => adjustAttribute(object, { name: 'InitialDate' }, up(), NOW)],
    ['ReadOnlyAttribute', () => adjustAttribute(object, { name: 'Fresh' }, negate, NOW)],
    ['UnsupportedAttribute', () => adjustAttribute(object, { name: 'CertificateLength' }, up(), NOW)],
    ['UnsupportedAttribute', () => adjustAttribute(object, { name: 'Unknown', label: 'Colour' }, up(), NOW)],
    ['InvalidDataType', () => adjustAttribute(object, { name: 'Sensitive' }, up(), NOW)],
  ]
  for (const [reason, run] of failures) t.equal(reasonOf(run), reason)
  t.end()
})
