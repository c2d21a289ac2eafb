import { createHash } from 'node:crypto'
import { test } from 'tap'
import { SYMMETRIC_LENGTHS } from '../../src/keystore/mechanisms.ts'
import { CRYPTOGRAPHIC_ALGORITHM, type CryptographicAlgorithm } from '../../src/protocol/enumerations.ts'
import { blockOf, bytesOf, openKeys, reasonOf, valuesOf } from './software.ts'

type Case = readonly [algorithm: CryptographicAlgorithm, good: readonly number[], bad: readonly number[]]

/** Lengths in bits. */
const CASES: readonly Case[] = [
  ['AES', [128, 192, 256, 512], [0, -128, 64, 127, 129, 384, 2 ** 31 - 1]],
  ['DES', [56, 64], [48, 128]],
  ['DES3', [112, 128, 168, 192], [56, 64, 160, 256]],
  ['Camellia', [128, 192, 256], [64]],
  ['ARIA', [128, 192, 256], [320]],
  ['Twofish', [128, 192, 256], [64]],
  ['SEED', [128], [256]],
  ['SM4', [128], [256]],
  ['IDEA', [128], [64]],
  ['SKIPJACK', [80], [128]],
  ['MARS', [128, 160, 448], [96, 130, 480]],
  ['Blowfish', [32, 128, 448], [24, 33, 456]],
  ['CAST5', [40, 128], [32, 136]],
  ['RC2', [8, 64, 1024], [0, 1032]],
  ['RC4', [40, 128, 2048], [32, 2056]],
  ['RC5', [8, 128, 2040], [0, 2048]],
  ['GOST28147_89', [256], [128]],
  ['GOSTR34_13_2015', [256], [128]],
  ['OneTimePad', [8, 80, 8000], [0, 7]],
  ['ChaCha20', [256], [128]],
  ['Poly1305', [256], [128]],
  ['ChaCha20Poly1305', [256], [512]],
  ['HMAC_MD5', [128, 8], [0, 9]],
  ['HMAC_SHA1', [160, 80], [161]],
  ['HMAC_SHA224', [224], [1]],
  ['HMAC_SHA256', [256, 512, 1024, 65_536], [65_544]],
  ['HMAC_SHA384', [384], [-8]],
  ['HMAC_SHA512', [512], [513]],
  ['HMAC_SHA3_224', [224], [225]],
  ['HMAC_SHA3_256', [256], [257]],
  ['HMAC_SHA3_384', [384], [385]],
  ['HMAC_SHA3_512', [512], [513]],
]

/** 1.4 section 2.1.3: 3DES is counted with or without its parity bits; so is DES. */
const materialBytes = (algorithm: string, length: number): number => {
  if (algorithm === 'DES') return 8
  if (algorithm === 'DES3') return length <= 128 ? 16 : 24
  return length / 8
}

void test('1.4 §4.1 / 2.1 §6.1.8: every algorithm with symmetric keys, at each of its lengths', async (t) => {
  const keys = await openKeys()
  t.same([...SYMMETRIC_LENGTHS.keys()].sort(), CASES.map(([algorithm]) => algorithm).sort(), 'the table is complete')
  for (const [algorithm, good, bad] of CASES) {
    for (const length of good) {
      const deposit = await keys.generateKey('a', { algorithm, length })
      const object = await keys.retrieve(deposit.key)
      const { keyFormatType, cryptographicAlgorithm, cryptographicLength } = blockOf(object)
      t.same([keyFormatType, cryptographicAlgorithm, cryptographicLength], ['Raw', algorithm, length])
      t.equal(bytesOf(object).length, materialBytes(algorithm, length), `${algorithm} ${length}`)
      t.same(valuesOf(deposit, 'CryptographicAlgorithm'), [algorithm])
      t.same(valuesOf(deposit, 'CryptographicLength'), [length])
      t.same(valuesOf(deposit, 'KeyFormatType'), ['Raw'])
    }
    for (const length of bad) {
      const reason = await reasonOf(() => keys.generateKey('a', { algorithm, length }))
      t.equal(reason, 'InvalidField', `${algorithm} ${length}`)
    }
  }
})

void test('2.1 §4.15: without a length, the usual one where the algorithm has just one', async (t) => {
  const keys = await openKeys()
  const cases: readonly (readonly [algorithm: CryptographicAlgorithm, length: number | undefined])[] = [
    ['DES3', 168],
    ['DES', 56],
    ['SKIPJACK', 80],
    ['IDEA', 128],
    ['SEED', 128],
    ['SM4', 128],
    ['ChaCha20', 256],
    ['ChaCha20Poly1305', 256],
    ['HMAC_SHA1', 160],
    ['HMAC_SHA256', 256],
    ['HMAC_SHA512', 512],
    ['AES', undefined],
    ['Camellia', undefined],
    ['Blowfish', undefined],
    ['RC4', undefined],
  ]
  for (const [algorithm, expected] of cases) {
    const make = () => keys.generateKey('a', { algorithm, length: undefined })
    if (expected === undefined) t.equal(await reasonOf(make), 'InvalidField', algorithm)
    else t.same(valuesOf(await make(), 'CryptographicLength'), [expected], algorithm)
  }
})

void test('2.1 §6.1.8: algorithms without symmetric keys make none', async (t) => {
  const keys = await openKeys()
  const others = CRYPTOGRAPHIC_ALGORITHM.names.filter((name) => !SYMMETRIC_LENGTHS.has(name))
  t.ok(others.includes('RSA') && others.includes('SHA3_256'))
  for (const algorithm of others) {
    t.equal(await reasonOf(() => keys.generateKey('a', { algorithm, length: 256 })), 'InvalidField', algorithm)
  }
})

void test('FIPS 46-3: each byte of a DES or 3DES key has odd parity', async (t) => {
  const keys = await openKeys()
  const odd = (byte: number): boolean => byte.toString(2).replaceAll('0', '').length % 2 === 1
  for (const [algorithm, length] of [
    ['DES', 56],
    ['DES3', 112],
    ['DES3', 168],
    ['DES3', 192],
  ] as const) {
    for (let run = 0; run < 20; run += 1) {
      const { key } = await keys.generateKey('a', { algorithm, length })
      t.ok([...bytesOf(await keys.retrieve(key))].every(odd), `${algorithm} ${length}`)
    }
  }
})

void test('1.4 §3.17 / 2.1 §4.21: the Digest is SHA-256 of the Key Material, with its Key Format Type', async (t) => {
  const keys = await openKeys()
  const deposit = await keys.generateKey('a', { algorithm: 'AES', length: 256 })
  const material = bytesOf(await keys.retrieve(deposit.key))
  const digestValue = createHash('sha256').update(material).digest()
  t.same(valuesOf(deposit, 'Digest'), [{ hashingAlgorithm: 'SHA_256', digestValue, keyFormatType: 'Raw' }])
})

void test('keys are random: no two alike', async (t) => {
  const keys = await openKeys()
  const made = new Set<string>()
  for (let run = 0; run < 200; run += 1) {
    const { key } = await keys.generateKey('a', { algorithm: 'AES', length: 128 })
    made.add(bytesOf(await keys.retrieve(key)).toString('hex'))
  }
  t.equal(made.size, 200)
})
