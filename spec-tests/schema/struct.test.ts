import { test } from 'tap'
import { enumeration } from '../../src/schema/enumeration.ts'
import { bytes, enumOf, extensibleEnumOf, integer, text } from '../../src/schema/primitives.ts'
import { inForms, optional, repeated, required, spread, struct } from '../../src/schema/struct.ts'
import type { Kind } from '../../src/schema/kind.ts'
import type { Target } from '../../src/schema/version.ts'
import { ITEM_TYPE } from '../../src/ttlv/item-type.ts'
import { hex, item, structure, written } from '../helpers/ttlv.ts'
import { thrown } from '../helpers/thrown.ts'

const T = { Root: 0x420008, A: 0x420001, B: 0x420002, C: 0x420003, D: 0x420004, Extension: 0x54000a }

const COLOUR = enumeration('Colour', { Red: [1, '1.0'], Blue: [2, '1.2'], Grey: [3, '1.0', '1.4'] })

const int = (tag: number, value: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeInt32BE(value)
  return item(tag, ITEM_TYPE.Integer, bytes, 4)
}
const colour = (tag: number, code: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32BE(code)
  return item(tag, ITEM_TYPE.Enumeration, bytes, 4)
}

const read = <T>(kind: Kind<T>, target: Target, ...children: readonly Buffer[]): T =>
  kind.compile(target).read(structure(T.Root, ...children), 0)

const write = <T>(kind: Kind<T>, target: Target, value: T): Buffer =>
  written((writer) => kind.compile(target).write(writer, T.Root, value))

const sample = struct('Sample', {
  a: required(T.A, integer),
  b: optional(T.B, integer),
  c: repeated(T.C, integer),
})

void test('2.1 §10.1.2: fields are read by tag and written in their order', (t) => {
  t.same(read(sample, '2.1', int(T.A, 1), int(T.B, 2), int(T.C, 3), int(T.C, 4)), { a: 1, b: 2, c: [3, 4] })
  t.same(read(sample, '2.1', int(T.A, 1)), { a: 1, b: undefined, c: [] })
  t.same(
    write(sample, '2.1', { c: [3, 4], b: 2, a: 1 }),
    structure(T.Root, int(T.A, 1), int(T.B, 2), int(T.C, 3), int(T.C, 4)),
  )
  t.same(write(sample, '2.1', { a: 1, c: [] }), structure(T.Root, int(T.A, 1)))
  t.end()
})

void test('1.4 §7 / 2.1 §10.1.2: what a structure may not hold is refused, with the place', (t) => {
  const cases: readonly (readonly [problem: string, offset: number, children: readonly Buffer[]])[] = [
    ['missing-field', 0, []],
    ['missing-field', 0, [int(T.B, 2)]],
    ['unknown-tag', 24, [int(T.A, 1), int(T.D, 2)]],
    ['unknown-tag', 8, [int(T.D, 2), int(T.A, 1)]],
    ['repeated-field', 24, [int(T.A, 1), int(T.A, 2)]],
    ['repeated-field', 40, [int(T.A, 1), int(T.B, 2), int(T.B, 3)]],
    ['misplaced-field', 24, [int(T.B, 2), int(T.A, 1)]],
    ['misplaced-field', 40, [int(T.A, 1), int(T.C, 3), int(T.B, 2)]],
    ['misplaced-field', 40, [int(T.A, 1), int(T.B, 2), int(T.A, 3)]],
    ['wrong-type', 8, [colour(T.A, 1)]],
    ['wrong-type', 24, [int(T.A, 1), colour(T.B, 1)]],
  ]
  for (const [problem, offset, children] of cases) {
    t.match(
      thrown(() => read(sample, '2.1', ...children)),
      { name: 'SchemaError', problem, offset },
      problem,
    )
  }
  t.match(
    thrown(() => sample.compile('2.1').read(int(T.Root, 1), 0)),
    { problem: 'wrong-type', offset: 0 },
  )
  t.end()
})

void test('1.4 §9.1.1.1 / 2.1 §10.1.1: tags 54xxxx of vendors are skipped wherever they stand', (t) => {
  const extension = structure(T.Extension, int(T.A, 9))
  t.same(read(sample, '2.1', extension, int(T.A, 1), extension, int(T.C, 3), extension, int(T.C, 4), extension), {
    a: 1,
    b: undefined,
    c: [3, 4],
  })
  for (const tag of [0x53ffff, 0x550000, 0x000000]) {
    t.match(
      thrown(() => read(sample, '2.1', int(T.A, 1), int(tag, 1))),
      { problem: 'unknown-tag' },
      tag.toString(16),
    )
  }
  const known = struct('Vendor', { own: optional(T.Extension, integer) })
  t.same(read(known, '2.1', int(T.Extension, 7)), { own: 7 }, 'unless the structure knows them')
  t.match(
    thrown(() => read(known, '2.1', int(T.Extension, 7), int(T.Extension, 8))),
    { problem: 'repeated-field' },
  )
  t.end()
})

const versioned = struct('Versioned', {
  a: required(T.A, integer),
  b: optional(T.B, integer, { since: '1.2' }),
  c: required(T.C, integer, { since: '2.0' }),
  d: optional(T.D, integer, { until: '1.4' }),
})

void test('a field is written in its versions only, and required only there', (t) => {
  const value = { a: 1, b: 2, c: 3, d: 4 }
  t.same(write(versioned, '1.0', value), structure(T.Root, int(T.A, 1), int(T.D, 4)))
  t.same(write(versioned, '1.2', value), structure(T.Root, int(T.A, 1), int(T.B, 2), int(T.D, 4)))
  t.same(write(versioned, '2.0', value), structure(T.Root, int(T.A, 1), int(T.B, 2), int(T.C, 3)))
  t.same(
    write(versioned, 'storage', value),
    structure(T.Root, int(T.A, 1), int(T.B, 2), int(T.C, 3), int(T.D, 4)),
    'storage keeps what was withdrawn',
  )
  t.same(read(versioned, '1.0', int(T.A, 1)), { a: 1, b: undefined, c: undefined, d: undefined })
  t.match(
    thrown(() => read(versioned, '2.0', int(T.A, 1))),
    { problem: 'missing-field' },
  )
  t.end()
})

void test('every field of any version is read: real clients mix them', (t) => {
  t.same(read(versioned, '1.0', int(T.A, 1), int(T.B, 2), int(T.C, 3), int(T.D, 4)), { a: 1, b: 2, c: 3, d: 4 })
  t.same(read(versioned, '2.1', int(T.A, 1), int(T.C, 3), int(T.D, 4)), { a: 1, b: undefined, c: 3, d: 4 })
  t.end()
})

const twoForms = struct('Two forms', {
  value: inForms<number, 'required'>(
    'required',
    { tag: T.A, kind: integer, until: '1.4' },
    { tag: T.B, kind: integer, since: '2.0' },
  ),
})

void test('a field with two forms is written in the form of the version and read in either', (t) => {
  t.same(write(twoForms, '1.4', { value: 7 }), structure(T.Root, int(T.A, 7)))
  t.same(write(twoForms, '2.0', { value: 7 }), structure(T.Root, int(T.B, 7)))
  t.same(write(twoForms, 'storage', { value: 7 }), structure(T.Root, int(T.B, 7)))
  for (const target of ['1.4', '2.0', 'storage'] as const) {
    t.same(read(twoForms, target, int(T.A, 7)), { value: 7 })
    t.same(read(twoForms, target, int(T.B, 7)), { value: 7 })
    t.match(
      thrown(() => read(twoForms, target, int(T.A, 7), int(T.B, 7))),
      { name: 'SchemaError' },
      'not both',
    )
  }
  t.end()
})

const list = struct('List', { items: repeated(T.C, integer) })
const listed: Kind<readonly number[]> = {
  name: 'List',
  itemTypes: [ITEM_TYPE.Structure],
  compile: (target) => ({
    read: (buffer, at) => list.compile(target).read(buffer, at).items,
    write: (writer, tag, items) => list.compile(target).write(writer, tag, { items }),
  }),
}
const spreading = (when: 'always' | 'when-filled') =>
  struct('Spreading', {
    items: inForms<number, 'repeated'>(
      'repeated',
      { tag: T.A, kind: integer, until: '1.4' },
      spread<number>(T.D, listed, 'when-filled', { until: '1.4', readOnly: true }),
      spread<number>(T.B, listed, when, { since: '2.0' }),
    ),
  })

void test('a spread form holds the whole list in one structure', (t) => {
  const kind = spreading('when-filled')
  const items = { items: [1, 2] }
  const wrapped = (tag: number): Buffer => structure(tag, int(T.C, 1), int(T.C, 2))
  t.same(write(kind, '1.4', items), structure(T.Root, int(T.A, 1), int(T.A, 2)))
  t.same(write(kind, '2.0', items), structure(T.Root, wrapped(T.B)))
  for (const target of ['1.4', '2.0'] as const) {
    for (const children of [[int(T.A, 1), int(T.A, 2)], [wrapped(T.B)], [wrapped(T.D)]]) {
      t.same(read(kind, target, ...children), items, `${target}: also a form that is never written`)
    }
  }
  t.same(write(kind, '2.0', { items: [] }), structure(T.Root))
  t.same(write(spreading('always'), '2.0', { items: [] }), structure(T.Root, structure(T.B)))
  t.same(write(spreading('always'), '1.4', { items: [] }), structure(T.Root))
  t.end()
})

const coloured = struct('Coloured', {
  first: optional(T.A, enumOf(COLOUR)),
  all: repeated(T.B, enumOf(COLOUR)),
  inner: optional(T.C, struct('Inner', { colour: required(T.D, enumOf(COLOUR)) })),
})

void test('a value that the version does not define is left out where it is optional', (t) => {
  const value = { first: 'Blue', all: ['Red', 'Blue', 'Grey'], inner: { colour: 'Blue' } } as const
  t.same(write(coloured, '1.0', value), structure(T.Root, colour(T.B, 1), colour(T.B, 3)))
  t.same(
    write(coloured, '1.2', value),
    structure(T.Root, colour(T.A, 2), colour(T.B, 1), colour(T.B, 2), colour(T.B, 3), structure(T.C, colour(T.D, 2))),
  )
  const withdrawn = write(coloured, '2.0', { first: 'Grey', all: ['Grey'], inner: { colour: 'Grey' } })
  t.same(withdrawn, structure(T.Root), 'also one that it has withdrawn')
  t.same(write(coloured, 'storage', { first: 'Grey', all: [] }), structure(T.Root, colour(T.A, 3)), 'storage knows all')
  t.end()
})

void test('what a version cannot express makes the whole structure unfit, if it is required in there', (t) => {
  const kind = struct('Needs', { inner: required(T.C, struct('Inner', { colour: required(T.D, enumOf(COLOUR)) })) })
  t.equal(kind.compile('1.0').fits?.({ inner: { colour: 'Blue' } }), false)
  t.equal(kind.compile('1.0').fits?.({ inner: { colour: 'Red' } }), true)
  t.notOk('fits' in kind.compile('storage'), 'nothing to ask where everything fits')
  t.notOk('fits' in sample.compile('1.0'))
  t.notOk('fits' in coloured.compile('1.0'), 'optional fields never make it unfit')
  t.end()
})

void test('1.4 §9.1.1.4 / 2.1 §10.1.2: enumerations are read by code, whatever the version', (t) => {
  t.same(read(coloured, '1.0', colour(T.A, 2)), { first: 'Blue', all: [], inner: undefined })
  for (const code of [0, 4, 0x80000001, 0xffffffff]) {
    t.match(
      thrown(() => read(coloured, '2.1', colour(T.A, code))),
      { problem: 'unknown-enumeration', offset: 8 },
      code.toString(16),
    )
  }
  const open = struct('Open', { colour: required(T.A, extensibleEnumOf(COLOUR)) })
  t.same(read(open, '1.0', colour(T.A, 0x80000001)), { colour: 0x80000001 }, 'extensions are kept as numbers')
  t.same(write(open, '1.0', { colour: 0x8fffffff }), structure(T.Root, colour(T.A, 0x8fffffff)))
  for (const code of [0, 4, 0x7fffffff, 0x90000000, 0xffffffff]) {
    t.match(
      thrown(() => read(open, '2.1', colour(T.A, code))),
      { problem: 'unknown-enumeration' },
      code.toString(16),
    )
  }
  const wrong = [int(T.A, 1), item(T.A, ITEM_TYPE.ByteString, hex('80 00 00 01 00 00 00 00'), 4)]
  for (const child of wrong)
    t.match(
      thrown(() => read(open, '2.1', child)),
      { problem: 'wrong-type' },
    )
  t.equal(open.compile('1.0').fits?.({ colour: 0x80000001 }), true)
  t.equal(open.compile('1.0').fits?.({ colour: 'Blue' }), false)
  t.end()
})

void test('an error says nothing of the values', (t) => {
  const secrets = struct('Secrets', { text: required(T.A, text), key: optional(T.B, bytes) })
  const secret = item(T.A, ITEM_TYPE.TextString, Buffer.from('password'))
  for (const children of [[secret, secret], [item(T.B, ITEM_TYPE.ByteString, Buffer.from('password'))]]) {
    t.notMatch(String(thrown(() => read(secrets, '2.1', ...children))), /password/)
  }
  t.end()
})

void test('what is no structure is refused when it is defined', (t) => {
  t.throws(() => struct('Twice', { a: optional(T.A, integer), b: optional(T.A, text) }), {
    message: 'two fields of Twice have one tag',
  })
  // Names become code: nothing but a name may get there.
  for (const name of ['a b', '', '1', 'a}', '__proto__', 'a: process.exit()']) {
    t.throws(() => struct('Odd', Object.fromEntries([[name, optional(T.A, integer)]])), TypeError, name)
  }
  t.end()
})

void test('2.1 §10.1.2: a structure that is whole, in parts, or read otherwise from some item on is the same', (t) => {
  const extension = structure(T.Extension)
  const items = [int(T.A, 1), int(T.C, 3), int(T.C, 4)]
  const plain = read(sample, '2.1', ...items)
  for (let place = 0; place <= items.length; place += 1) {
    t.same(read(sample, '2.1', ...items.slice(0, place), extension, ...items.slice(place)), plain)
  }
  t.end()
})
