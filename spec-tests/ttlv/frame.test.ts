import { test } from 'tap'
import { createFrameSplitter } from '../../src/ttlv/frame.ts'
import { hex, item, structure } from '../helpers/ttlv.ts'
import { thrown } from '../helpers/thrown.ts'

const TAG = 0x420078
const messageOf = (payload: number): Buffer => structure(TAG, item(0x420020, 0x08, Buffer.alloc(payload, 7)))
const options = { tag: TAG, maxSize: 1024 }

void test('1.4 §9.1: single bytes add up to a message', (t) => {
  const splitter = createFrameSplitter(options)
  const message = messageOf(64)
  const out = [...message].flatMap((byte) => splitter.push(Buffer.of(byte)))
  t.same(out, [message])
  t.equal(splitter.pending, 0)
  t.end()
})

void test('1.4 §9.1: several messages and a half in one chunk', (t) => {
  const splitter = createFrameSplitter(options)
  const messages = [messageOf(8), messageOf(64), structure(TAG)]
  const half = messageOf(16)
  t.same(splitter.push(Buffer.concat([...messages, half.subarray(0, 5)])), messages)
  t.equal(splitter.pending, 5)
  t.same(splitter.push(half.subarray(5)), [half])
  t.end()
})

void test('every way to cut two messages in three gives the same two messages', (t) => {
  const both = Buffer.concat([messageOf(8), messageOf(16)])
  for (let first = 0; first <= both.length; first += 1) {
    for (let second = first; second <= both.length; second += 7) {
      const splitter = createFrameSplitter(options)
      const chunks = [both.subarray(0, first), both.subarray(first, second), both.subarray(second)]
      const out = chunks.flatMap((chunk) => splitter.push(chunk))
      if (out.length !== 2 || !Buffer.concat(out).equals(both)) t.fail(`cut at ${first} and ${second}`)
    }
  }
  t.pass('all cuts')
  t.end()
})

void test('a message within one chunk is not copied; one in many is joined once, when it is whole', (t) => {
  const chunk = messageOf(64)
  const [whole] = createFrameSplitter(options).push(chunk)
  t.equal(whole?.buffer, chunk.buffer, 'same memory')
  const splitter = createFrameSplitter({ tag: TAG, maxSize: 1 << 20 })
  const large = messageOf(512 * 1024)
  for (let at = 0; at < large.length - 1024; at += 1024) t.same(splitter.push(large.subarray(at, at + 1024)), [])
  const rest = large.subarray(splitter.pending)
  t.same(splitter.push(rest), [large])
  t.end()
})

void test('1.4 §9.1.1.1: what does not start like a message is refused on its first eight bytes', (t) => {
  const cases: readonly (readonly [name: string, hex: string])[] = [
    ['another tag', '42 00 7B | 01 | 00 00 00 08'],
    ['another type', '42 00 78 | 02 | 00 00 00 04'],
    ['TLS', '16 03 01 02 00 01 00 01'],
    ['HTTP', '47 45 54 20 2F 20 48 54'],
    ['zeros', '00 00 00 00 00 00 00 00'],
  ]
  for (const [name, text] of cases) {
    const splitter = createFrameSplitter(options)
    t.same(splitter.push(hex(text).subarray(0, 7)), [], `${name}: seven bytes tell nothing`)
    t.match(
      thrown(() => splitter.push(hex(text).subarray(7))),
      { name: 'TtlvError', kind: 'malformed', offset: 0 },
      name,
    )
  }
  t.end()
})

void test('the cap on the size holds on the header, before any of the rest is there', (t) => {
  const header = (length: number): Buffer => item(TAG, 0x01, Buffer.alloc(0), length)
  const refused = { name: 'TtlvError', kind: 'size', offset: 4 }
  t.same(createFrameSplitter(options).push(header(1016)), [], '1024 bytes with the header are allowed')
  for (const length of [1017, 1024, 0x7fffffff, 0x80000000, 0xffffffff]) {
    t.match(
      thrown(() => createFrameSplitter(options).push(header(length))),
      refused,
      `length ${length}`,
    )
  }
  const message = messageOf(8)
  const splitter = createFrameSplitter(options)
  t.same(splitter.push(Buffer.concat([message, header(1017)])), [message], 'messages before it can be answered')
  t.match(
    thrown(() => splitter.push(Buffer.alloc(0))),
    refused,
    'then it is refused',
  )
  t.end()
})
