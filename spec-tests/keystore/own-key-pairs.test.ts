import { checkPrimeSync, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { test } from 'tap'
import { CURVES } from '../../src/keystore/mechanisms.ts'
import { curveOrder } from '../../src/keystore/software/asymmetric/ec.ts'
import { bitLength, toBigInt } from '../../src/keystore/software/asymmetric/big-integer.ts'
import { findPrime, hasSmallFactor } from '../../src/keystore/software/key-pair/prime.ts'
import { checkPair, rsaNumbers } from '../../src/keystore/software/key-pair/rsa-pair.ts'
import { drawScalar } from '../../src/keystore/software/key-pair/scalar.ts'
import { createX931Source } from '../../src/keystore/software/random/random-source.ts'
import type { Generator } from '../../src/keystore/software/random/x931.ts'
import { bytesOf, hex, openKeys, reasonOf } from './software.ts'

const IDS = { privateKey: 'private', publicKey: 'public' } as const

/** Gives the bytes that it is told to, in this order, and then ones that are too small to be a candidate. */
const scripted = (...answers: readonly Buffer[]): Generator => {
  const queue = [...answers]
  return {
    bytes: (length) => {
      const next = Buffer.from(queue.shift() ?? Buffer.alloc(length, 0x11))
      if (next.length !== length) throw new Error(`${length} bytes are asked for, ${next.length} are there`)
      return next
    },
    close: () => undefined,
  }
}

const opened = (): Generator => {
  const generator = createX931Source({ now: () => 1_800_000_000 }).open?.()
  if (generator === undefined) throw new Error('no generator')
  return generator
}

type Draw = readonly [order: string, candidates: readonly string[], drawn: string]

/** FIPS 186-4 B.4.2: c is drawn as it is, thrown away above n - 2, and d = c + 1. */
const DRAWS: readonly Draw[] = [
  ['05', ['00'], '01'],
  ['05', ['03'], '04'],
  ['05', ['04', '07', 'fa'], '03'],
  ['0100', ['00fe'], '00ff'],
  ['0100', ['0000'], '0001'],
  ['0100', ['01ff', 'ff00', 'fe10'], '0011'],
  ['ffff', ['ffff', 'fffe', 'fffd'], 'fffe'],
  ['010000', ['0100ff', '00ffff', '0000ff'], '000100'],
]

void test('FIPS 186-4 §B.4.2: a private number is a candidate below the order, plus one', (t) => {
  for (const [order, candidates, drawn] of DRAWS) {
    const generator = scripted(...candidates.map(hex))
    t.same(drawScalar(generator, hex(order)), hex(drawn), `${order}: ${candidates.join(' ')}`)
  }
  t.end()
})

void test('SEC 2: orders of curves, as the library knows them', (t) => {
  t.same(curveOrder('P_256'), hex('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'))
  t.same(curveOrder('SECP256K1'), hex('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141'))
  for (const [curve, { field, bits }] of CURVES) {
    const order = curveOrder(curve)
    if (field === 'none') t.equal(order, undefined)
    else t.ok(order !== undefined && Math.abs(bitLength(order) - bits) <= 2, curve)
  }
  t.end()
})

void test('RFC 8032 §7.1, RFC 7748 §6: the public part follows from the private bytes', async (t) => {
  const keys = await openKeys()
  for (const algorithm of ['Ed25519', 'Ed448'] as const) {
    const pair = await keys.generateKeyPair(IDS, { algorithm, length: undefined, curve: undefined })
    const der = bytesOf(await keys.retrieve(pair.privateKey.key, { keyFormatType: 'PKCS_8' }))
    const publicDer = bytesOf(await keys.retrieve(pair.publicKey.key, { keyFormatType: 'X_509' }))
    const derived = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
    t.same(derived.export({ format: 'der', type: 'spki' }), publicDer, algorithm)
  }
})

void test('FIPS 186-4 §B.3.3: primes have their bits, their distance from 1 and no small factor', async (t) => {
  const generator = opened()
  for (const bits of [512, 516, 1024]) {
    const prime = await findPrime(generator, bits, 65_537)
    t.ok(checkPrimeSync(prime))
    t.equal(bitLength(prime), bits)
    const number = toBigInt(prime)
    t.ok(2n * number * number > 1n << BigInt(2 * bits), 'two of them make a product of full length')
    t.not((number - 1n) % 65_537n, 0n)
  }
  generator.close()
})

void test('FIPS 186-4 §B.3.3 step 4.5: a prime that is 1 modulo the exponent is passed over', async (t) => {
  const bits = 256
  // Found by counting up: p = 1 modulo 65537, of 256 bits.
  let unfit = (0xc000_0000_0000_0000n << 192n) - ((0xc000_0000_0000_0000n << 192n) % 65_537n) + 1n
  while (unfit % 2n === 0n || !checkPrimeSync(unfit)) unfit += 65_537n
  const buffer = (value: bigint) => hex(value.toString(16))
  let fit = unfit + 2n
  while (fit % 65_537n === 1n || !checkPrimeSync(fit)) fit += 2n
  const small = Buffer.alloc(32, 0x11)
  const composite = buffer(fit + 2n)
  const halves = (whole: Buffer) => [whole.subarray(0, 16), whole.subarray(16)]
  const drawn = [buffer(unfit), composite, buffer(fit)].flatMap(halves)
  const generator = scripted(small.subarray(0, 16), ...drawn)
  t.same(await findPrime(generator, bits, 65_537), buffer(fit))
})

void test('FIPS 186-4 §B.3.3: a generator that gives no prime is given up', async (t) => {
  const stuck: Generator = { bytes: (length) => Buffer.alloc(length, 0xff), close: () => undefined }
  t.equal(await reasonOf(() => findPrime(stuck, 256, 65_537)), 'CryptographicFailure')
})

void test('FIPS 186-4 §C.7: trial division finds the factors that are there', (t) => {
  const prime = Buffer.from(((1n << 521n) - 1n).toString(16).padStart(132, '0'), 'hex')
  t.notOk(hasSmallFactor(prime), 'a Mersenne prime')
  for (const factor of [3n, 5n, 7n, 181n, 191n, 3989n, 4093n]) {
    const multiple = (((1n << 521n) - 1n) * factor).toString(16)
    t.ok(hasSmallFactor(hex(multiple.length % 2 === 0 ? multiple : `0${multiple}`)), String(factor))
  }
  t.end()
})

void test('FIPS 186-4 §B.3.1: primes that are too near to each other make no key', (t) => {
  const bits = 512
  const p = (1n << 511n) + (1n << 510n)
  t.equal(rsaNumbers(p, p, bits), undefined)
  t.equal(rsaNumbers(p, p + (1n << 412n), bits), undefined)
  t.equal(rsaNumbers(p + (1n << 412n), p, bits), undefined)
  t.end()
})

void test('RFC 8017 §3.2: the numbers of an RSA key belong together, the larger prime first', (t) => {
  const [a, b] = [(1n << 521n) - 1n, (1n << 607n) - 1n]
  const numbers = rsaNumbers(a, b, 100)
  const value = (
    name: 'p' | 'q' | 'modulus' | 'privateExponent' | 'primeExponentP' | 'primeExponentQ' | 'crtCoefficient',
  ) => toBigInt(numbers?.[name] ?? Buffer.alloc(0))
  t.equal(value('p'), b)
  t.equal(value('q'), a)
  t.equal(value('modulus'), a * b)
  t.equal((65_537n * value('privateExponent')) % (a - 1n), 1n)
  t.equal((65_537n * value('privateExponent')) % (b - 1n), 1n)
  t.equal(value('primeExponentP'), value('privateExponent') % (b - 1n))
  t.equal(value('primeExponentQ'), value('privateExponent') % (a - 1n))
  t.equal((value('crtCoefficient') * a) % b, 1n)
  t.end()
})

void test('FIPS 140-2 §4.9.2: two keys that do not belong together are no pair', async (t) => {
  const [one, other] = [0, 1].map(() => generateKeyPairSync('rsa', { modulusLength: 1024 }))
  if (one === undefined || other === undefined) return
  t.equal(await reasonOf(() => checkPair(one.privateKey, one.publicKey)), 'none')
  t.equal(await reasonOf(() => checkPair(one.privateKey, other.publicKey)), 'CryptographicFailure')
})

void test('1.4 §3.44 / 2.1 §4.46: with the generator of the system the library makes whole pairs', async (t) => {
  const keys = await openKeys(undefined, undefined, 'system')
  t.same(keys.generator, { rngAlgorithm: 'Unspecified' })
  for (const algorithm of ['RSA', 'EC', 'Ed25519', 'Ed448'] as const) {
    const length = { RSA: 1024, EC: 256, Ed25519: undefined, Ed448: undefined }[algorithm]
    const pair = await keys.generateKeyPair(IDS, { algorithm, length, curve: undefined })
    t.ok(bytesOf(await keys.retrieve(pair.privateKey.key, { keyFormatType: 'PKCS_8' })).length > 0, algorithm)
  }
  const x = await keys.generateKeyPair(IDS, { algorithm: 'ECDH', length: undefined, curve: 'CURVE25519' })
  const x448 = await keys.generateKeyPair(IDS, { algorithm: 'ECDH', length: undefined, curve: 'CURVE448' })
  const dh = await keys.generateKeyPair(IDS, { algorithm: 'DH', length: undefined, curve: undefined })
  for (const { publicKey } of [x, x448, dh]) t.ok(publicKey.attributes.length > 0)
})
