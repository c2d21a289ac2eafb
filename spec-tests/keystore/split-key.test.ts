import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { test } from 'tap'
import type { HeldKey, JoinedKeySpec, KeyStore, SplitScheme } from '../../src/domain/key-store.ts'
import { GF2_16, GF2_8 } from '../../src/keystore/software/split/binary-field.ts'
import { binarySharing } from '../../src/keystore/software/split/binary-sharing.ts'
import { primeFor } from '../../src/keystore/software/split/prime-field.ts'
import { primeSharing } from '../../src/keystore/software/split/prime-sharing.ts'
import type { SplitKeyMethod } from '../../src/protocol/enumerations.ts'
import type { ObjectValue } from '../../src/protocol/structures/managed-objects.ts'
import { bytesOf, hex, keyObject, openKeys, reasonOf, valuesOf } from './software.ts'

const METHODS: readonly SplitKeyMethod[] = [
  'XOR',
  'PolynomialSharingGF2_8',
  'PolynomialSharingGF2_16',
  'PolynomialSharingPrimeField',
]

const scheme = (method: SplitKeyMethod, parts: number, threshold: number, primeFieldSize?: Buffer): SplitScheme => ({
  parts,
  threshold,
  method,
  primeFieldSize,
})

const JOINED: JoinedKeySpec = {
  objectType: 'SymmetricKey',
  secretDataType: undefined,
  algorithm: undefined,
  length: undefined,
}

const keys: KeyStore = await openKeys()

const secretData = (keyMaterial: Buffer): ObjectValue => ({
  objectType: 'SecretData',
  value: { secretDataType: 'Seed', keyBlock: { keyFormatType: 'Raw', keyValue: { keyMaterial, attributes: [] } } },
})

const aes = (material: Buffer): ObjectValue =>
  keyObject('SymmetricKey', material, { keyFormatType: 'Raw', cryptographicAlgorithm: 'AES' })

const idsFor = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `part-${index}`)

const splitHeld = async (object: ObjectValue, how: SplitScheme): Promise<readonly HeldKey[]> => {
  const { key: held } = await keys.deposit('source', object)
  return (await keys.split(idsFor(how.parts), { held }, how)).map(({ key }) => key)
}

const joined = async (parts: readonly HeldKey[], wanted = JOINED): Promise<Buffer> =>
  bytesOf(await keys.retrieve((await keys.join('joined', parts, wanted)).key))

/** A part that somebody else made. */
const part = async (
  number: number,
  bytes: Buffer,
  how: SplitScheme,
  block: { readonly cryptographicAlgorithm?: 'AES'; readonly cryptographicLength?: number } = {
    cryptographicAlgorithm: 'AES',
    cryptographicLength: 128,
  },
): Promise<HeldKey> =>
  (
    await keys.deposit(`brought-${number}`, {
      objectType: 'SplitKey',
      value: {
        splitKeyParts: how.parts,
        keyPartIdentifier: number,
        splitKeyThreshold: how.threshold,
        splitKeyMethod: how.method,
        primeFieldSize: how.primeFieldSize,
        keyBlock: { keyFormatType: 'Raw', keyValue: { keyMaterial: bytes, attributes: [] }, ...block },
      },
    })
  ).key

const SECRET = hex('0102030405060708090A0B0C0D0E0F10')

void test('2.1 §13.1: GF(2^8): the parts that the published case TC-SJ-2 shows', async (t) => {
  const how = scheme('PolynomialSharingGF2_8', 4, 2)
  const shown = [
    '66C46A7754F94DE420C7B1A7FFF5EC56',
    'CF93D1E2A7E593CD5B8D6247F4E5D49C',
    'A855B891F61AD9217240D8EC061E37DA',
    '803DBAD55CDD329FAD19D99AE2C5A415',
  ]
  const parts = await Promise.all(shown.map((bytes, index) => part(index + 1, hex(bytes), how)))
  for (const [a, b] of fc.sample(fc.shuffledSubarray(parts, { minLength: 2, maxLength: 2 }), 12)) {
    if (a !== undefined && b !== undefined) t.same(await joined([a, b]), SECRET)
  }
  t.same(await joined(parts), SECRET, 'more than needed, which agree')
})

void test('1.4 §2.2.5 / 2.1 §13.1: XOR: the parts that the published case TC-SJ-4 shows', async (t) => {
  const how = scheme('XOR', 4, 4)
  const shown = [
    'd4b92c299199298e30dee13b967e6dda',
    '35ea4f615686230c7b11538693674e89',
    '3478ddd2e1f89f2005011d26d9fff37c',
    'd429bd9e23e192aa47c4a497d1e8df3f',
  ]
  const parts = await Promise.all(shown.map((bytes, index) => part(index + 1, hex(bytes), how)))
  t.same(await joined(parts.toReversed()), SECRET)
})

/*
 * GF(2^16), by hand: y^2 = y + {3A}, so y y = y + {3A}; and {02} {80} = {1D} in the field below. The element y is 0100.
 */
void test('2.1 §13.1: GF(2^16): products and inverses that can be checked by hand', (t) => {
  const { multiply, inverse } = GF2_16
  t.equal(multiply(0x0100, 0x0100), 0x013a, 'y y')
  t.equal(multiply(0x0100, 0x0002), 0x0200, 'a factor of the field below')
  t.equal(multiply(0x8080, 0x0002), 0x1d1d)
  t.equal(multiply(0x1234, 0x0001), 0x1234)
  // (y)(y + 1) = y y + y = {3A}.
  t.equal(multiply(0x0100, 0x0101), 0x003a)
  for (const element of [1, 2, 0xff, 0x0100, 0x013a, 0x8001, 0xffff, 0xbeef]) {
    t.equal(multiply(element, inverse(element)), 1, element.toString(16))
  }
  for (let element = 1; element < 256; element += 1) t.equal(GF2_8.multiply(element, GF2_8.inverse(element)), 1)
  t.end()
})

void test('2.1 §13.1: GF(2^16): a polynomial written out', (t) => {
  // f(x) = 1234 + y x over one piece: f(1) = 1234 ^ 0100, f(2) = 1234 ^ 0200, f(3) = 1234 ^ 0300.
  const shares = binarySharing(GF2_16).split(hex('1234'), { parts: 3, threshold: 2 }, () => hex('0100'))
  t.same(shares, [hex('1334'), hex('1034'), hex('1134')])
  t.end()
})

void test('1.4 §2.2.5 / 2.1 §13.1: prime field: a polynomial written out', (t) => {
  // f(x) = 10 + 3 x modulo 17, the random number being 3 in 17 bytes.
  const sharing = primeSharing(17n)
  const shares = sharing.split(hex('0A'), { parts: 4, threshold: 2 }, (length) => {
    const bytes = Buffer.alloc(length)
    bytes.writeUInt8(3, length - 1)
    return bytes
  })
  t.same(shares, [hex('0D'), hex('10'), hex('02'), hex('05')])
  const two = shares.slice(2).map((bytes, index) => ({ part: index + 3, bytes }))
  t.same(sharing.join(two, 0), hex('0A'))
  t.same(sharing.join(two, 1), hex('0D'))
  t.equal(sharing.normal(hex('11')), undefined, 'no number below the prime')
  t.same(sharing.normal(hex('000010')), hex('10'))
  t.end()
})

void test('1.4 §2.2.5 / 2.1 §13.1: any parts, as many as the threshold says, give the key; fewer never do', async (t) => {
  const counts = fc
    .integer({ min: 1, max: 7 })
    .chain((parts) => fc.record({ parts: fc.constant(parts), threshold: fc.integer({ min: 1, max: parts }) }))
  const cases = fc.record({
    method: fc.constantFrom(...METHODS),
    counts,
    secret: fc.uint8Array({ minLength: 1, maxLength: 70 }),
    order: fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6], { minLength: 7, maxLength: 7 }),
  })
  const property = fc.asyncProperty(cases, async ({ method, counts: { parts, threshold }, secret, order }) => {
    const how = scheme(method, parts, method === 'XOR' ? parts : threshold)
    const all = await splitHeld(secretData(Buffer.from(secret)), how)
    const chosen = order.flatMap((index) => all[index] ?? [])
    const wanted = { ...JOINED, objectType: 'SecretData' } as const
    const same = Buffer.from(secret).equals(await joined(chosen.slice(0, how.threshold), wanted))
    const whole = Buffer.from(secret).equals(await joined(chosen, wanted))
    const fewer = await reasonOf(() => keys.join('joined', chosen.slice(0, how.threshold - 1), wanted))
    return same && whole && fewer === 'CryptographicFailure'
  })
  await fc.assert(property, { numRuns: 150 })
  t.pass('for every method, number of parts and length')
})

void test('1.4 §2.2.5 / 2.1 §13.1: fewer parts than the threshold tell nothing: every secret is left possible', (t) => {
  // With one share of two known, each secret byte has exactly one polynomial that gives it.
  const share = 0x5a
  const slopes = new Set(Array.from({ length: 256 }, (_, secret) => GF2_8.multiply(share ^ secret, GF2_8.inverse(3))))
  t.equal(slopes.size, 256)
  t.end()
})

void test('1.4 §2.2.5: Prime Field Size: what the server chooses is a prime bigger than the key', async (t) => {
  for (const bits of [8, 64, 128, 192, 256, 512, 1000, 2048, 9600, 19_000]) {
    const prime = primeFor(bits)
    t.ok(prime >> BigInt(bits) > 0n, `${bits}`)
    const how = scheme('PolynomialSharingPrimeField', 3, 2)
    if (bits % 8 !== 0) continue
    const secret = randomBytes(bits / 8)
    const parts = await splitHeld(secretData(secret), how)
    t.same(await joined(parts.slice(1), { ...JOINED, objectType: 'SecretData' }), secret)
  }
  t.equal(await reasonOf(() => primeFor(23_209)), 'InvalidField')
})

void test('1.4 §2.2.5: Prime Field Size: what a client chooses is checked', async (t) => {
  const number = (value: bigint): Buffer => {
    const digits = value.toString(16)
    return Buffer.from(`00${digits.length % 2 === 0 ? digits : `0${digits}`}`, 'hex')
  }
  const told = (prime: Buffer): Promise<string> =>
    reasonOf(() => splitHeld(aes(SECRET), scheme('PolynomialSharingPrimeField', 3, 2, prime)))
  t.equal(await told(number((1n << 521n) - 1n)), 'none', 'a prime')
  t.equal(await told(number((1n << 128n) + 51n)), 'none')
  t.equal(await told(number((1n << 128n) + 53n)), 'InvalidField', 'no prime')
  t.equal(await told(number((1n << 127n) - 1n)), 'InvalidField', 'too small')
  t.equal(await told(number((1n << 5000n) + 1n)), 'InvalidField', 'too large to tell')
  t.equal(await told(Buffer.from([0xff])), 'InvalidField', 'negative')
  t.equal(await told(Buffer.alloc(8)), 'InvalidField', 'zero')
  const prime = number((1n << 521n) - 1n)
  const parts = await splitHeld(aes(SECRET), scheme('PolynomialSharingPrimeField', 3, 2, prime))
  t.same(await joined(parts.slice(1)), SECRET, 'with the zeros it begins with')
})

void test('1.4 §2.2.5 / 2.1 §2.8: terms that no split can have', async (t) => {
  const told = (how: SplitScheme): Promise<string> => reasonOf(() => splitHeld(aes(SECRET), how))
  for (const method of METHODS) {
    t.equal(await told(scheme(method, 2, 3)), 'InvalidField', `${method}: more needed than there are`)
    t.equal(await told(scheme(method, 2, 0)), 'InvalidField', `${method}: none needed`)
    t.equal(await told(scheme(method, 1, 1)), 'none', `${method}: one part`)
  }
  t.equal(await told(scheme('XOR', 3, 2)), 'InvalidField', 'XOR needs all parts')
  t.equal(await told(scheme('PolynomialSharingGF2_8', 255, 2)), 'none')
  t.equal(await told(scheme('PolynomialSharingGF2_8', 256, 2)), 'InvalidField', 'no element is left')
  t.equal(await told(scheme('PolynomialSharingGF2_16', 256, 2)), 'ServerLimitExceeded')
  t.equal(await told(scheme('PolynomialSharingGF2_16', 2_000_000, 2)), 'InvalidField')
  const long = secretData(randomBytes(60_000))
  t.equal(await reasonOf(() => splitHeld(long, scheme('PolynomialSharingGF2_8', 255, 255))), 'ServerLimitExceeded')
})

void test('1.4 §4.39 / 2.1 §6.1.27: parts that somebody brought, and nobody waits for', async (t) => {
  const told = async (bytes: number, count: number, how: SplitScheme): Promise<string> => {
    const numbers = Array.from({ length: count }, (_, index) => index + 1)
    const parts = await Promise.all(numbers.map((number) => part(number, Buffer.alloc(bytes, 1), how, {})))
    return reasonOf(() => keys.join('joined', parts, JOINED))
  }
  t.equal(await told(60_000, 60, scheme('PolynomialSharingGF2_8', 60, 30)), 'ServerLimitExceeded', 'long')
  t.equal(await told(60_000, 60, scheme('PolynomialSharingGF2_16', 60, 30)), 'ServerLimitExceeded')
  const many = scheme('PolynomialSharingPrimeField', 700, 300, hex(`01${'ff'.repeat(65)}`))
  t.equal(await told(16, 700, many), 'ServerLimitExceeded', 'many')
  t.equal(await told(16, 61, scheme('PolynomialSharingGF2_8', 255, 61)), 'none', 'as many as that are no matter')
})

void test('1.4 §4.39 / 2.1 §6.1.27: parts that do not belong together', async (t) => {
  const how = scheme('PolynomialSharingGF2_8', 4, 2)
  const [one, two, three] = await splitHeld(aes(SECRET), how)
  const other = await part(2, randomBytes(16), scheme('PolynomialSharingGF2_16', 4, 2))
  const short = await part(4, randomBytes(8), how)
  const wrong = await part(4, randomBytes(16), how)
  const twin = await part(1, randomBytes(16), how)
  const { key: plain } = await keys.deposit('plain', aes(SECRET))
  const told = (...parts: readonly (HeldKey | undefined)[]): Promise<string> =>
    reasonOf(() =>
      keys.join(
        'joined',
        parts.flatMap((held) => held ?? []),
        JOINED,
      ),
    )
  t.equal(await told(one), 'CryptographicFailure', 'too few')
  t.equal(await told(), 'CryptographicFailure')
  t.equal(await told(one, other), 'InvalidField', 'another method')
  t.equal(await told(one, twin), 'InvalidField', 'one part twice')
  t.equal(await told(one, short), 'CryptographicFailure', 'another length')
  t.equal(await told(one, two, wrong), 'CryptographicFailure', 'one more that does not agree')
  t.equal(await told(one, plain), 'CryptographicFailure', 'no part')
  t.equal(await told(one, two, three), 'none')
})

void test('1.4 §4.39 / 2.1 §6.1.27: keys of a pair, whatever the method', async (t) => {
  const spec = { algorithm: 'RSA', length: 1024, curve: undefined } as const
  const pair = await keys.generateKeyPair({ privateKey: 'private', publicKey: 'public' }, spec)
  for (const method of METHODS) {
    const how = scheme(method, 3, 3)
    for (const [objectType, { key: held }] of [
      ['PrivateKey', pair.privateKey],
      ['PublicKey', pair.publicKey],
    ] as const) {
      const parts = (await keys.split(idsFor(3), { held }, how)).map(({ key }) => key)
      const deposit = await keys.join('joined', parts, { ...JOINED, objectType })
      t.same(valuesOf(deposit, 'CryptographicAlgorithm'), ['RSA'], `${method} ${objectType}`)
      t.same(
        await keys.retrieve(deposit.key, { keyFormatType: 'PKCS_1' }),
        await keys.retrieve(held, { keyFormatType: 'PKCS_1' }),
      )
    }
  }
  const garbage = await Promise.all([1, 2].map((number) => part(number, randomBytes(64), scheme('XOR', 2, 2), {})))
  t.equal(
    await reasonOf(() => keys.join('joined', garbage, { ...JOINED, objectType: 'PrivateKey' })),
    'CryptographicFailure',
  )
  t.equal(
    await reasonOf(() => keys.join('joined', garbage, { ...JOINED, objectType: 'Certificate' })),
    'InvalidObjectType',
  )
})

void test('1.4 §4.38 / 2.1 §6.1.10: a key that is made for its parts', async (t) => {
  const how = scheme('PolynomialSharingPrimeField', 5, 3)
  const deposits = await keys.split(idsFor(5), { made: { algorithm: 'DES3', length: 168 } }, how)
  t.same(deposits.map((deposit) => valuesOf(deposit, 'CryptographicLength')).flat(), Array(5).fill(168))
  const parts = deposits.map(({ key }) => key)
  const key = await joined(parts.slice(0, 3))
  t.equal(key.length, 24, 'the parity bits are there')
  t.same(await joined(parts.slice(2)), key)
})
