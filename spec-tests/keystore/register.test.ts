import { createHash, generateKeyPairSync } from 'node:crypto'
import { test } from 'tap'
import type { ObjectValue } from '../../src/protocol/structures/managed-objects.ts'
import type { KeyBlock, KeyMaterial, TransparentKeyMaterial } from '../../src/protocol/structures/key-block.ts'
import { KEY_FORMATS } from '../../src/keystore/key-formats.ts'
import { KEY_FORMAT_TYPE, type KeyFormatType } from '../../src/protocol/enumerations.ts'
import {
  blockOf,
  bytesOf,
  digestFormats,
  hex,
  keyObject,
  materialOf,
  openKeys,
  reasonOf,
  valuesOf,
} from './software.ts'

/* What Register takes in, what it derives and what it refuses (1.4 sections 2.1, 2.2 and 4.3; 2.1 sections 2 and 6.1.41). */

type Facts = Omit<KeyBlock, 'keyValue'>

const symmetric = (material: KeyMaterial, rest: Partial<Facts> = {}): ObjectValue =>
  keyObject('SymmetricKey', material, { keyFormatType: 'Raw', ...rest })

const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 })
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 1024 })
const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const ed25519 = generateKeyPairSync('ed25519')

const der = {
  rsaPkcs1: rsa.privateKey.export({ format: 'der', type: 'pkcs1' }),
  rsaPkcs8: rsa.privateKey.export({ format: 'der', type: 'pkcs8' }),
  rsaPublic: rsa.publicKey.export({ format: 'der', type: 'pkcs1' }),
  rsaSpki: rsa.publicKey.export({ format: 'der', type: 'spki' }),
  ecSec1: ec.privateKey.export({ format: 'der', type: 'sec1' }),
  ecPkcs8: ec.privateKey.export({ format: 'der', type: 'pkcs8' }),
  ecSpki: ec.publicKey.export({ format: 'der', type: 'spki' }),
  edPkcs8: ed25519.privateKey.export({ format: 'der', type: 'pkcs8' }),
  edSpki: ed25519.publicKey.export({ format: 'der', type: 'spki' }),
  encrypted: ec.privateKey.export({ format: 'der', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' }),
}

void test('1.4 §2.1.3 / 2.1 §3.1: symmetric keys, their length taken from the material where the block has none', async (t) => {
  const keys = await openKeys()
  const cases: readonly (readonly [
    Partial<Facts>,
    bytes: number,
    algorithm: string | number | undefined,
    length: number,
  ])[] = [
    [{ cryptographicAlgorithm: 'AES', cryptographicLength: 128 }, 16, 'AES', 128],
    [{ cryptographicAlgorithm: 'AES' }, 24, 'AES', 192],
    [{ cryptographicAlgorithm: 'AES' }, 32, 'AES', 256],
    [{ cryptographicAlgorithm: 'DES3', cryptographicLength: 168 }, 24, 'DES3', 168],
    [{ cryptographicAlgorithm: 'DES3', cryptographicLength: 192 }, 24, 'DES3', 192],
    [{ cryptographicAlgorithm: 'DES3', cryptographicLength: 112 }, 16, 'DES3', 112],
    [{ cryptographicAlgorithm: 'DES3' }, 24, 'DES3', 168],
    [{ cryptographicAlgorithm: 'DES3' }, 16, 'DES3', 112],
    [{ cryptographicAlgorithm: 'DES' }, 8, 'DES', 56],
    [{ cryptographicAlgorithm: 'HMAC_SHA256' }, 20, 'HMAC_SHA256', 160],
    [{ cryptographicAlgorithm: 0x80000005 }, 20, 0x80000005, 160],
    [{}, 16, undefined, 128],
  ]
  for (const [facts, bytes, algorithm, length] of cases) {
    const deposit = await keys.deposit('a', symmetric(Buffer.alloc(bytes, 3), facts))
    const block = blockOf(await keys.retrieve(deposit.key))
    t.same([block.cryptographicAlgorithm, block.cryptographicLength], [algorithm, length], JSON.stringify(facts))
    t.same(valuesOf(deposit, 'CryptographicAlgorithm'), algorithm === undefined ? [] : [algorithm])
    t.same(valuesOf(deposit, 'CryptographicLength'), [length])
  }
})

void test('1.4 §2.1.3: Key Compression Type on a symmetric key is taken and dropped', async (t) => {
  const keys = await openKeys()
  const given = symmetric(Buffer.alloc(16), {
    cryptographicAlgorithm: 'AES',
    cryptographicLength: 128,
    keyCompressionType: 'ECPublicKeyTypeUncompressed',
  })
  const { key } = await keys.deposit('a', given)
  t.equal(blockOf(await keys.retrieve(key)).keyCompressionType, undefined)
})

void test('2.1 §11.46: symmetric keys that contradict themselves are an Invalid Field', async (t) => {
  const keys = await openKeys()
  const cases: readonly (readonly [string, KeyMaterial, Partial<Facts>])[] = [
    ['empty', Buffer.alloc(0), { cryptographicAlgorithm: 'AES' }],
    ['a length the algorithm does not have', Buffer.alloc(20), { cryptographicAlgorithm: 'AES' }],
    ['length and material', Buffer.alloc(16), { cryptographicAlgorithm: 'AES', cryptographicLength: 256 }],
    ['length without algorithm', Buffer.alloc(16), { cryptographicLength: 256 }],
    ['an algorithm without symmetric keys', Buffer.alloc(16), { cryptographicAlgorithm: 'RSA' }],
    ['a hash', Buffer.alloc(32), { cryptographicAlgorithm: 'SHA3_256' }],
    ['a structure in Raw', { key: Buffer.alloc(16) }, {}],
    ['bytes in a Transparent key', Buffer.alloc(16), { keyFormatType: 'TransparentSymmetricKey' }],
    ['a structure without its field', {}, { keyFormatType: 'TransparentSymmetricKey' }],
    [
      'a field of another format',
      { key: Buffer.alloc(16), d: Buffer.alloc(8) },
      { keyFormatType: 'TransparentSymmetricKey' },
    ],
    [
      'an empty Transparent key',
      { key: Buffer.alloc(0) },
      { keyFormatType: 'TransparentSymmetricKey', cryptographicAlgorithm: 'AES' },
    ],
    ['PKCS#8', der.rsaPkcs8, { keyFormatType: 'PKCS_8' }],
    ['a public key’s format', der.rsaSpki, { keyFormatType: 'X_509' }],
  ]
  for (const [what, material, facts] of cases) {
    t.equal(await reasonOf(() => keys.deposit('a', symmetric(material, facts))), 'InvalidField', what)
  }
})

type PairCase = readonly [
  kind: 'PublicKey' | 'PrivateKey',
  format: NonNullable<Facts['keyFormatType']>,
  material: Buffer,
  algorithm: string,
  length: number,
]

const PAIR_CASES: readonly PairCase[] = [
  ['PrivateKey', 'PKCS_1', der.rsaPkcs1, 'RSA', 1024],
  ['PrivateKey', 'PKCS_8', der.rsaPkcs8, 'RSA', 1024],
  ['PublicKey', 'PKCS_1', der.rsaPublic, 'RSA', 1024],
  ['PublicKey', 'X_509', der.rsaSpki, 'RSA', 1024],
  ['PrivateKey', 'ECPrivateKey', der.ecSec1, 'EC', 256],
  ['PrivateKey', 'PKCS_8', der.ecPkcs8, 'EC', 256],
  ['PublicKey', 'X_509', der.ecSpki, 'EC', 256],
  ['PrivateKey', 'PKCS_8', der.edPkcs8, 'Ed25519', 256],
  ['PublicKey', 'X_509', der.edSpki, 'Ed25519', 256],
]

void test('1.4 §2.1.3 / 2.1 §3.1: keys of pairs, algorithm and length taken from the material', async (t) => {
  const keys = await openKeys()
  for (const [kind, keyFormatType, material, algorithm, length] of PAIR_CASES) {
    const deposit = await keys.deposit('a', keyObject(kind, material, { keyFormatType }))
    const object = await keys.retrieve(deposit.key)
    const { cryptographicAlgorithm, cryptographicLength } = blockOf(object)
    t.same([cryptographicAlgorithm, cryptographicLength], [algorithm, length], `${kind} ${String(keyFormatType)}`)
    t.same(bytesOf(object), material, 'as it was registered')
    t.same(valuesOf(deposit, 'CryptographicAlgorithm'), [algorithm])
    t.same(valuesOf(deposit, 'KeyFormatType'), [keyFormatType])
    const digestValue = createHash('sha256').update(material).digest()
    t.same(valuesOf(deposit, 'Digest')[0], { hashingAlgorithm: 'SHA_256', digestValue, keyFormatType })
  }
})

/* The default of Table 81 of 2.1; none where the table has no row for such keys. */
const DEFAULT_FORMATS: readonly (readonly [kind: 'PublicKey' | 'PrivateKey', name: string, format: KeyFormatType])[] = [
  ['PrivateKey', 'RSA', 'PKCS_1'],
  ['PublicKey', 'RSA', 'PKCS_1'],
  ['PrivateKey', 'EC', 'TransparentECPrivateKey'],
  ['PublicKey', 'EC', 'TransparentECPublicKey'],
]

void test('1.4 §3.17 / 2.1 §4.21: a Digest of the format that was registered, and one of the default format', async (t) => {
  const keys = await openKeys()
  for (const [kind, keyFormatType, material, algorithm] of PAIR_CASES) {
    const deposit = await keys.deposit('a', keyObject(kind, material, { keyFormatType }))
    const format = DEFAULT_FORMATS.find(([ofKind, name]) => ofKind === kind && name === algorithm)?.[2]
    t.same(
      digestFormats(deposit),
      format === undefined || format === keyFormatType ? [keyFormatType] : [keyFormatType, format],
    )
    if (format === undefined) continue
    const again = await keys.deposit('b', await keys.retrieve(deposit.key, { keyFormatType: format }))
    t.same(valuesOf(again, 'Digest')[0], valuesOf(deposit, 'Digest').at(-1), 'of the key as it is read in that format')
  }
})

void test('2.1 §11.12: the three names of elliptic curve algorithms, and no other', async (t) => {
  const keys = await openKeys()
  const register = (cryptographicAlgorithm: NonNullable<Facts['cryptographicAlgorithm']>) =>
    reasonOf(() =>
      keys.deposit('a', keyObject('PublicKey', der.ecSpki, { keyFormatType: 'X_509', cryptographicAlgorithm })),
    )
  for (const name of ['EC', 'ECDSA', 'ECDH'] as const) t.equal(await register(name), 'none', name)
  for (const name of ['RSA', 'Ed25519', 'AES', 'DSA'] as const) t.equal(await register(name), 'InvalidField', name)
})

void test('1.4 §3.7 / 2.1 §4.14: the domain parameters follow from the curve', async (t) => {
  const keys = await openKeys()
  const deposit = await keys.deposit('a', keyObject('PublicKey', der.ecSpki, { keyFormatType: 'X_509' }))
  t.same(valuesOf(deposit, 'CryptographicDomainParameters'), [{ qlength: 256, recommendedCurve: 'P_256' }])
})

const cut = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length - 1)
const extended = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(1)])
const changedAt = (bytes: Buffer, at: number): Buffer => {
  const changed = Buffer.from(bytes)
  changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
  return changed
}

void test('2.1 §11.46: encodings that are not what the Key Format Type says', async (t) => {
  const keys = await openKeys()
  const nested = Buffer.concat([Buffer.from([0x30, 0x82, 0x75, 0x30]), Buffer.alloc(30_000, Buffer.from([0x30, 0x80]))])
  const cases: readonly (readonly ['PublicKey' | 'PrivateKey', Facts['keyFormatType'], Buffer, string])[] = [
    ['PrivateKey', 'PKCS_1', cut(der.rsaPkcs1), 'cut short'],
    ['PrivateKey', 'PKCS_8', extended(der.rsaPkcs8), 'bytes after the key'],
    ['PublicKey', 'X_509', extended(der.rsaSpki), 'bytes after the key'],
    ['PrivateKey', 'PKCS_1', der.rsaPkcs8, 'PKCS#8 as PKCS#1'],
    ['PrivateKey', 'PKCS_8', der.rsaSpki, 'a public key as a private one'],
    ['PublicKey', 'X_509', der.rsaPkcs8, 'a private key as a public one'],
    ['PublicKey', 'PKCS_1', der.rsaPkcs1, 'a private key as a public one'],
    ['PublicKey', 'PKCS_1', der.rsaSpki, 'SubjectPublicKeyInfo as PKCS#1'],
    ['PublicKey', 'PKCS_8', der.rsaPkcs8, 'a format of private keys'],
    ['PrivateKey', 'X_509', der.rsaSpki, 'a format of public keys'],
    ['PrivateKey', 'ECPrivateKey', der.rsaPkcs1, 'another algorithm'],
    ['PublicKey', 'X_509', changedAt(der.ecSpki, der.ecSpki.length - 1), 'a point off the curve'],
    ['PrivateKey', 'ECPrivateKey', changedAt(der.ecSec1, der.ecSec1.length - 1), 'a public part off the curve'],
    ['PrivateKey', 'ECPrivateKey', changedAt(der.ecSec1, 10), 'a public part of another key'],
    ['PrivateKey', 'PKCS_8', Buffer.alloc(100, 0x30), 'no DER'],
    ['PublicKey', 'X_509', Buffer.from('-----BEGIN PUBLIC KEY-----'), 'PEM'],
    ['PrivateKey', 'PKCS_8', Buffer.from([0x30, 0x80, 0, 0]), 'an indefinite length'],
    ['PrivateKey', 'PKCS_8', nested, 'deep nesting'],
    ['PrivateKey', 'PKCS_8', Buffer.alloc(10 * 1024 * 1024, 0x30), 'ten mebibytes'],
    ['PrivateKey', 'PKCS_8', Buffer.alloc(0), 'nothing'],
  ]
  for (const [kind, keyFormatType, material, what] of cases) {
    const register = () => keys.deposit('a', keyObject(kind, material, { keyFormatType }))
    t.equal(await reasonOf(register), 'InvalidField', `${kind}, ${String(keyFormatType)}: ${what}`)
  }
})

void test('2.1 §11.46: a length that contradicts the material', async (t) => {
  const keys = await openKeys()
  for (const [kind, keyFormatType, material, , length] of PAIR_CASES) {
    const register = (cryptographicLength: number) =>
      reasonOf(() => keys.deposit('a', keyObject(kind, material, { keyFormatType, cryptographicLength })))
    t.equal(await register(length), 'none')
    t.equal(await register(length * 2), 'InvalidField')
    t.equal(await register(length + 1), 'InvalidField')
  }
})

void test('1.4 §2.1.3 / 2.1 §11.25: an encrypted PKCS#8 key is kept as it came, on the word of its block', async (t) => {
  const keys = await openKeys()
  const facts = { keyFormatType: 'PKCS_8', cryptographicAlgorithm: 'EC', cryptographicLength: 256 } as const
  const deposit = await keys.deposit('a', keyObject('PrivateKey', der.encrypted, facts))
  t.same(bytesOf(await keys.retrieve(deposit.key)), der.encrypted)
  t.same(valuesOf(deposit, 'CryptographicLength'), [256])
  t.equal(
    await reasonOf(() => keys.retrieve(deposit.key, { keyFormatType: 'ECPrivateKey' })),
    'KeyFormatTypeNotSupported',
  )
})

void test('TC-ECC-2-12: an ECPrivateKey called PKCS#8 is taken, and comes back as it came', async (t) => {
  const keys = await openKeys()
  const { key } = await keys.deposit('a', keyObject('PrivateKey', der.ecSec1, { keyFormatType: 'PKCS_8' }))
  t.same(bytesOf(await keys.retrieve(key)), der.ecSec1)
})

const numbers = (key: typeof rsa.privateKey): TransparentKeyMaterial => {
  const jwk = key.export({ format: 'jwk' })
  const integer = (text: unknown): Buffer => Buffer.concat([Buffer.alloc(1), Buffer.from(String(text), 'base64url')])
  return {
    modulus: integer(jwk.n),
    privateExponent: integer(jwk.d),
    publicExponent: integer(jwk.e),
    p: integer(jwk.p),
    q: integer(jwk.q),
    primeExponentP: integer(jwk.dp),
    primeExponentQ: integer(jwk.dq),
    crtCoefficient: integer(jwk.qi),
  }
}

const full = numbers(rsa.privateKey)
const other = numbers(otherRsa.privateKey)
const even = Buffer.from(full.modulus ?? Buffer.alloc(0))
even.writeUInt8(even.readUInt8(even.length - 1) & 0xfe, even.length - 1)

void test('1.4 §2.1.7.4 / 2.1 §3.7: a Transparent RSA Private Key needs its modulus and one of three sets of values', async (t) => {
  const keys = await openKeys()
  const { modulus, privateExponent, publicExponent, p, q, primeExponentP, primeExponentQ } = full
  const cases: readonly (readonly [string, TransparentKeyMaterial, taken: string, converts: string])[] = [
    ['all of it', full, 'none', 'none'],
    ['primes and public exponent', { modulus, publicExponent, p, q }, 'none', 'none'],
    ['primes and private exponent', { modulus, privateExponent, p, q }, 'none', 'none'],
    ['private exponent alone', { modulus, privateExponent }, 'none', 'KeyFormatTypeNotSupported'],
    ['exponents of the primes', { modulus, primeExponentP, primeExponentQ }, 'none', 'KeyFormatTypeNotSupported'],
    ['no modulus', { ...full, modulus: undefined }, 'InvalidField', ''],
    ['modulus alone', { modulus, publicExponent }, 'InvalidField', ''],
    ['one prime', { modulus, publicExponent, p }, 'InvalidField', ''],
  ]
  for (const [what, material, taken, converts] of cases) {
    const object = keyObject('PrivateKey', material, {
      keyFormatType: 'TransparentRSAPrivateKey',
      cryptographicAlgorithm: 'RSA',
      cryptographicLength: 1024,
    })
    t.equal(await reasonOf(() => keys.deposit('a', object)), taken, what)
    if (taken !== 'none') continue
    const { key } = await keys.deposit('a', object)
    const convert = async () => bytesOf(await keys.retrieve(key, { keyFormatType: 'PKCS_8' }))
    t.equal(await reasonOf(convert), converts, what)
    if (converts === 'none') t.same((await convert()).length, der.rsaPkcs8.length, what)
  }
})

void test('2.1 §11.46: RSA numbers that make no key', async (t) => {
  const keys = await openKeys()
  const zero = Buffer.alloc(8)
  const one = Buffer.from([1])
  const privates: readonly (readonly [string, TransparentKeyMaterial])[] = [
    ['equal primes', { ...full, q: full.p }],
    ['primes of another key', { ...full, p: other.p, q: other.q }],
    ['one prime of another key', { ...full, q: other.q }],
    ['a zero prime', { ...full, p: zero }],
    ['a prime that is one', { ...full, p: one, q: full.modulus }],
    ['an exponent of another key', { ...full, privateExponent: other.privateExponent }],
    ['a CRT value of another key', { ...full, primeExponentP: other.primeExponentP }],
    ['a CRT coefficient of another key', { ...full, crtCoefficient: other.crtCoefficient }],
    ['a zero modulus', { ...full, modulus: zero }],
    ['a negative modulus', { ...full, modulus: full.modulus?.subarray(1) }],
    ['a field of another format', { ...full, x: one }],
  ]
  for (const [what, material] of privates) {
    const object = keyObject('PrivateKey', material, { keyFormatType: 'TransparentRSAPrivateKey' })
    t.equal(await reasonOf(() => keys.deposit('a', object)), 'InvalidField', what)
  }
  const { modulus, publicExponent } = full
  const publics: readonly (readonly [string, TransparentKeyMaterial, string])[] = [
    ['good', { modulus, publicExponent }, 'none'],
    ['an even modulus', { modulus: even, publicExponent }, 'InvalidField'],
    ['exponent one', { modulus, publicExponent: one }, 'InvalidField'],
    ['exponent zero', { modulus, publicExponent: zero }, 'InvalidField'],
    ['an even exponent', { modulus, publicExponent: Buffer.from([4]) }, 'InvalidField'],
    ['an exponent as large as the modulus', { modulus, publicExponent: modulus }, 'InvalidField'],
    ['a tiny modulus', { modulus: Buffer.from([15]), publicExponent: Buffer.from([3]) }, 'InvalidField'],
    ['an empty modulus', { modulus: Buffer.alloc(0), publicExponent }, 'InvalidField'],
    [
      'a huge modulus',
      { modulus: Buffer.concat([Buffer.alloc(1), Buffer.alloc(4096, 0xff)]), publicExponent },
      'InvalidField',
    ],
    ['the private exponent too', { modulus, publicExponent, privateExponent: full.privateExponent }, 'InvalidField'],
  ]
  for (const [what, material, reason] of publics) {
    const object = keyObject('PublicKey', material, { keyFormatType: 'TransparentRSAPublicKey' })
    t.equal(await reasonOf(() => keys.deposit('a', object)), reason, what)
  }
})

void test('2.1 §11.46: the same RSA numbers in DER are refused as well', async (t) => {
  const keys = await openKeys()
  const spki = Buffer.from(der.rsaSpki)
  // The exponent 65537 stands at the end, as three bytes.
  const evenExponent = changedAt(spki, spki.length - 1)
  const object = keyObject('PublicKey', evenExponent, { keyFormatType: 'X_509' })
  t.equal(await reasonOf(() => keys.deposit('a', object)), 'InvalidField')
  const mixed = changedAt(der.rsaPkcs1, der.rsaPkcs1.length - 1)
  const broken = keyObject('PrivateKey', mixed, { keyFormatType: 'PKCS_1' })
  t.equal(await reasonOf(() => keys.deposit('a', broken)), 'InvalidField')
})

void test('1.4 §2.1.7 / 2.1 §3.11, §3.12: elliptic curve structures', async (t) => {
  const keys = await openKeys()
  const jwk = ec.privateKey.export({ format: 'jwk' })
  const d = Buffer.concat([Buffer.alloc(1), Buffer.from(String(jwk.d), 'base64url')])
  const [x, y] = [Buffer.from(String(jwk.x), 'base64url'), Buffer.from(String(jwk.y), 'base64url')]
  const qString = Buffer.concat([Buffer.of(4), x, y])
  const compressed = Buffer.concat([Buffer.of(2 + ((y[31] ?? 0) & 1)), x])
  const order = hex('00ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')
  const curve = { recommendedCurve: 'P_256' } as const
  const cases: readonly (readonly [
    'PublicKey' | 'PrivateKey',
    Facts['keyFormatType'],
    TransparentKeyMaterial,
    string,
  ])[] = [
    ['PrivateKey', 'TransparentECPrivateKey', { ...curve, d }, 'EC'],
    ['PrivateKey', 'TransparentECDSAPrivateKey', { ...curve, d }, 'ECDSA'],
    ['PrivateKey', 'TransparentECDHPrivateKey', { ...curve, d }, 'ECDH'],
    ['PrivateKey', 'TransparentECMQVPrivateKey', { ...curve, d }, 'ECMQV'],
    ['PublicKey', 'TransparentECPublicKey', { ...curve, qString }, 'EC'],
    ['PublicKey', 'TransparentECDSAPublicKey', { ...curve, qString }, 'ECDSA'],
    ['PublicKey', 'TransparentECDHPublicKey', { ...curve, qString: compressed }, 'ECDH'],
    ['PrivateKey', 'TransparentECPrivateKey', { ...curve, d: Buffer.alloc(8) }, ''],
    ['PrivateKey', 'TransparentECPrivateKey', { ...curve, d: order }, ''],
    ['PrivateKey', 'TransparentECPrivateKey', { ...curve, d: Buffer.concat([Buffer.of(1), Buffer.alloc(40)]) }, ''],
    ['PrivateKey', 'TransparentECPrivateKey', { ...curve }, ''],
    ['PrivateKey', 'TransparentECPrivateKey', { d }, ''],
    ['PrivateKey', 'TransparentECPrivateKey', { ...curve, d, qString }, ''],
    ['PrivateKey', 'TransparentECPublicKey', { ...curve, qString }, ''],
    ['PublicKey', 'TransparentECPublicKey', { ...curve, qString: changedAt(qString, 64) }, ''],
    ['PublicKey', 'TransparentECPublicKey', { ...curve, qString: qString.subarray(1) }, ''],
    ['PublicKey', 'TransparentECPublicKey', { ...curve, qString: Buffer.of(0) }, ''],
    ['PublicKey', 'TransparentECPublicKey', { recommendedCurve: 'P_384', qString }, ''],
    ['PublicKey', 'TransparentECPublicKey', { recommendedCurve: 'SECP112R1', qString }, ''],
    ['PublicKey', 'TransparentECPublicKey', { recommendedCurve: 'CURVE25519', qString: x }, ''],
  ]
  for (const [kind, keyFormatType, material, algorithm] of cases) {
    const object = keyObject(kind, material, { keyFormatType })
    const reason = algorithm === '' ? 'InvalidField' : 'none'
    t.equal(
      await reasonOf(() => keys.deposit('a', object)),
      reason,
      `${String(keyFormatType)} ${Object.keys(material).join()}`,
    )
    if (algorithm !== '') t.same(valuesOf(await keys.deposit('a', object), 'CryptographicAlgorithm'), [algorithm])
  }
})

void test('BL-M-13-21: a DSA key of 512 bits, and the same with numbers that do not belong together', async (t) => {
  const keys = await openKeys()
  const p = hex(
    '00fca682ce8e12caba26efccf7110e526db078b05edecbcd1eb4a208f3ae1617ae01f35b91a47e6df63413c5e12ed0899bcd132acd50d99151bdc43ee737592e17',
  )
  const q = hex('00962eddcc369cba8ebb260ee6b6a126d9346e38c5')
  const g = hex(
    '678471b27a9cf44ee91a49c5147db1a9aaf244f05a434d6486931d2d14271b9e35030b71fd73da179069b32e2935630e1c2062354d0da20a6c416e50be794ca4',
  )
  const x = hex('095411d740d2443fa3f97d1ed9a0411bb45e7131')
  const register = (material: TransparentKeyMaterial) =>
    keys.deposit('a', keyObject('PrivateKey', material, { keyFormatType: 'TransparentDSAPrivateKey' }))
  const deposit = await register({ p, q, g, x })
  t.same(valuesOf(deposit, 'CryptographicAlgorithm'), ['DSA'])
  t.same(valuesOf(deposit, 'CryptographicLength'), [512])
  t.same(valuesOf(deposit, 'CryptographicDomainParameters'), [{ qlength: 160, recommendedCurve: undefined }])
  const bad: readonly TransparentKeyMaterial[] = [
    { p, q, g, x: q },
    { p, q, g, x: Buffer.alloc(8) },
    { p, q, g: Buffer.of(1), x },
    { p, q, g: Buffer.of(2), x },
    { p, q: Buffer.of(3), g, x },
    { p: changedAt(p, p.length - 1), q, g, x },
    { p, q, g, x, y: x },
    { p, q, x },
  ]
  for (const material of bad)
    t.equal(await reasonOf(() => register(material)), 'InvalidField', Object.keys(material).join())
})

void test('2.1 §3.9, §3.10: Diffie-Hellman structures', async (t) => {
  const keys = await openKeys()
  const pair = await keys.generateKeyPair(
    { privateKey: 'a', publicKey: 'b' },
    { algorithm: 'DH', length: 2048, curve: undefined },
  )
  const structure = materialOf(await keys.retrieve(pair.publicKey.key))
  const { p, g, y }: TransparentKeyMaterial = Buffer.isBuffer(structure) ? {} : structure
  const register = (material: TransparentKeyMaterial) =>
    reasonOf(() => keys.deposit('a', keyObject('PublicKey', material, { keyFormatType: 'TransparentDHPublicKey' })))
  t.equal(await register({ p, g, y }), 'none')
  t.equal(await register({ p, g, y, j: Buffer.of(2) }), 'none')
  t.equal(await register({ p, g, y: Buffer.of(1) }), 'InvalidField')
  t.equal(await register({ p, g, y: p }), 'InvalidField')
  t.equal(await register({ p, g: Buffer.of(1), y }), 'InvalidField')
  t.equal(await register({ p, y }), 'InvalidField')
})

void test('1.4 §2.1.5 / 2.1 §3.3: wrapped keys are kept as they came, on the word of their block', async (t) => {
  const keys = await openKeys()
  const facts = { keyFormatType: 'Raw', cryptographicAlgorithm: 'AES', cryptographicLength: 128 } as const
  const wrapping = { keyWrappingData: { wrappingMethod: 'Encrypt', encodingOption: 'NoEncoding' } } as const
  const wrapped = Buffer.alloc(24, 7)
  const take = (keyBlock: KeyBlock) => keys.deposit('a', { objectType: 'SymmetricKey', value: { keyBlock } })
  const deposit = await take({ ...facts, ...wrapping, keyValue: wrapped })
  t.same(blockOf(await keys.retrieve(deposit.key)).keyValue, wrapped)
  t.same(valuesOf(deposit, 'CryptographicLength'), [128])
  t.same(valuesOf(deposit, 'Digest'), [], 'the server does not see the material')
  const inside = await take({ ...facts, ...wrapping, keyValue: { keyMaterial: wrapped, attributes: [] } })
  t.same(bytesOf(await keys.retrieve(inside.key)), wrapped, 'TC-WRAP-1-14 has it inside a structure')
  t.equal(await reasonOf(() => take({ ...facts, keyValue: wrapped })), 'InvalidField', 'no Key Wrapping Data')
  t.equal(await reasonOf(() => take({ ...facts, ...wrapping })), 'InvalidField', 'no Key Value')
})

void test('1.4 §3.41: a key whose value is elsewhere', async (t) => {
  const keys = await openKeys()
  const keyBlock = { keyFormatType: 'Raw', cryptographicAlgorithm: 'AES', cryptographicLength: 128 } as const
  const deposit = await keys.deposit('a', { objectType: 'SymmetricKey', value: { keyBlock } })
  t.equal(blockOf(await keys.retrieve(deposit.key)).keyValue, undefined)
  t.same(valuesOf(deposit, 'Digest'), [])
  t.same(valuesOf(deposit, 'CryptographicAlgorithm'), ['AES'])
})

void test('1.4 §2.2 / 2.1 §2: objects that the server does not look into are kept as they came', async (t) => {
  const keys = await openKeys()
  const bytes = Buffer.from('whatever it is')
  const block = (keyFormatType: Facts['keyFormatType'], rest: Partial<Facts> = {}): KeyBlock => ({
    keyFormatType,
    keyValue: { keyMaterial: bytes, attributes: [] },
    ...rest,
  })
  const cases: readonly (readonly [ObjectValue, formats: readonly unknown[]])[] = [
    [{ objectType: 'SecretData', value: { secretDataType: 'Password', keyBlock: block('Raw') } }, ['Raw']],
    [{ objectType: 'SecretData', value: { secretDataType: 'Seed', keyBlock: block('Opaque') } }, ['Opaque']],
    [{ objectType: 'OpaqueObject', value: { opaqueDataType: 0x80000000, opaqueDataValue: bytes } }, ['Opaque']],
    [
      {
        objectType: 'PGPKey',
        value: {
          pgpKeyVersion: 4,
          keyBlock: block('Raw', { cryptographicAlgorithm: 'RSA', cryptographicLength: 2048 }),
        },
      },
      ['Raw'],
    ],
    [
      {
        objectType: 'SplitKey',
        value: {
          splitKeyParts: 3,
          keyPartIdentifier: 1,
          splitKeyThreshold: 2,
          splitKeyMethod: 'XOR',
          keyBlock: block('Raw', { cryptographicAlgorithm: 'AES', cryptographicLength: 128 }),
        },
      },
      ['Raw'],
    ],
    [
      {
        objectType: 'CertificateRequest',
        value: { certificateRequestType: 'PKCS_10', certificateRequestValue: bytes },
      },
      ['PKCS_10'],
    ],
    [{ objectType: 'Certificate', value: { certificateType: 0x80000001, certificateValue: bytes } }, ['Raw']],
    [keyObject('PrivateKey', bytes, { keyFormatType: 'PKCS_12' }), ['PKCS_12']],
    [keyObject('PrivateKey', bytes, { keyFormatType: 'Opaque' }), ['Opaque']],
    [
      keyObject('SymmetricKey', bytes, {
        keyFormatType: 'Opaque',
        cryptographicAlgorithm: 'AES',
        cryptographicLength: 128,
      }),
      ['Opaque'],
    ],
    [keyObject('PublicKey', bytes, { keyFormatType: 0x80000001 }), [0x80000001]],
    [{ objectType: 'Template', value: { attributes: [] } }, []],
  ]
  for (const [object, formats] of cases) {
    const deposit = await keys.deposit('a', object)
    const back = await keys.retrieve(deposit.key)
    t.match(back, object, object.objectType)
    t.same(valuesOf(deposit, 'KeyFormatType'), formats, object.objectType)
    const digest = createHash('sha256').update(bytes).digest()
    if (object.objectType !== 'Template') t.match(valuesOf(deposit, 'Digest'), [{ digestValue: digest }])
  }
})

void test('1.4 §2.1.3: algorithm and length do not apply to Secret Data', async (t) => {
  const keys = await openKeys()
  const keyBlock = {
    keyFormatType: 'Raw',
    keyValue: { keyMaterial: Buffer.alloc(9, 1), attributes: [] },
    cryptographicAlgorithm: 'AES',
    cryptographicLength: 128,
  } as const
  const deposit = await keys.deposit('a', { objectType: 'SecretData', value: { secretDataType: 'Seed', keyBlock } })
  t.equal(blockOf(await keys.retrieve(deposit.key)).cryptographicAlgorithm, undefined)
  t.same(valuesOf(deposit, 'CryptographicAlgorithm'), [])
})

void test('2.1 §2.8: the parts of a Split Key have to add up', async (t) => {
  const keys = await openKeys()
  const split = (splitKeyParts: number, keyPartIdentifier: number, splitKeyThreshold: number) =>
    reasonOf(() =>
      keys.deposit('a', {
        objectType: 'SplitKey',
        value: {
          splitKeyParts,
          keyPartIdentifier,
          splitKeyThreshold,
          splitKeyMethod: 'XOR',
          keyBlock: { keyFormatType: 'Raw', keyValue: { keyMaterial: Buffer.alloc(16), attributes: [] } },
        },
      }),
    )
  t.equal(await split(3, 3, 3), 'none')
  for (const [parts, part, threshold] of [
    [3, 0, 2],
    [3, 4, 2],
    [3, 1, 4],
    [3, 1, 0],
    [0, 0, 0],
  ] as const) {
    t.equal(await split(parts, part, threshold), 'InvalidField', `${parts} ${part} ${threshold}`)
  }
})

void test('1.4 §9.1.3.2.3 / 2.1 §11.25: the table of formats knows every Key Format Type', (t) => {
  t.same(Object.keys(KEY_FORMATS).sort(), [...KEY_FORMAT_TYPE.names].sort())
  t.end()
})
