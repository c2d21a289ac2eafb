import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { test } from 'tap'
import type { HeldKey, KeyPairSpec, KeyStore, WantedForm } from '../../src/domain/key-store.ts'
import type { KeyFormatType } from '../../src/protocol/enumerations.ts'
import type { ObjectValue } from '../../src/protocol/structures/managed-objects.ts'
import { blockOf, bytesOf, keyObject, materialOf, openKeys, reasonOf } from './software.ts'

/* Key Format Type and Key Compression Type of Get (1.4 section 4.11, 2.1 section 6.1.22). */

const spec = (algorithm: KeyPairSpec['algorithm'], rest: Partial<KeyPairSpec> = {}): KeyPairSpec => ({
  algorithm,
  length: undefined,
  curve: undefined,
  ...rest,
})

const EC_PRIVATE = ['PKCS_8', 'ECPrivateKey', 'TransparentECPrivateKey'] as const
const EC_PUBLIC = ['X_509', 'TransparentECPublicKey'] as const

type Case = readonly [
  spec: KeyPairSpec,
  privateFormats: readonly KeyFormatType[],
  publicFormats: readonly KeyFormatType[],
]

const CASES: readonly Case[] = [
  [
    spec('RSA', { length: 1024 }),
    ['PKCS_1', 'PKCS_8', 'TransparentRSAPrivateKey'],
    ['PKCS_1', 'X_509', 'TransparentRSAPublicKey'],
  ],
  [
    spec('EC', { length: 256 }),
    [...EC_PRIVATE, 'TransparentECDSAPrivateKey', 'TransparentECDHPrivateKey', 'TransparentECMQVPrivateKey'],
    [...EC_PUBLIC, 'TransparentECDSAPublicKey', 'TransparentECDHPublicKey', 'TransparentECMQVPublicKey'],
  ],
  [
    spec('ECDSA', { length: 521 }),
    [...EC_PRIVATE, 'TransparentECDSAPrivateKey'],
    [...EC_PUBLIC, 'TransparentECDSAPublicKey'],
  ],
  [
    spec('ECDH', { curve: 'BRAINPOOLP256R1' }),
    [...EC_PRIVATE, 'TransparentECDHPrivateKey'],
    [...EC_PUBLIC, 'TransparentECDHPublicKey'],
  ],
  [spec('ECDH', { curve: 'CURVE25519' }), ['PKCS_8'], ['X_509']],
  [spec('Ed25519'), ['PKCS_8', 'Raw'], ['X_509', 'Raw']],
  [spec('Ed448'), ['PKCS_8', 'Raw'], ['X_509', 'Raw']],
  [spec('DSA', { length: 1024 }), ['PKCS_8', 'TransparentDSAPrivateKey'], ['X_509', 'TransparentDSAPublicKey']],
  [spec('DH', { length: 1536 }), ['PKCS_8', 'TransparentDHPrivateKey'], ['X_509', 'TransparentDHPublicKey']],
]

const FORMATS: readonly KeyFormatType[] = [
  'Raw',
  'Opaque',
  'PKCS_1',
  'PKCS_8',
  'X_509',
  'ECPrivateKey',
  'TransparentSymmetricKey',
  'TransparentRSAPrivateKey',
  'TransparentRSAPublicKey',
  'TransparentECPrivateKey',
  'TransparentECPublicKey',
  'TransparentECDSAPrivateKey',
  'TransparentECDSAPublicKey',
  'TransparentECDHPrivateKey',
  'TransparentECDHPublicKey',
  'TransparentECMQVPrivateKey',
  'TransparentECMQVPublicKey',
  'TransparentDSAPrivateKey',
  'TransparentDSAPublicKey',
  'TransparentDHPrivateKey',
  'TransparentDHPublicKey',
  'PKCS_10',
  'PKCS_12',
]

/** The key as one encoding that every private or public key has: equal for equal keys. */
const canonical = async (keys: KeyStore, key: HeldKey, kind: 'PrivateKey' | 'PublicKey'): Promise<Buffer> =>
  bytesOf(await keys.retrieve(key, { keyFormatType: kind === 'PrivateKey' ? 'PKCS_8' : 'X_509' }))

void test('1.4 §4.11 / 2.1 §6.1.22: each key in every format it has, and in no other', async (t) => {
  const keys = await openKeys()
  for (const [wanted, privateFormats, publicFormats] of CASES) {
    const pair = await keys.generateKeyPair({ privateKey: 'a', publicKey: 'b' }, wanted)
    for (const [kind, { key }, formats] of [
      ['PrivateKey', pair.privateKey, privateFormats],
      ['PublicKey', pair.publicKey, publicFormats],
    ] as const) {
      const original = blockOf(await keys.retrieve(key))
      for (const keyFormatType of FORMATS) {
        const what = `${wanted.algorithm} ${wanted.curve ?? ''} ${kind} ${keyFormatType}`
        if (!formats.includes(keyFormatType)) {
          t.equal(await reasonOf(() => keys.retrieve(key, { keyFormatType })), 'KeyFormatTypeNotSupported', what)
          continue
        }
        const converted = await keys.retrieve(key, { keyFormatType })
        const block = blockOf(converted)
        t.equal(block.keyFormatType, keyFormatType, what)
        t.equal(block.cryptographicAlgorithm, original.cryptographicAlgorithm)
        t.equal(block.cryptographicLength, original.cryptographicLength)
        // Registered again in that format, it is the same key.
        const again = await keys.deposit('c', converted)
        t.same(await canonical(keys, again.key, kind), await canonical(keys, key, kind), what)
      }
    }
  }
})

void test('2.1 §4.26: symmetric keys are Raw or Transparent; Opaque ones stay as they are', async (t) => {
  const keys = await openKeys()
  const bytes = Buffer.alloc(16, 5)
  const facts = { cryptographicAlgorithm: 'AES', cryptographicLength: 128 } as const
  const raw = await keys.deposit('a', keyObject('SymmetricKey', bytes, { ...facts, keyFormatType: 'Raw' }))
  const transparent = await keys.deposit(
    'b',
    keyObject('SymmetricKey', { key: bytes }, { ...facts, keyFormatType: 'TransparentSymmetricKey' }),
  )
  const opaque = await keys.deposit('c', keyObject('SymmetricKey', bytes, { ...facts, keyFormatType: 'Opaque' }))
  for (const { key } of [raw, transparent]) {
    t.same(bytesOf(await keys.retrieve(key, { keyFormatType: 'Raw' })), bytes)
    t.match(materialOf(await keys.retrieve(key, { keyFormatType: 'TransparentSymmetricKey' })), { key: bytes })
    t.equal(await reasonOf(() => keys.retrieve(key, { keyFormatType: 'Opaque' })), 'KeyFormatTypeNotSupported')
    t.equal(await reasonOf(() => keys.retrieve(key, { keyFormatType: 'PKCS_8' })), 'KeyFormatTypeNotSupported')
  }
  t.same(bytesOf(await keys.retrieve(opaque.key, { keyFormatType: 'Opaque' })), bytes)
  t.equal(await reasonOf(() => keys.retrieve(opaque.key, { keyFormatType: 'Raw' })), 'KeyFormatTypeNotSupported')
  const parameters = { blockCipherMode: 'ECB' } as const
  const input = { data: Buffer.alloc(16), ivCounterNonce: undefined, additionalData: undefined, tag: undefined }
  t.same(await keys.encrypt(transparent.key, parameters, input), await keys.encrypt(raw.key, parameters, input))
})

void test('2.1 §4.26: Secret Data is Raw or Opaque, whichever is wanted', async (t) => {
  const keys = await openKeys()
  for (const keyFormatType of ['Raw', 'Opaque'] as const) {
    const keyBlock = { keyFormatType, keyValue: { keyMaterial: Buffer.from('secret'), attributes: [] } }
    const { key } = await keys.deposit('a', {
      objectType: 'SecretData',
      value: { secretDataType: 'Password', keyBlock },
    })
    for (const wanted of ['Raw', 'Opaque'] as const) {
      const object = await keys.retrieve(key, { keyFormatType: wanted })
      t.equal(blockOf(object).keyFormatType, wanted)
      t.same(bytesOf(object), Buffer.from('secret'))
      t.match(object.value, { secretDataType: 'Password' })
    }
    t.equal(await reasonOf(() => keys.retrieve(key, { keyFormatType: 'PKCS_1' })), 'KeyFormatTypeNotSupported')
  }
})

void test('2.1 §4.26: objects without a Key Block have the one format they are in', async (t) => {
  const keys = await openKeys()
  const bytes = Buffer.from('bytes')
  const cases: readonly (readonly [ObjectValue, good: readonly KeyFormatType[]])[] = [
    [{ objectType: 'OpaqueObject', value: { opaqueDataType: 0x80000000, opaqueDataValue: bytes } }, ['Opaque', 'Raw']],
    [{ objectType: 'Certificate', value: { certificateType: 0x80000001, certificateValue: bytes } }, ['X_509', 'Raw']],
    [
      {
        objectType: 'CertificateRequest',
        value: { certificateRequestType: 'PKCS_10', certificateRequestValue: bytes },
      },
      ['PKCS_10', 'Raw'],
    ],
    [{ objectType: 'Template', value: { attributes: [] } }, []],
  ]
  for (const [object, good] of cases) {
    const { key } = await keys.deposit('a', object)
    for (const keyFormatType of FORMATS) {
      const reason = await reasonOf(() => keys.retrieve(key, { keyFormatType }))
      t.equal(
        reason,
        good.includes(keyFormatType) ? 'none' : 'KeyFormatTypeNotSupported',
        `${object.objectType} ${keyFormatType}`,
      )
    }
  }
})

void test('1.4 §9.1.3.2.2 / 2.1 §11.24: points of elliptic curves, compressed or not', async (t) => {
  const keys = await openKeys()
  const cases: readonly (readonly [
    curve: NonNullable<KeyPairSpec['curve']>,
    bytes: number,
    compressed: 'Prime' | 'Char2',
  ])[] = [
    ['P_256', 32, 'Prime'],
    ['P_521', 66, 'Prime'],
    ['BRAINPOOLP256R1', 32, 'Prime'],
    ['K_283', 36, 'Char2'],
    ['B_233', 30, 'Char2'],
  ]
  for (const [curve, bytes, field] of cases) {
    const { publicKey } = await keys.generateKeyPair({ privateKey: 'a', publicKey: 'b' }, spec('EC', { curve }))
    const point = async (wanted: WantedForm): Promise<Buffer> => {
      const object = await keys.retrieve(publicKey.key, { keyFormatType: 'TransparentECPublicKey', ...wanted })
      const material = materialOf(object)
      t.equal(blockOf(object).keyCompressionType, wanted.keyCompressionType)
      return Buffer.isBuffer(material) ? material : (material.qString ?? Buffer.alloc(0))
    }
    const plain = await point({})
    t.equal(plain.length, 1 + 2 * bytes, curve)
    t.equal(plain[0], 4)
    t.same(await point({ keyCompressionType: 'ECPublicKeyTypeUncompressed' }), plain)
    const compressed = await point({ keyCompressionType: `ECPublicKeyTypeX9_62Compressed${field}` })
    t.equal(compressed.length, 1 + bytes)
    t.ok(compressed[0] === 2 || compressed[0] === 3)
    const hybrid = await point({ keyCompressionType: 'ECPublicKeyTypeX9_62Hybrid' })
    t.ok(hybrid[0] === 6 || hybrid[0] === 7)
    t.same(hybrid.subarray(1), plain.subarray(1))
    const wrong = field === 'Prime' ? 'Char2' : 'Prime'
    t.equal(
      await reasonOf(() => point({ keyCompressionType: `ECPublicKeyTypeX9_62Compressed${wrong}` })),
      'KeyCompressionTypeNotSupported',
    )
    // A compressed point is the same key when it is registered.
    const again = await keys.deposit(
      'c',
      keyObject(
        'PublicKey',
        { recommendedCurve: curve, qString: compressed },
        { keyFormatType: 'TransparentECPublicKey' },
      ),
    )
    t.same(await canonical(keys, again.key, 'PublicKey'), await canonical(keys, publicKey.key, 'PublicKey'))
  }
})

void test('2.1 §11.24: a compressed SubjectPublicKeyInfo is one that the library reads as the same key', async (t) => {
  const keys = await openKeys()
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const spki = publicKey.export({ format: 'der', type: 'spki' })
  const { key } = await keys.deposit('a', keyObject('PublicKey', spki, { keyFormatType: 'X_509' }))
  const compressed = bytesOf(await keys.retrieve(key, { keyCompressionType: 'ECPublicKeyTypeX9_62CompressedPrime' }))
  t.equal(compressed.length, spki.length - 32)
  const read = createPublicKey({ key: compressed, format: 'der', type: 'spki' })
  t.same(read.export({ format: 'jwk' }), publicKey.export({ format: 'jwk' }))
})

void test('2.1 §11.46: what has no point has no Key Compression Type', async (t) => {
  const keys = await openKeys()
  const keyCompressionType = 'ECPublicKeyTypeUncompressed'
  const rsa = await keys.generateKeyPair({ privateKey: 'a', publicKey: 'b' }, spec('RSA', { length: 1024 }))
  const ec = await keys.generateKeyPair({ privateKey: 'a', publicKey: 'b' }, spec('EC', { length: 256 }))
  const ed = await keys.generateKeyPair({ privateKey: 'a', publicKey: 'b' }, spec('Ed25519'))
  const aes = await keys.generateKey('a', { algorithm: 'AES', length: 128 })
  const opaque = await keys.deposit('a', {
    objectType: 'OpaqueObject',
    value: { opaqueDataType: 0x80000000, opaqueDataValue: Buffer.of(1) },
  })
  const unread = await keys.deposit('a', keyObject('PublicKey', Buffer.of(1), { keyFormatType: 'Opaque' }))
  for (const { key } of [rsa.privateKey, rsa.publicKey, ec.privateKey, ed.publicKey, aes, opaque, unread]) {
    t.equal(await reasonOf(() => keys.retrieve(key, { keyCompressionType })), 'KeyCompressionTypeNotSupported')
  }
  t.equal(
    await reasonOf(() => keys.retrieve(ec.publicKey.key, { keyCompressionType: 0x80000001 })),
    'KeyCompressionTypeNotSupported',
  )
})

void test('1.4 §4.11: wrapped, absent and split keys come as they are or not at all', async (t) => {
  const keys = await openKeys()
  const facts = { keyFormatType: 'Raw', cryptographicAlgorithm: 'AES', cryptographicLength: 128 } as const
  const wrapped = { ...facts, keyValue: Buffer.alloc(24), keyWrappingData: { wrappingMethod: 'Encrypt' } } as const
  const objects: readonly ObjectValue[] = [
    { objectType: 'SymmetricKey', value: { keyBlock: wrapped } },
    { objectType: 'SymmetricKey', value: { keyBlock: facts } },
    {
      objectType: 'SplitKey',
      value: {
        splitKeyParts: 2,
        keyPartIdentifier: 1,
        splitKeyThreshold: 2,
        splitKeyMethod: 'XOR',
        keyBlock: { ...facts, keyValue: { keyMaterial: Buffer.alloc(16), attributes: [] } },
      },
    },
  ]
  for (const object of objects) {
    const { key } = await keys.deposit('a', object)
    t.match(await keys.retrieve(key, { keyFormatType: 'Raw' }), object)
    t.equal(
      await reasonOf(() => keys.retrieve(key, { keyFormatType: 'TransparentSymmetricKey' })),
      'KeyFormatTypeNotSupported',
    )
  }
})
