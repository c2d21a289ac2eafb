import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { test } from 'tap'
import type { HeldKey, Wrapping, WrappingKey, WrappingKeys } from '../../src/domain/key-store.ts'
import { withKeyBlock } from '../../src/domain/registered-object.ts'
import type { CryptographicParameters } from '../../src/protocol/structures/cryptographic-parameters.ts'
import type { KeyBlock } from '../../src/protocol/structures/key-block.ts'
import type { ObjectValue } from '../../src/protocol/structures/managed-objects.ts'
import { VERSIONS } from '../../src/schema/version.ts'
import { blockOf, hex, keyObject, openKeys, reasonOf } from './software.ts'

const keys = await openKeys()

let count = 0

const hold = async (object: ObjectValue): Promise<HeldKey> => {
  count += 1
  return (await keys.deposit(`key-${count}`, object)).key
}

const secret = (bytes: Buffer): ObjectValue => ({
  objectType: 'SecretData',
  value: {
    secretDataType: 'Password',
    keyBlock: { keyFormatType: 'Raw', keyValue: { keyMaterial: bytes, attributes: [] } },
  },
})

const aes = (bytes: Buffer): ObjectValue =>
  keyObject('SymmetricKey', bytes, { keyFormatType: 'Raw', cryptographicAlgorithm: 'AES' })

const using = (key: HeldKey, parameters: CryptographicParameters): WrappingKey => ({ key, parameters })

const wrapping = (
  method: Wrapping['method'],
  under: Partial<WrappingKeys>,
  more: Partial<Wrapping> = {},
): Wrapping => ({
  method,
  keys: { encryption: undefined, mac: undefined, ...under },
  encodingOption: undefined,
  attributes: [],
  version: '2.1',
  ...more,
})

const sentBy = (object: ObjectValue): Buffer => {
  const { keyValue } = blockOf(object)
  if (Buffer.isBuffer(keyValue)) return keyValue
  throw new Error('not wrapped')
}

const materialOf = (object: ObjectValue): unknown => {
  const { keyValue } = blockOf(object)
  return Buffer.isBuffer(keyValue) ? undefined : keyValue?.keyMaterial
}

const KEK_128 = '000102030405060708090a0b0c0d0e0f'
const KEK_192 = `${KEK_128}1011121314151617`
const KEK_256 = `${KEK_192}18191a1b1c1d1e1f`
const PADDING_KEK = '5840df6e29b02af1 ab493b705bf16ea1 ae8338f4dcc176a8'
const DATA_128 = '00112233445566778899aabbccddeeff'
const DATA_192 = `${DATA_128}0001020304050607`
const DATA_256 = `${DATA_192}08090a0b0c0d0e0f`

/** Published test values. */
const VECTORS = [
  ['RFC 3394 §4.1', 'NISTKeyWrap', KEK_128, DATA_128, '1fa68b0a8112b447 aef34bd8fb5a7b82 9d3e862371d2cfe5'],
  ['RFC 3394 §4.2', 'NISTKeyWrap', KEK_192, DATA_128, '96778b25ae6ca435 f92b5b97c050aed2 468ab8a17ad84e5d'],
  ['RFC 3394 §4.3', 'NISTKeyWrap', KEK_256, DATA_128, '64e8c3f9ce0f5ba2 63e9777905818a2a 93c8191e7d6e8ae7'],
  [
    'RFC 3394 §4.4',
    'NISTKeyWrap',
    KEK_192,
    DATA_192,
    '031d33264e15d332 68f24ec260743edc e1c6c7ddee725a93 6ba814915c6762d2',
  ],
  [
    'RFC 3394 §4.5',
    'NISTKeyWrap',
    KEK_256,
    DATA_192,
    'a8f9bc1612c68b3f f6e6f4fbe30e71e4 769c8b80a32cb895 8cd5d17d6b254da1',
  ],
  [
    'RFC 3394 §4.6',
    'NISTKeyWrap',
    KEK_256,
    DATA_256,
    '28c9f404c4b810f4 cbccb35cfb87f826 3f5786e2d80ed326 cbc7f0e71a99f43b fb988b9b7a02dd21',
  ],
  [
    'RFC 5649 §6, 20 octets',
    'AESKeyWrapPadding',
    PADDING_KEK,
    'c37b7e6492584340 bed1220780894115 5068f738',
    '138bdeaa9b8fa7fc 61f97742e72248ee 5ae6ae5360d1ae6a 5f54f373fa543b6a',
  ],
  ['RFC 5649 §6, 7 octets', 'AESKeyWrapPadding', PADDING_KEK, '466f7250617369', 'afbeb0f07dfbf541 9200f2ccb50bb24f'],
] as const

for (const [source, blockCipherMode, kek, data, wrapped] of VECTORS) {
  void test(`${source}: wrapped and unwrapped`, async (t) => {
    const encryption = using(await hold(aes(hex(kek))), { blockCipherMode })
    const held = await hold(secret(hex(data)))
    const object = await keys.wrap(held, {}, wrapping('Encrypt', { encryption }, { encodingOption: 'NoEncoding' }))
    t.same(sentBy(object), hex(wrapped))
    t.same(materialOf(await keys.unwrap(object, { encryption, mac: undefined })), hex(data))
    t.same(materialOf(await keys.retrieve(held)), hex(data), 'what is held stays as it is')
  })
}

const pair = (type: 'rsa' | 'ec'): { readonly privateKey: ObjectValue; readonly publicKey: ObjectValue } => {
  const { privateKey, publicKey } =
    type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  return {
    privateKey: keyObject('PrivateKey', privateKey.export({ format: 'der', type: 'pkcs8' }), {
      keyFormatType: 'PKCS_8',
    }),
    publicKey: keyObject('PublicKey', publicKey.export({ format: 'der', type: 'spki' }), { keyFormatType: 'X_509' }),
  }
}

type Way = {
  readonly name: string
  readonly to: WrappingKey
  readonly from: WrappingKey
}

const kek = await hold(aes(hex(KEK_256)))
const same = (name: string, key: HeldKey, parameters: CryptographicParameters): Way => {
  const used = using(key, parameters)
  return { name, to: used, from: used }
}

const rsa = pair('rsa')
const rsaKeys = { to: await hold(rsa.publicKey), from: await hold(rsa.privateKey) }
const byRsa = (name: string, parameters: CryptographicParameters): Way => ({
  name,
  to: using(rsaKeys.to, parameters),
  from: using(rsaKeys.from, parameters),
})

const ENCRYPTION: readonly Way[] = [
  same('AES key wrap', kek, { blockCipherMode: 'NISTKeyWrap' }),
  same('AES key wrap with padding', kek, { blockCipherMode: 'AESKeyWrapPadding' }),
  same('AES-CBC', kek, { blockCipherMode: 'CBC', paddingMethod: 'PKCS5' }),
  same('AES-GCM', kek, { blockCipherMode: 'GCM' }),
  same('AES-CTR', kek, { blockCipherMode: 'CTR' }),
  byRsa('RSA-OAEP', { paddingMethod: 'OAEP', hashingAlgorithm: 'SHA_256' }),
  byRsa('RSA PKCS#1', { paddingMethod: 'PKCS1V1_5' }),
]

const macKey = await hold(
  keyObject('SymmetricKey', Buffer.alloc(32, 9), { keyFormatType: 'Raw', cryptographicAlgorithm: 'HMAC_SHA256' }),
)
const ec = pair('ec')
const signature = { hashingAlgorithm: 'SHA_256' } as const

const PROTECTION: readonly Way[] = [
  same('HMAC', macKey, {}),
  same('CMAC', kek, { blockCipherMode: 'CMAC' }),
  {
    name: 'ECDSA',
    to: using(await hold(ec.privateKey), signature),
    from: using(await hold(ec.publicKey), signature),
  },
  {
    name: 'RSA',
    to: using(rsaKeys.from, { paddingMethod: 'PSS', hashingAlgorithm: 'SHA_256' }),
    from: using(rsaKeys.to, { paddingMethod: 'PSS', hashingAlgorithm: 'SHA_256' }),
  },
]

const METHODS = ['Encrypt', 'MACSign', 'EncryptThenMACSign', 'MACSignThenEncrypt'] as const

const usedBy = (method: Wrapping['method'], encryption: Way, mac: Way, end: 'to' | 'from'): WrappingKeys => ({
  encryption: method === 'MACSign' ? undefined : encryption[end],
  mac: method === 'Encrypt' ? undefined : mac[end],
})

for (const method of METHODS) {
  void test(`1.4 §2.1.5 / 2.1 §3.3, §11.62: ${method} with every kind of key, and back`, async (t) => {
    const bytes = Buffer.from('a secret of 24 bytes....')
    const held = await hold(aes(bytes))
    for (const encryption of ENCRYPTION) {
      for (const mac of PROTECTION) {
        for (const encodingOption of ['NoEncoding', 'TTLVEncoding', undefined] as const) {
          const name = `${encryption.name}, ${mac.name}, ${encodingOption ?? 'no option'}`
          const under = usedBy(method, encryption, mac, 'to')
          const object = await keys.wrap(held, {}, wrapping(method, under, { encodingOption }))
          const { keyWrappingData: data, cryptographicLength } = blockOf(object)
          t.equal(data?.wrappingMethod, method, name)
          t.equal(data?.encodingOption, encodingOption)
          t.equal(data?.encryptionKeyInformation?.uniqueIdentifier, under.encryption?.key.objectId)
          t.equal(data?.macSignatureKeyInformation?.uniqueIdentifier, under.mac?.key.objectId)
          t.equal(data?.macSignature === undefined, method === 'Encrypt')
          t.equal(cryptographicLength, 192)
          t.equal(sentBy(object).includes(bytes), method === 'MACSign')
          const opened = await keys.unwrap(object, usedBy(method, encryption, mac, 'from'))
          t.same(materialOf(opened), bytes)
          t.equal(blockOf(opened).keyWrappingData, undefined)
        }
      }
    }
  })
}

const changedAt = (bytes: Buffer, at: number): Buffer => {
  const changed = Buffer.from(bytes)
  changed[at] = (changed[at] ?? 0) ^ 1
  return changed
}

const withData = (
  object: ObjectValue,
  change: (data: NonNullable<KeyBlock['keyWrappingData']>) => object,
): ObjectValue =>
  withKeyBlock(object, (block) => {
    const data = block.keyWrappingData ?? { wrappingMethod: 'Encrypt' }
    return { ...block, keyWrappingData: { ...data, ...change(data) } }
  })

void test('1.4 §2.1.5 / 2.1 §3.3: whatever is changed, one answer', async (t) => {
  const held = await hold(aes(Buffer.alloc(16, 5)))
  const cases = [
    ['Encrypt', ENCRYPTION[0]],
    ['Encrypt', ENCRYPTION[1]],
    ['Encrypt', ENCRYPTION[3]],
    ['Encrypt', ENCRYPTION[5]],
    ['MACSign', ENCRYPTION[0]],
    ['EncryptThenMACSign', ENCRYPTION[2]],
    ['MACSignThenEncrypt', ENCRYPTION[2]],
  ] as const
  for (const [method, encryption] of cases) {
    for (const mac of method === 'Encrypt' ? PROTECTION.slice(0, 1) : PROTECTION) {
      if (encryption === undefined) throw new Error('no such way')
      const object = await keys.wrap(held, {}, wrapping(method, usedBy(method, encryption, mac, 'to')))
      const under = usedBy(method, encryption, mac, 'from')
      const sent = sentBy(object)
      for (const at of [0, 9, Math.floor(sent.length / 2), sent.length - 1]) {
        const changed = withKeyBlock(object, (block) => ({ ...block, keyValue: changedAt(sent, at) }))
        t.equal(await reasonOf(() => keys.unwrap(changed, under)), 'CryptographicFailure', `${method} at ${at}`)
      }
      const cut = withKeyBlock(object, (block) => ({ ...block, keyValue: sent.subarray(8) }))
      t.equal(await reasonOf(() => keys.unwrap(cut, under)), 'CryptographicFailure')
      if (method === 'Encrypt') continue
      const forged = withData(object, ({ macSignature = Buffer.alloc(1) }) => ({
        macSignature: changedAt(macSignature, 3),
      }))
      t.equal(await reasonOf(() => keys.unwrap(forged, under)), 'CryptographicFailure')
      const bare = withData(object, () => ({ macSignature: undefined }))
      t.equal(await reasonOf(() => keys.unwrap(bare, under)), 'CryptographicFailure')
    }
  }
})

void test('1.4 §2.1.5 / 2.1 §3.3: what cannot be wrapped, and keys that do not wrap', async (t) => {
  const [wrap, , cbc] = ENCRYPTION
  const transparent = await hold(
    keyObject(
      'SymmetricKey',
      { key: Buffer.alloc(16, 1) },
      {
        keyFormatType: 'TransparentSymmetricKey',
        cryptographicAlgorithm: 'AES',
      },
    ),
  )
  const raw = { encodingOption: 'NoEncoding' } as const
  const attributes = [{ name: 'CryptographicLength', value: 128 }] as const
  const refused = (held: HeldKey, spec: Wrapping) => reasonOf(() => keys.wrap(held, {}, spec))
  const under = (way: Way | undefined) => ({ encryption: way?.to })
  t.equal(await refused(transparent, wrapping('Encrypt', under(wrap), raw)), 'EncodingOptionError')
  t.equal(await refused(transparent, wrapping('Encrypt', under(wrap))), 'none', 'as TTLV it is wrapped')
  const plain = await hold(aes(Buffer.alloc(16, 1)))
  t.equal(await refused(plain, wrapping('Encrypt', under(wrap), { ...raw, attributes })), 'EncodingOptionError')
  t.equal(await refused(plain, wrapping('Encrypt', {})), 'InvalidField')
  t.equal(await refused(plain, wrapping('EncryptThenMACSign', under(wrap))), 'InvalidField')
  const odd = await hold(secret(Buffer.alloc(15, 1)))
  t.equal(await refused(odd, wrapping('Encrypt', under(wrap), raw)), 'InvalidField', 'RFC 3394 takes whole blocks')
  t.equal(await refused(odd, wrapping('Encrypt', under(cbc), raw)), 'none')
  const camellia = await hold(
    keyObject('SymmetricKey', Buffer.alloc(32, 3), { keyFormatType: 'Raw', cryptographicAlgorithm: 'Camellia' }),
  )
  const foreign = { encryption: using(camellia, { blockCipherMode: 'NISTKeyWrap' }) }
  t.equal(await refused(plain, wrapping('Encrypt', foreign)), 'UnsupportedCryptographicParameters')
  const long = { encryption: using(await hold(aes(Buffer.alloc(64, 1))), { blockCipherMode: 'NISTKeyWrap' }) }
  t.equal(await refused(plain, wrapping('Encrypt', long)), 'BadCryptographicParameters', 'no AES key of 512 bits wraps')
  const certificate = await hold({
    objectType: 'OpaqueObject',
    value: { opaqueDataType: 0x80000001, opaqueDataValue: Buffer.alloc(8) },
  })
  t.equal(await refused(certificate, wrapping('Encrypt', under(wrap))), 'InvalidObjectType')
  t.equal(await refused(kek, wrapping('Encrypt', { encryption: using(odd, {}) })), 'InvalidField', 'no key at all')
})

void test('1.4 §2.1.4, §2.1.6 / 2.1 §3.2, §7.18: the Key Value is encoded as the version of the client has it', async (t) => {
  const held = await hold(aes(Buffer.alloc(16, 1)))
  const [wrap] = ENCRYPTION
  if (wrap === undefined) throw new Error('no key wrap')
  for (const version of VERSIONS) {
    const attributes = [{ name: 'CryptographicUsageMask', value: 12 }] as const
    const object = await keys.wrap(held, {}, wrapping('Encrypt', { encryption: wrap.to }, { attributes, version }))
    const opened = blockOf(await keys.unwrap(object, { encryption: wrap.from, mac: undefined })).keyValue
    t.match(opened, { keyMaterial: Buffer.alloc(16, 1), attributes: [{ name: 'CryptographicUsageMask', value: 12 }] })
    t.equal(sentBy(object).length, version < '2.0' ? 96 : 64, version)
  }
})

void test('1.4 §2.1.5 / 2.1 §3.3: a key that is kept wrapped is unwrapped for one use', async (t) => {
  const [wrap] = ENCRYPTION
  if (wrap === undefined) throw new Error('no key wrap')
  const held = await hold(aes(hex(DATA_128)))
  const wrapped = await keys.wrap(held, {}, wrapping('Encrypt', { encryption: wrap.to }))
  const kept = await hold(wrapped)
  const input = { data: Buffer.alloc(16), ivCounterNonce: undefined, additionalData: undefined, tag: undefined }
  const ecb = { blockCipherMode: 'ECB' } as const
  t.equal(await reasonOf(() => keys.encrypt(kept, ecb, input)), 'InvalidField', 'without the key that unwraps it')
  const usable = { ...kept, wrappedUnder: { encryption: wrap.from, mac: undefined } }
  t.same(await keys.encrypt(usable, ecb, input), await keys.encrypt(held, ecb, input))
  t.equal(await reasonOf(() => keys.encrypt(kept, ecb, input)), 'InvalidField', 'and not for the next one')
  t.same(materialOf(await keys.retrieve(usable)), hex(DATA_128))
  t.same(await keys.retrieve(kept), wrapped)
})

void test('RFC 3394, RFC 5649: any secret comes back (property)', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.boolean(), async (bytes, padded) => {
      const way = ENCRYPTION[padded ? 1 : 0]
      if (way === undefined) throw new Error('no key wrap')
      const held = await hold(secret(Buffer.from(bytes)))
      const object = await keys.wrap(held, {}, wrapping('Encrypt', { encryption: way.to }))
      t.same(materialOf(await keys.unwrap(object, { encryption: way.from, mac: undefined })), Buffer.from(bytes))
    }),
    { numRuns: 60 },
  )
})
