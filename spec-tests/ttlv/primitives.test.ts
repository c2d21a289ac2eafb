import { test } from 'tap'
import {
  readBoolean,
  readBytes,
  readDateTime,
  readInteger,
  readLong,
  readText,
  readUnsigned,
} from '../../src/ttlv/reader.ts'
import { TtlvError } from '../../src/ttlv/error.ts'
import { itemTypeName } from '../../src/ttlv/item-type.ts'
import { scan } from '../../src/ttlv/scan.ts'
import type { Writer } from '../../src/ttlv/writer.ts'
import { hex, ITEM_TYPE_NAMES, written } from '../helpers/ttlv.ts'
import { thrown } from '../helpers/thrown.ts'

type Row = readonly [value: unknown, hex: string]
type Coder = {
  readonly title: string
  readonly write: (writer: Writer, value: never) => void
  readonly read: (buffer: Buffer, at: number) => unknown
  readonly ok: readonly Row[]
  /** Bytes that `scan` refuses. */
  readonly badHex: readonly string[]
}

const TAG = 0x420020

const coder = <T>(
  title: string,
  write: (writer: Writer, value: T) => void,
  read: (buffer: Buffer, at: number) => T,
  ok: readonly (readonly [T, string])[],
  badHex: readonly string[],
): Coder => ({ title, write, read, ok, badHex })

const CODERS: readonly Coder[] = [
  coder<number>(
    'Integer',
    (writer, value) => writer.integer(TAG, value),
    readInteger,
    [
      [8, '42 00 20 | 02 | 00 00 00 04 | 00 00 00 08 00 00 00 00'],
      [0, '42 00 20 | 02 | 00 00 00 04 | 00 00 00 00 00 00 00 00'],
      [-1, '42 00 20 | 02 | 00 00 00 04 | FF FF FF FF 00 00 00 00'],
      [0x7fffffff, '42 00 20 | 02 | 00 00 00 04 | 7F FF FF FF 00 00 00 00'],
      [-0x80000000, '42 00 20 | 02 | 00 00 00 04 | 80 00 00 00 00 00 00 00'],
    ],
    [
      '42 00 20 | 02 | 00 00 00 04 | 00 00 00 08',
      '42 00 20 | 02 | 00 00 00 04 | 00 00 00 08 00 00 00 01',
      '42 00 20 | 02 | 00 00 00 08 | 00 00 00 00 00 00 00 08',
      '42 00 20 | 02 | 00 00 00 00',
    ],
  ),
  coder<bigint>(
    'Long Integer',
    (writer, value) => writer.longInteger(TAG, value),
    readLong,
    [
      [123456789000000000n, '42 00 20 | 03 | 00 00 00 08 | 01 B6 9B 4B A5 74 92 00'],
      [-1n, '42 00 20 | 03 | 00 00 00 08 | FF FF FF FF FF FF FF FF'],
      [-(2n ** 63n), '42 00 20 | 03 | 00 00 00 08 | 80 00 00 00 00 00 00 00'],
    ],
    ['42 00 20 | 03 | 00 00 00 04 | 00 00 00 08 00 00 00 00', '42 00 20 | 03 | 00 00 00 10 |' + '00'.repeat(16)],
  ),
  coder<Buffer>(
    'Big Integer',
    (writer, value) => writer.bigInteger(TAG, value),
    readBytes,
    [
      [
        hex('00 00 00 00 03 FD 35 EB 6B C2 DF 46 18 08 00 00'),
        '42 00 20 | 04 | 00 00 00 10 | 00 00 00 00 03 FD 35 EB 6B C2 DF 46 18 08 00 00',
      ],
      [hex('FF FF FF FF FF FF FF FF'), '42 00 20 | 04 | 00 00 00 08 | FF FF FF FF FF FF FF FF'],
    ],
    [
      '42 00 20 | 04 | 00 00 00 00',
      '42 00 20 | 04 | 00 00 00 07 | 00 00 00 00 00 00 01 00',
      '42 00 20 | 04 | 00 00 00 0C | 00 00 00 00 00 00 00 00 00 00 00 01 00 00 00 00',
    ],
  ),
  coder<number>(
    'Enumeration',
    (writer, value) => writer.enumeration(TAG, value),
    readUnsigned,
    [
      [255, '42 00 20 | 05 | 00 00 00 04 | 00 00 00 FF 00 00 00 00'],
      [0x80000001, '42 00 20 | 05 | 00 00 00 04 | 80 00 00 01 00 00 00 00'],
    ],
    ['42 00 20 | 05 | 00 00 00 08 | 00 00 00 00 00 00 00 FF', '42 00 20 | 05 | 00 00 00 04 | 00 00 00 FF 80 00 00 00'],
  ),
  coder<boolean>(
    'Boolean',
    (writer, value) => writer.boolean(TAG, value),
    readBoolean,
    [
      [true, '42 00 20 | 06 | 00 00 00 08 | 00 00 00 00 00 00 00 01'],
      [false, '42 00 20 | 06 | 00 00 00 08 | 00 00 00 00 00 00 00 00'],
    ],
    [
      '42 00 20 | 06 | 00 00 00 08 | 00 00 00 00 00 00 00 02',
      '42 00 20 | 06 | 00 00 00 08 | 01 00 00 00 00 00 00 01',
      '42 00 20 | 06 | 00 00 00 08 | FF FF FF FF FF FF FF FF',
      '42 00 20 | 06 | 00 00 00 04 | 00 00 00 01 00 00 00 00',
    ],
  ),
  coder<string>(
    'Text String',
    (writer, value) => writer.text(TAG, value),
    readText,
    [
      ['Hello World', '42 00 20 | 07 | 00 00 00 0B | 48 65 6C 6C 6F 20 57 6F 72 6C 64 00 00 00 00 00'],
      ['', '42 00 20 | 07 | 00 00 00 00'],
      ['12345678', '42 00 20 | 07 | 00 00 00 08 | 31 32 33 34 35 36 37 38'],
      ['é€😀', '42 00 20 | 07 | 00 00 00 09 | C3 A9 E2 82 AC F0 9F 98 80 00 00 00 00 00 00 00'],
      ['a\0b', '42 00 20 | 07 | 00 00 00 03 | 61 00 62 00 00 00 00 00'],
    ],
    [
      '42 00 20 | 07 | 00 00 00 0B | 48 65 6C 6C 6F 20 57 6F 72 6C 64',
      '42 00 20 | 07 | 00 00 00 01 | 61 00 00 00 00 00 00 62',
      '42 00 20 | 07 | 00 00 00 01 | FF 00 00 00 00 00 00 00',
    ],
  ),
  coder<Buffer>(
    'Byte String',
    (writer, value) => writer.byteString(TAG, value),
    readBytes,
    [
      [hex('01 02 03'), '42 00 20 | 08 | 00 00 00 03 | 01 02 03 00 00 00 00 00'],
      [Buffer.alloc(0), '42 00 20 | 08 | 00 00 00 00'],
      [hex('00 00 00 00 00 00 00 FF'), '42 00 20 | 08 | 00 00 00 08 | 00 00 00 00 00 00 00 FF'],
    ],
    ['42 00 20 | 08 | 00 00 00 03 | 01 02 03', '42 00 20 | 08 | 00 00 00 03 | 01 02 03 04 00 00 00 00'],
  ),
  coder<number>(
    'Date Time',
    (writer, value) => writer.dateTime(TAG, value),
    readDateTime,
    [
      [1205495800, '42 00 20 | 09 | 00 00 00 08 | 00 00 00 00 47 DA 67 F8'],
      [0, '42 00 20 | 09 | 00 00 00 08 | 00 00 00 00 00 00 00 00'],
      [-1, '42 00 20 | 09 | 00 00 00 08 | FF FF FF FF FF FF FF FF'],
      [0x100000000, '42 00 20 | 09 | 00 00 00 08 | 00 00 00 01 00 00 00 00'],
      [Number.MAX_SAFE_INTEGER, '42 00 20 | 09 | 00 00 00 08 | 00 1F FF FF FF FF FF FF'],
      [-Number.MAX_SAFE_INTEGER, '42 00 20 | 09 | 00 00 00 08 | FF E0 00 00 00 00 00 01'],
    ],
    ['42 00 20 | 09 | 00 00 00 04 | 47 DA 67 F8 00 00 00 00'],
  ),
  coder<number>(
    'Interval',
    (writer, value) => writer.interval(TAG, value),
    readUnsigned,
    [
      [864000, '42 00 20 | 0A | 00 00 00 04 | 00 0D 2F 00 00 00 00 00'],
      [0xffffffff, '42 00 20 | 0A | 00 00 00 04 | FF FF FF FF 00 00 00 00'],
    ],
    ['42 00 20 | 0A | 00 00 00 08 | 00 00 00 00 00 0D 2F 00'],
  ),
  coder<bigint>(
    'Date Time Extended (2.1 §10.1.2)',
    (writer, value) => writer.dateTimeExtended(TAG, value),
    readLong,
    [[1205495800000000n, '42 00 20 | 0B | 00 00 00 08 | 00 04 48 64 5C EF EE 00']],
    ['42 00 20 | 0B | 00 00 00 04 | 00 00 00 00 00 00 00 00'],
  ),
]

for (const { title, write, read, ok, badHex } of CODERS) {
  void test(`1.4 §9.1.2 / 2.1 §10.1: ${title}`, (t) => {
    for (const [value, text] of ok) {
      const bytes = hex(text)
      t.same(
        written((writer) => write(writer, value as never)),
        bytes,
        `writes ${text}`,
      )
      t.doesNotThrow(() => scan(bytes, true), 'scans')
      t.strictSame(read(bytes, 0), value, `reads ${text}`)
    }
    for (const text of badHex) t.throws(() => scan(hex(text), true), TtlvError, `refuses ${text}`)
    t.end()
  })
}

void test('1.4 §9.1.2: the example of a Structure', (t) => {
  const bytes = hex(
    '42 00 20 | 01 | 00 00 00 20 | 42 00 04 | 05 | 00 00 00 04 | 00 00 00 FE 00 00 00 00 |' +
      '42 00 05 | 02 | 00 00 00 04 | 00 00 00 FF 00 00 00 00',
  )
  t.same(
    written((writer) => {
      const start = writer.begin(TAG)
      writer.enumeration(0x420004, 254)
      writer.integer(0x420005, 255)
      writer.end(start)
    }),
    bytes,
  )
  t.doesNotThrow(() => scan(bytes, false))
  t.end()
})

void test('1.4 §9.1.1.2 / 2.1 §10.1.2: a Big Integer is sign-extended to a multiple of eight bytes', (t) => {
  const cases: readonly Row[] = [
    [hex(''), '00 00 00 00 00 00 00 00'],
    [hex('01'), '00 00 00 00 00 00 00 01'],
    [hex('80'), 'FF FF FF FF FF FF FF 80'],
    [hex('00 80'), '00 00 00 00 00 00 00 80'],
    [hex('80 00 00 00 00 00 00 00 01'), 'FF FF FF FF FF FF FF 80 00 00 00 00 00 00 00 01'],
  ]
  for (const [value, text] of cases) {
    const bytes = written((writer) => writer.bigInteger(TAG, value as Buffer))
    t.same(bytes.subarray(8), hex(text), text)
    t.doesNotThrow(() => scan(bytes, false))
  }
  t.end()
})

void test('1.4 §9.1.1.2 / 2.1 §10.1.2: a Date Time past the exact numbers is refused, not rounded', (t) => {
  for (const text of ['00 20 00 00 00 00 00 00', 'FF DF FF FF FF FF FF FF', '7F FF FF FF FF FF FF FF']) {
    const bytes = hex(`42 00 20 | 09 | 00 00 00 08 | ${text}`)
    t.match(
      thrown(() => readDateTime(bytes, 0)),
      { name: 'TtlvError', kind: 'invalid', offset: 0 },
      text,
    )
  }
  t.end()
})

void test('1.4 §9.1.1.2: lone surrogates become U+FFFD, so that what is written is always UTF-8', (t) => {
  const bytes = written((writer) => writer.text(TAG, 'a\ud800b'))
  t.doesNotThrow(() => scan(bytes, false))
  t.equal(readText(bytes, 0), 'a\ufffdb')
  t.end()
})

void test('1.4 §9.1.1.2 / 2.1 §10.1.2: type codes run from 01 to 0B, those of 3.0 to 0E', (t) => {
  t.same(
    ITEM_TYPE_NAMES,
    Array.from({ length: 14 }, (_, index) => itemTypeName(index + 1)),
  )
  for (const code of [0x00, 0x0f, 0x80, 0xff]) t.equal(itemTypeName(code), undefined)
  t.end()
})
