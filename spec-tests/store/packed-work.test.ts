import fc from 'fast-check'
import { test } from 'tap'
import { packGroup, unpackGroup } from '../../src/store/sqlite/packed-work.ts'
import { createPacker } from '../../src/store/sqlite/packed-values.ts'
import type { Work } from '../../src/store/work.ts'
import { objectRow } from '../helpers/rows.ts'

/** As the code makes objects: with a prototype. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T>(model, { noNullPrototype: true })

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array))
const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const value = fc.oneof(
  fc.constant(null),
  text,
  fc.double({ noNaN: true }),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  bytes(70_000),
)
const values = fc.array(value, { maxLength: 6 })

const change = record({
  kind: fc.constantFrom('insert', 'update'),
  id: text,
  row: values,
  archived: values,
  gone: fc.array(bytes(40), { maxLength: 3 }),
  added: fc.array(bytes(40), { maxLength: 3 }),
  names: fc.array(record({ tenant: text, name: text }), { maxLength: 2 }),
})

const serverRecord = record({
  kind: fc.constantFrom('log', 'ticket'),
  tenant: text,
  id: text,
  owner: text,
  version: fc.nat(),
  createdAt: fc.nat(),
  expiresAt: fc.constant(undefined),
  document: bytes(50),
  sealed: fc.constant(undefined),
})

const row = text.map((id) => objectRow(id))

const work: fc.Arbitrary<Work> = fc.oneof(
  {
    weight: 4,
    arbitrary: record({
      kind: fc.constant('commit'),
      commit: record({
        changes: fc.array(change, { maxLength: 3 }),
        audit: fc.array(values, { maxLength: 2 }),
        storeKey: fc.constantFrom(1, Infinity),
        reseals: fc.array(row, { maxLength: 1 }),
        records: fc.array(record({ kind: fc.constantFrom('put', 'remove'), record: serverRecord }), { maxLength: 2 }),
      }),
    }),
  },
  {
    weight: 1,
    arbitrary: record({ kind: fc.constant('put-setting'), name: text, value: bytes(20), replace: fc.boolean() }),
  },
)

void test('what passes to the writing thread arrives as it was', (t) => {
  const property = fc.property(fc.array(work, { maxLength: 5 }), (group) => {
    t.strictSame(unpackGroup(packGroup(group)), group)
  })
  fc.assert(property, { numRuns: 100 })
  t.strictSame(unpackGroup(packGroup([])), [])
  t.end()
})

void test('what does not fit is refused', (t) => {
  const packed = (...parts: readonly (string | number | null | Buffer)[]) => {
    const packer = createPacker()
    for (const part of parts) packer.add(part)
    return packer.end()
  }
  t.throws(() => unpackGroup(packed('commit')), 'nothing follows')
  t.throws(() => unpackGroup(packed('commit', 'one')), 'a text in the place of a number')
  t.throws(() => unpackGroup(packed('commit', 1, 'insert', null)), 'nothing in the place of an identifier')
  t.throws(() => unpackGroup(packed('other', null)), 'nothing in the place of work')
  t.throws(() => unpackGroup(packed(Buffer.from('commit'))), 'bytes in the place of a text')
  t.throws(() => unpackGroup(new Uint8Array([9])), 'a kind that there is not')
  t.end()
})
