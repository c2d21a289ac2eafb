import { test } from 'tap'
import { enumeration } from '../../src/schema/enumeration.ts'
import { bytes, enumOf, extensibleEnumOf, integer, longInteger, text } from '../../src/schema/primitives.ts'
import { type Infer, inForms, optional, repeated, required, struct } from '../../src/schema/struct.ts'
import type { ValueOf } from '../../src/schema/kind.ts'

/*
 * Types are checked by `npm run types`; what is said here about them would not compile if it were wrong. The run itself
 * proves that a value of the type goes through.
 */

type Same<A, B> = [A, B] extends [B, A] ? true : false

/** Compiles only where the two types are the same. */
const same = <A, B>(equal: Same<A, B>): boolean => equal

const COLOUR = enumeration('Colour', { Red: [1, '1.0'], Blue: [2, '1.2'] })
const inner = struct('Inner', { note: optional(0x420001, text) })

const sample = struct('Sample', {
  id: required(0x420001, text),
  size: optional(0x420002, longInteger),
  colours: repeated(0x420003, enumOf(COLOUR)),
  open: optional(0x420004, extensibleEnumOf(COLOUR)),
  inner: required(0x420005, inner),
  forms: inForms<Buffer, 'optional'>('optional', { tag: 0x420006, kind: bytes }),
  count: required(0x420007, integer, { since: '2.0' }),
})

type Sample = Infer<typeof sample.fields>

void test('a structure keeps the definition of its fields', (t) => {
  t.same(Object.keys(sample.fields), ['id', 'size', 'colours', 'open', 'inner', 'forms', 'count'])
  t.end()
})

void test('Infer gives the object that a structure becomes', (t) => {
  t.ok(same<Sample['id'], string>(true))
  t.ok(same<Sample['size'], bigint | undefined>(true))
  t.ok(same<Sample['colours'], readonly ('Red' | 'Blue')[]>(true))
  t.ok(same<Sample['open'], 'Red' | 'Blue' | number | undefined>(true))
  t.ok(same<Sample['inner']['note'], string | undefined>(true))
  t.ok(same<Sample['forms'], Buffer | undefined>(true))
  t.ok(same<Sample['count'], number>(true))
  t.ok(same<ValueOf<typeof sample>, Sample>(true))
  t.end()
})

void test('optional fields may be missing from a value, the others may not', (t) => {
  const least: Sample = { id: 'a', colours: [], inner: {}, count: 1 }
  t.equal(least.size, undefined)
  // @ts-expect-error: `colours` is a list, empty where there are none
  const without: Sample = { id: 'a', inner: {}, count: 1 }
  t.notOk('colours' in without)
  // @ts-expect-error: no such colour
  const wrong: Sample = { id: 'a', colours: ['Green'], inner: {}, count: 1 }
  t.notOk(wrong.colours.every((colour) => COLOUR.has(colour)))
  t.end()
})
