import fc from 'fast-check'
import { test } from 'tap'
import { recover } from '../../src/ttlv/recover.ts'
import { scan } from '../../src/ttlv/scan.ts'

/* Damaged messages: what is left of them is well-formed, and what is wrong is named with its place. */

const integer = (tag: string, value = '00000001'): string => `${tag}0200000004${value}00000000`
const structure = (tag: string, ...items: readonly string[]): string =>
  `${tag}01${(items.join('').length / 2).toString(16).padStart(8, '0')}${items.join('')}`

const VERSION = structure('420069', integer('42006a'), integer('42006b', '00000004'))
const HEADER = structure('420077', VERSION, integer('42000d'))
const MESSAGE = structure('420078', HEADER, structure('42000f', `42005c050000000400000018000000004200790100000000`))

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex')

void test('1.4 §9.1 / 2.1 §10.1: a whole message is recovered as it is', (t) => {
  const { message, damage, next } = recover(bytes(MESSAGE), 0)
  t.equal(message.toString('hex'), MESSAGE)
  t.same(damage, [])
  t.equal(next, MESSAGE.length / 2)
  t.equal(recover(bytes(MESSAGE + MESSAGE), next).message.toString('hex'), MESSAGE, 'and so is the next')
  t.end()
})

void test('1.4 §9.1 / 2.1 §10.1: of a message that is cut off, what is there is kept', (t) => {
  const cut = bytes(MESSAGE).subarray(0, 70)
  const { message, damage, next } = recover(cut, 0)
  t.equal(message.toString('hex'), structure('420078', structure('420077', VERSION)))
  t.match(damage, [
    { offset: 0, path: [0x420078] },
    { offset: 8, path: [0x420078, 0x420077] },
    { offset: 56, path: [0x420078, 0x420077, 0x42000d], problem: /past its structure/ },
  ])
  t.match(damage[0]?.problem, /of 96 bytes, of which 62 are there/)
  t.equal(next, cut.length)
  t.end()
})

void test('1.4 §9.1 / 2.1 §10.1: an item that is wrong ends its message, not the next one', (t) => {
  const wrong: readonly (readonly [title: string, item: string, problem: RegExp])[] = [
    ['type', '42006a0f0000000400000001', /unknown item type/],
    ['length', '42006a02000000080000000100000000', /Integer of 8 bytes/],
    ['padding', '42006a02000000040000000100000001', /non-zero padding/],
    ['Boolean', '42006a06000000080000000000000002', /neither 0 nor 1/],
    ['text', '42006a0700000001ff00000000000000', /no UTF-8/],
  ]
  for (const [title, item, problem] of wrong) {
    const message = structure('420078', structure('420077', VERSION, item.padEnd(32, '0'), integer('42000d')))
    const { damage, next, ...found } = recover(bytes(message + MESSAGE), 0)
    t.equal(found.message.toString('hex'), structure('420078', structure('420077', VERSION)), title)
    t.match(damage, [{ problem, offset: 56, path: [0x420078, 0x420077, 0x42006a] }])
    t.equal(next, message.length / 2)
  }
  t.end()
})

void test('1.4 §9.1 / 2.1 §10.1: depth and number of items have a limit', (t) => {
  const deep = bytes('4200780100000100'.repeat(40))
  t.match(recover(deep, 0).damage.at(-1), { problem: 'nested too deeply' })
  const many = bytes(structure('420078', integer('42000d').repeat(5)))
  const { damage, message } = recover(many, 0, { maxDepth: 3, maxItems: 4 })
  t.match(damage, [{ problem: 'too many items', offset: 56 }])
  t.equal(message.length, 8 + 3 * 16)
  t.end()
})

void test('1.4 §9.1 / 2.1 §10.1: whatever the bytes are, what is recovered is well-formed and goes forward', (t) => {
  const changed = fc
    .tuple(fc.nat(MESSAGE.length / 2), fc.uint8Array({ maxLength: 6 }))
    .map(([at, put]) => Buffer.concat([bytes(MESSAGE).subarray(0, at), put, bytes(MESSAGE).subarray(at + 3)]))
  const anything = fc.uint8Array({ minLength: 1, maxLength: 200 }).map((put) => Buffer.from(put))
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(
        fc.oneof(changed, anything).filter((given) => given.length > 0),
        (given) => {
          const { message, damage, next } = recover(given, 0)
          if (message.length > 0) scan(message, true)
          return next > 0 && (damage.length > 0 || message.equals(given.subarray(0, next)))
        },
      ),
      { numRuns: 3_000, interruptAfterTimeLimit: 2_000 },
    ),
  )
  t.end()
})
