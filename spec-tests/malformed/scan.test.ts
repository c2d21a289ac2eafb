import { test } from 'tap'
import { TtlvError, type TtlvErrorKind } from '../../src/ttlv/error.ts'
import { ITEM_TYPE } from '../../src/ttlv/item-type.ts'
import { DEFAULT_LIMITS, scan } from '../../src/ttlv/scan.ts'
import { hex, item, nested, structure } from '../helpers/ttlv.ts'
import { thrown } from '../helpers/thrown.ts'

/*
 * Malformations by number: the table of contents of what the server refuses before it looks at any message. The
 * numbers stay; new cases get new ones.
 */

type Case = readonly [name: string, bytes: Buffer, offset: number, kind?: TtlvErrorKind]

const TAG = 0x420020
const integer = item(TAG, ITEM_TYPE.Integer, hex('00 00 00 08 00 00 00 00'), 4)
const leaf = (type: number, length: number, value: number): Buffer => item(TAG, type, Buffer.alloc(value), length)
const text = (bytes: string): Buffer => {
  const value = hex(bytes)
  return item(TAG, ITEM_TYPE.TextString, Buffer.concat([value], (value.length + 7) & ~7), value.length)
}
const many = (count: number): Buffer => structure(TAG, ...Array.from({ length: count - 1 }, () => integer))

const CASES: Readonly<Record<string, Case>> = {
  M01: ['nothing at all', Buffer.alloc(0), 0],
  M02: ['one byte', hex('42'), 0],
  M03: ['seven bytes of a header', hex('42 00 20 02 00 00 00'), 0],
  M04: ['a header alone', integer.subarray(0, 8), 0],
  M05: ['a value cut short', integer.subarray(0, 12), 0],
  M06: ['a value one byte short', integer.subarray(0, 15), 0],
  M07: ['a structure whose children are missing', structure(TAG, integer).subarray(0, 8), 0],
  M08: ['a structure cut within its child', structure(TAG, integer).subarray(0, 20), 0],
  M09: ['a child that runs past its structure', item(TAG, 1, Buffer.concat([leaf(8, 16, 8)])), 8],
  M10: ['a child structure that runs past its parent', structure(TAG, item(TAG, 1, Buffer.alloc(0), 8)), 8],
  M11: ['a child that runs past its structure into the next', structure(TAG, item(TAG, 1, integer, 8), integer), 16],
  M12: ['a structure of 4 bytes', item(TAG, 1, Buffer.alloc(8), 4), 8],
  M13: ['a structure of 12 bytes', structure(TAG, item(TAG, 1, Buffer.concat([leaf(8, 0, 0), Buffer.alloc(4)]))), 24],
  M14: ['bytes after the item', Buffer.concat([integer, Buffer.alloc(1)]), 16],
  M15: ['a second item after the item', Buffer.concat([integer, integer]), 16],
  M16: ['a second item after a structure', Buffer.concat([structure(TAG, integer), integer]), 24],
  M17: ['padding missing', leaf(ITEM_TYPE.ByteString, 3, 3), 0],
  M18: ['padding not zero', item(TAG, ITEM_TYPE.ByteString, hex('01 02 03 00 00 00 00 01'), 3), 0],
  M19: ['padding of an Integer not zero', item(TAG, ITEM_TYPE.Integer, hex('00 00 00 01 00 00 00 01'), 4), 0],
  M20: ['padding of a text not zero', item(TAG, ITEM_TYPE.TextString, hex('61 62 63 64 65 66 67 68'), 7), 0],
  M21: ['Boolean 2', item(TAG, ITEM_TYPE.Boolean, hex('00 00 00 00 00 00 00 02')), 0],
  M22: ['Boolean with a high bit', item(TAG, ITEM_TYPE.Boolean, hex('80 00 00 00 00 00 00 01')), 0],
  M23: ['Boolean of all ones', item(TAG, ITEM_TYPE.Boolean, hex('FF FF FF FF FF FF FF FF')), 0],
  M24: ['Big Integer of 0 bytes', leaf(ITEM_TYPE.BigInteger, 0, 0), 0],
  M25: ['Big Integer of 7 bytes', leaf(ITEM_TYPE.BigInteger, 7, 8), 0],
  M26: ['Big Integer of 12 bytes', leaf(ITEM_TYPE.BigInteger, 12, 16), 0],
  M27: ['type 00', leaf(0x00, 4, 8), 0],
  M28: ['type 0C', leaf(0x0c, 8, 8), 0],
  M29: ['type FF', leaf(0xff, 8, 8), 0],
  M30: ['type 00 inside a structure', structure(TAG, integer, leaf(0x00, 0, 0)), 24],
  M31: ['length FFFFFFFF of a byte string', leaf(ITEM_TYPE.ByteString, 0xffffffff, 8), 0],
  M32: ['length FFFFFFFF of a text', leaf(ITEM_TYPE.TextString, 0xffffffff, 8), 0],
  M33: ['length 80000000 of a byte string', leaf(ITEM_TYPE.ByteString, 0x80000000, 8), 0],
  M34: ['length 7FFFFFFF of a text', leaf(ITEM_TYPE.TextString, 0x7fffffff, 8), 0],
  M35: ['length FFFFFFF8 of a Big Integer', leaf(ITEM_TYPE.BigInteger, 0xfffffff8, 8), 0],
  M36: ['length FFFFFFFF of a structure', leaf(ITEM_TYPE.Structure, 0xffffffff, 8), 0],
  M37: ['length 80000000 of a structure', leaf(ITEM_TYPE.Structure, 0x80000000, 8), 0],
  M38: ['length FFFFFFFA of a byte string inside', structure(TAG, leaf(ITEM_TYPE.ByteString, 0xfffffffa, 8)), 8],
  M39: ['33 structures deep', nested(33), 32 * 8, 'malformed'],
  M40: ['100,000 structures deep', nested(100_000), 32 * 8, 'malformed'],
  M41: ['10,001 items', many(10_001), 8 + 9_999 * 16, 'limit'],
}

for (const [number, [name, bytes, offset, kind = 'malformed']] of Object.entries(CASES)) {
  void test(`1.4 §9.1 / 2.1 §10.1: ${number} ${name}`, (t) => {
    t.match(
      thrown(() => scan(bytes, true)),
      { name: 'TtlvError', kind, offset },
    )
    t.end()
  })
}

void test('1.4 §9.1.1.3 / 2.1 §10.1.3: types of a fixed length have that length and no other', (t) => {
  const four = [ITEM_TYPE.Integer, ITEM_TYPE.Enumeration, ITEM_TYPE.Interval]
  const eight = [ITEM_TYPE.LongInteger, ITEM_TYPE.Boolean, ITEM_TYPE.DateTime, ITEM_TYPE.DateTimeExtended]
  for (const [types, right] of [
    [four, 4],
    [eight, 8],
  ] as const) {
    for (const type of types) {
      for (const length of [0, 1, 3, 4, 5, 7, 8, 9, 12, 16, 24]) {
        const bytes = leaf(type, length, (length + 7) & ~7)
        if (length === right) t.doesNotThrow(() => scan(bytes, true), `type ${type} of ${length}`)
        else
          t.match(
            thrown(() => scan(bytes, true)),
            { kind: 'malformed' },
            `type ${type} of ${length}`,
          )
      }
    }
  }
  t.end()
})

void test('1.4 §9.1.1.2 / 2.1 §10.1.2: text is UTF-8', (t) => {
  const bad: Readonly<Record<string, string>> = {
    'a lone continuation byte': '80',
    'a start byte alone': 'C3',
    'a sequence broken by ASCII': 'E2 82 41',
    'an overlong slash': 'C0 AF',
    'an overlong NUL': 'E0 80 80',
    'a high surrogate': 'ED A0 80',
    'past U+10FFFF': 'F4 90 80 80',
    'a start byte that no version of UTF-8 has': 'FF',
    'UTF-16 with a byte order mark': 'FE FF 00 61',
    'Latin-1': '63 61 66 E9',
    'a sequence cut off by the length': '61 E2 82',
  }
  for (const [name, bytes] of Object.entries(bad))
    t.match(
      thrown(() => scan(text(bytes), true)),
      { kind: 'malformed' },
      name,
    )
  for (const bytes of ['', 'EF BF BD', 'F0 9F 98 80', '61 00 62', 'EF BB BF 61']) {
    t.doesNotThrow(() => scan(text(bytes), true), bytes)
  }
  t.end()
})

void test('2.1 §10.1.2: Date Time Extended is a type of 2.0 and later only', (t) => {
  const bytes = structure(TAG, leaf(ITEM_TYPE.DateTimeExtended, 8, 8))
  t.doesNotThrow(() => scan(bytes, true))
  t.match(
    thrown(() => scan(bytes, false)),
    { kind: 'malformed', offset: 8 },
  )
  t.end()
})

void test('what is just within the limits is read', (t) => {
  t.doesNotThrow(() => scan(nested(32), false))
  t.doesNotThrow(() => scan(many(10_000), false))
  t.doesNotThrow(() => scan(structure(TAG), false), 'a structure may be empty')
  const limits = { ...DEFAULT_LIMITS, maxDepth: 2, maxItems: 3 }
  t.doesNotThrow(() => scan(structure(TAG, structure(TAG), integer), false, limits))
  t.match(
    thrown(() => scan(structure(TAG, structure(TAG, structure(TAG))), false, limits)),
    { kind: 'malformed' },
  )
  t.match(
    thrown(() => scan(structure(TAG, integer, integer, integer), false, limits)),
    { kind: 'limit' },
  )
  t.end()
})

void test('2.1 §10.1: every cut of a message is refused', (t) => {
  const message = structure(0x420078, structure(0x420077, integer, text('61 62 63')), structure(0x42000f, integer))
  t.doesNotThrow(() => scan(message, false))
  for (let length = 0; length < message.length; length += 1) {
    t.throws(() => scan(message.subarray(0, length), false), TtlvError, `${length} bytes`)
  }
  t.end()
})
