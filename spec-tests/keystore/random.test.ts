import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'
import { test } from 'tap'
import { createSeedPool } from '../../src/keystore/software/random/seed-pool.ts'
import {
  createRandomSource,
  createSystemSource,
  createX931Source,
} from '../../src/keystore/software/random/random-source.ts'
import { createX931, x931Blocks } from '../../src/keystore/software/random/x931.ts'
import { hex, reasonOf } from './software.ts'

const clock = { now: () => 1_800_000_000 }

/** NIST RNGVS, ANSI931_AES128VST: first lines of the Variable Seed Test. */
const VECTORS = [
  ['e6b3be782a23fa62d71d4afbb0e922f9', '80000000000000000000000000000000', '59531ed13bb0c05584796685c12f7641'],
  ['e6b3be782a23fa62d71d4afbb0e922fa', 'c0000000000000000000000000000000', '7c222cf4ca8fa24c1c9cb641a9f3220d'],
  ['e6b3be782a23fa62d71d4afbb0e922fb', 'e0000000000000000000000000000000', '8aaa003966675be529142881a94d4ec7'],
  ['e6b3be782a23fa62d71d4afbb0e922fc', 'f0000000000000000000000000000000', '88dda456302423e5f69da57e7b95c73a'],
  ['e6b3be782a23fa62d71d4afbb0e922fd', 'f8000000000000000000000000000000', '052592466179d2cb78c40b140a5a9ac8'],
] as const

void test('ANSI X9.31 A.2.4: blocks of the published Variable Seed Test', (t) => {
  for (const [date, seed, expected] of VECTORS) {
    const key = hex('f3b1666d13607242ed061cabb8d46202')
    const blocks = x931Blocks({ key, seed: hex(seed), dates: () => hex(date) })
    t.same(blocks.next(1), hex(expected))
    blocks.close()
  }
  t.end()
})

const encryptBlock = (key: Buffer, block: Buffer): Buffer =>
  createCipheriv('aes-256-ecb', key, null).setAutoPadding(false).update(block)

const xor = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, index) => byte ^ (b[index] ?? 0)))

/** The definition once more, one step a line, for the key length that has no vectors here. */
const reference = (key: Buffer, seed: Buffer, dates: readonly Buffer[]): Buffer => {
  let v = seed
  return Buffer.concat(
    dates.map((date) => {
      const i = encryptBlock(key, date)
      const r = encryptBlock(key, xor(i, v))
      v = encryptBlock(key, xor(r, i))
      return r
    }),
  )
}

const numbered = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => Buffer.alloc(16, from + index))

void test('ANSI X9.31 A.2.4: with AES-256 it is what the definition says, over any split of the output', (t) => {
  const [key, seed] = [Buffer.alloc(32, 7), Buffer.alloc(16, 9)]
  const dates = numbered(1, 9)
  const expected = reference(key, seed, dates)
  let used = 0
  const next = (count: number) => Buffer.concat(dates.slice(used, (used += count)))
  const blocks = x931Blocks({ key: Buffer.from(key), seed: Buffer.from(seed), dates: next })
  t.same(Buffer.concat([blocks.next(1), blocks.next(3), blocks.next(0), blocks.next(5)]), expected)
  blocks.close()

  used = 0
  const generator = createX931({ key: Buffer.from(key), seed: Buffer.from(seed), dates: next })
  t.same(generator.bytes(20), expected.subarray(16, 36), 'the first block is kept for the comparison')
  t.same(generator.bytes(0), Buffer.alloc(0))
  t.same(generator.bytes(1), expected.subarray(48, 49), 'what is left of a block is not given out')
  generator.close()
  t.end()
})

void test('ANSI X9.31: what the generator held is overwritten', (t) => {
  const [key, seed] = [Buffer.alloc(32, 7), Buffer.alloc(16, 9)]
  const generator = createX931({ key, seed, dates: (count) => Buffer.alloc(16 * count, 1) })
  generator.bytes(16)
  generator.close()
  t.same(key, Buffer.alloc(32))
  t.same(seed, Buffer.alloc(16))
  t.throws(() => generator.bytes(16))
  t.end()
})

/** Dates of which the second makes the generator repeat its block: I2 xor V2 has to be I1 xor V1. */
const repeatingDates = (key: Buffer, seed: Buffer): readonly [Buffer, Buffer] => {
  const [first] = numbered(1, 1)
  const date = first ?? Buffer.alloc(16)
  const [i, r] = [encryptBlock(key, date), reference(key, seed, [date])]
  const v = encryptBlock(key, xor(r, i))
  const decipher = createDecipheriv('aes-256-ecb', key, null).setAutoPadding(false)
  return [date, decipher.update(xor(xor(i, seed), v))]
}

void test('FIPS 140-2 §4.9.2: a block that repeats the one before is a Cryptographic Failure', async (t) => {
  const [key, seed] = [Buffer.alloc(32, 7), Buffer.alloc(16, 9)]
  const dates = repeatingDates(key, seed)
  t.same(reference(key, seed, dates).subarray(16), reference(key, seed, dates).subarray(0, 16))
  const queue = [...dates]
  const next = (count: number) => Buffer.concat(queue.splice(0, count))
  const fresh = () => ({ key: Buffer.from(key), seed: Buffer.from(seed), dates: next })
  const generator = createX931(fresh())
  t.equal(await reasonOf(() => generator.bytes(16)), 'CryptographicFailure', 'between two answers')

  // The state before: any block whose successor has the seed above. V = D(K, seed) xor I is what R has to be.
  const decrypt = (block: Buffer) => createDecipheriv('aes-256-ecb', key, null).setAutoPadding(false).update(block)
  const zero = Buffer.alloc(16)
  const i = encryptBlock(key, zero)
  const earlier = xor(decrypt(xor(decrypt(seed), i)), i)
  queue.push(zero, ...dates)
  const within = createX931({ ...fresh(), seed: earlier })
  t.equal(await reasonOf(() => within.bytes(32)), 'CryptographicFailure', 'within one answer')
})

for (const [name, create] of [
  ['ansi-x9.31', createX931Source],
  ['system', createSystemSource],
] as const) {
  void test(`1.4 §4.35, §4.36: ${name}: bytes of any length, never the same, with and without a seed`, (t) => {
    const source = create(clock)
    const seen = new Set<string>()
    for (const seeded of [false, true]) {
      if (seeded) t.equal(source.seed(Buffer.from('seed')), 4)
      for (let count = 0; count < 200; count += 1) seen.add(source.bytes(16).toString('hex'))
      for (const length of [0, 1, 15, 17, 65_536]) t.equal(source.bytes(length).length, length)
    }
    t.equal(seen.size, 400)
    t.end()
  })
}

void test('1.4 §4.36: a seed is added to the bytes of the system, and differs with every use', (t) => {
  const pool = createSeedPool()
  const bytes = Buffer.alloc(48)
  pool.mixInto(bytes)
  t.same(bytes, Buffer.alloc(48), 'nothing without a seed')
  pool.add(Buffer.from('a'))
  const [first, second] = [Buffer.alloc(48), Buffer.alloc(48)]
  pool.mixInto(first)
  pool.mixInto(second)
  t.notSame(first, second)
  t.notSame(first, createHash('sha512').update('a').digest().subarray(0, 48))
  const added = Buffer.alloc(48, 0xff)
  pool.mixInto(added)
  t.notSame(added, Buffer.alloc(48, 0xff))
  t.end()
})

void test('2.1 §4.46: what a source calls itself', async (t) => {
  t.same(createX931Source(clock).parameters, {
    rngAlgorithm: 'ANSIX9_31',
    cryptographicAlgorithm: 'AES',
    cryptographicLength: 256,
  })
  t.same(createSystemSource().parameters, { rngAlgorithm: 'Unspecified' })
  t.equal(await reasonOf(() => createX931Source(clock).bytes(1)), 'none')
})

void test('random numbers of an HSM go into the key of X9.31 and its seed, or into the bytes of the system', (t) => {
  for (const generator of ['ansi-x9.31', 'system'] as const) {
    const source = createRandomSource(generator, clock)
    source.stir(Buffer.alloc(64, 1))
    source.stir(Buffer.alloc(64, 2))
    const made = new Set(Array.from({ length: 50 }, () => source.bytes(32).toString('hex')))
    t.equal(made.size, 50, 'never the same twice')
  }
  t.end()
})
