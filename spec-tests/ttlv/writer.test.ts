import { test } from 'tap'
import { scan } from '../../src/ttlv/scan.ts'
import { Writer } from '../../src/ttlv/writer.ts'
import { hex } from '../helpers/ttlv.ts'

const SECRET = Buffer.alloc(48, 0xa5)

void test('2.1 §10.1: a writer is used again, and the second message knows nothing of the first', (t) => {
  const writer = new Writer()
  writer.byteString(0x420043, SECRET)
  writer.reset()
  t.equal(writer.length, 0)
  writer.integer(0x420020, 8)
  t.same(writer.bytes(), hex('42 00 20 | 02 | 00 00 00 04 | 00 00 00 08 00 00 00 00'))
  t.end()
})

void test('reset clears what was written, since answers carry keys', (t) => {
  const writer = new Writer()
  writer.byteString(0x420043, SECRET)
  const view = writer.bytes()
  t.ok(view.includes(SECRET))
  writer.reset()
  t.ok(
    view.every((byte) => byte === 0),
    'also through a view taken before',
  )
  t.end()
})

void test('reset clears a buffer that it gives back because one answer was large', (t) => {
  const writer = new Writer()
  writer.byteString(0x420043, Buffer.alloc(300 * 1024, 0xa5))
  const view = writer.bytes()
  writer.reset()
  t.ok(view.every((byte) => byte === 0))
  t.end()
})

void test('a buffer that is outgrown is cleared, and its content moves to the new one', (t) => {
  const writer = new Writer()
  writer.byteString(0x420043, SECRET)
  const before = writer.bytes()
  const start = writer.begin(0x420008)
  writer.byteString(0x420043, Buffer.alloc(40 * 1024, 0x5a))
  writer.end(start)
  t.ok(
    before.every((byte) => byte === 0),
    'the old one holds nothing',
  )
  t.ok(writer.bytes().subarray(0, 56).includes(SECRET), 'the new one holds the start')
  t.doesNotThrow(() => scan(writer.bytes(start), false), 'the structure begun before has its length')
  t.end()
})

void test('truncate goes back and clears what came after', (t) => {
  const writer = new Writer()
  writer.integer(0x420020, 8)
  const mark = writer.length
  writer.byteString(0x420043, SECRET)
  const view = writer.bytes(mark)
  writer.truncate(mark)
  t.equal(writer.length, 16)
  t.ok(view.every((byte) => byte === 0))
  writer.text(0x420020, 'a')
  t.same(writer.bytes(mark), hex('42 00 20 | 07 | 00 00 00 01 | 61 00 00 00 00 00 00 00'))
  t.end()
})

void test('2.1 §10.1.5: padding is zero, whatever the memory held before', (t) => {
  for (const length of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 63, 64, 65, 71]) {
    const writer = new Writer()
    new Uint8Array(writer.bytes().buffer).fill(0xff)
    const start = writer.begin(0x420008)
    writer.byteString(0x420043, Buffer.alloc(length, 7))
    writer.text(0x420020, 'a'.repeat(length))
    writer.text(0x420020, `${'a'.repeat(length)}é`)
    writer.integer(0x420020, 1)
    writer.end(start)
    t.doesNotThrow(() => scan(writer.bytes(), false), `${length} bytes`)
  }
  t.end()
})

void test('an Integer can be changed after more was written: a count is known at the end', (t) => {
  const writer = new Writer()
  const at = writer.length
  writer.integer(0x42000d, 0)
  writer.text(0x420020, 'a')
  writer.patchInteger(at, -2)
  t.same(writer.bytes().subarray(0, 16), hex('42 00 0D | 02 | 00 00 00 04 | FF FF FF FE 00 00 00 00'))
  t.doesNotThrow(() => scan(writer.bytes(at).subarray(0, 16), false))
  t.end()
})

void test('2.1 §10.1.5: nested structures count their children with the padding', (t) => {
  const writer = new Writer()
  const outer = writer.begin(0x420008)
  const inner = writer.begin(0x420009)
  writer.text(0x42000a, 'abc')
  writer.end(inner)
  writer.raw(hex('42 00 20 | 02 | 00 00 00 04 | 00 00 00 08 00 00 00 00'))
  writer.end(outer)
  t.equal(writer.bytes().readUInt32BE(4), 40)
  t.equal(writer.bytes().readUInt32BE(12), 16)
  t.doesNotThrow(() => scan(writer.bytes(), false))
  t.end()
})
