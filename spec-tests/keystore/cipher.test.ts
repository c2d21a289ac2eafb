import fc from 'fast-check'
import { test } from 'tap'
import type { EncryptInput, HeldKey, KeyStore } from '../../src/domain/key-store.ts'
import type { BlockCipherMode, CryptographicAlgorithm, PaddingMethod } from '../../src/protocol/enumerations.ts'
import { KmipError } from '../../src/protocol/kmip-error.ts'
import type { CryptographicParameters } from '../../src/protocol/structures/cryptographic-parameters.ts'
import { hex, keyObject, openKeys, reasonOf } from './software.ts'

const register = async (keys: KeyStore, algorithm: CryptographicAlgorithm, material: Buffer): Promise<HeldKey> => {
  const object = keyObject('SymmetricKey', material, { keyFormatType: 'Raw', cryptographicAlgorithm: algorithm })
  return (await keys.deposit(material.toString('hex'), object)).key
}

const input = (data: Buffer, rest: Partial<EncryptInput> = {}): EncryptInput => ({
  data,
  ivCounterNonce: undefined,
  additionalData: undefined,
  tag: undefined,
  ...rest,
})

const AES_128 = '2b7e151628aed2a6abf7158809cf4f3c'
const AES_192 = '8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b'
const AES_256 = '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4'
const PLAIN =
  '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710'
const BLOCK = PLAIN.slice(0, 32)
const IV = '000102030405060708090a0b0c0d0e0f'
const COUNTER = 'f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff'
const TEST_KEY = '0123456789abcdeffedcba9876543210'

type Vector = readonly [
  source: string,
  algorithm: CryptographicAlgorithm,
  mode: BlockCipherMode | undefined,
  key: string,
  iv: string | undefined,
  plain: string,
  cipher: string,
]

const VECTORS: readonly Vector[] = [
  [
    'SP 800-38A F.1.1',
    'AES',
    'ECB',
    AES_128,
    undefined,
    PLAIN,
    '3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf43b1cd7f598ece23881b00e3ed0306887b0c785e27e8ad3f8223207104725dd4',
  ],
  ['SP 800-38A F.1.3', 'AES', 'ECB', AES_192, undefined, BLOCK, 'bd334f1d6e45f25ff712a214571fa5cc'],
  ['SP 800-38A F.1.5', 'AES', 'ECB', AES_256, undefined, BLOCK, 'f3eed1bdb5d2a03c064b5a7e3db181f8'],
  [
    'SP 800-38A F.2.1',
    'AES',
    'CBC',
    AES_128,
    IV,
    PLAIN,
    '7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b273bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7',
  ],
  ['SP 800-38A F.2.3', 'AES', 'CBC', AES_192, IV, BLOCK, '4f021db243bc633d7178183a9fa071e8'],
  ['SP 800-38A F.2.5', 'AES', 'CBC', AES_256, IV, BLOCK, 'f58c4c04d6e5f1ba779eabfb5f7bfbd6'],
  [
    'SP 800-38A F.3.13',
    'AES',
    'CFB',
    AES_128,
    IV,
    PLAIN,
    '3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b26751f67a3cbb140b1808cf187a4f4dfc04b05357c5d1c0eeac4c66f9ff7f2e6',
  ],
  [
    'SP 800-38A F.4.1',
    'AES',
    'OFB',
    AES_128,
    IV,
    PLAIN,
    '3b3fd92eb72dad20333449f8e83cfb4a7789508d16918f03f53c52dac54ed8259740051e9c5fecf64344f7a82260edcc304c6528f659c77866a510d9c1d6ae5e',
  ],
  [
    'SP 800-38A F.5.1',
    'AES',
    'CTR',
    AES_128,
    COUNTER,
    PLAIN,
    '874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee',
  ],
  ['SP 800-38A F.5.3', 'AES', 'CTR', AES_192, COUNTER, BLOCK, '1abc932417521ca24f2b0459fe7e6e0b'],
  ['SP 800-38A F.5.5', 'AES', 'CTR', AES_256, COUNTER, BLOCK, '601ec313775789a5b7a7f504bbf3d228'],
  ['RFC 3713 A', 'Camellia', 'ECB', TEST_KEY, undefined, TEST_KEY, '67673138549669730857065648eabe43'],
  [
    'RFC 5794 A.1',
    'ARIA',
    'ECB',
    IV,
    undefined,
    '00112233445566778899aabbccddeeff',
    'd718fbd6ab644c739da95f3be6451778',
  ],
  ['RFC 8998 A (GB/T 32907)', 'SM4', 'ECB', TEST_KEY, undefined, TEST_KEY, '681edf34d206965e86b3e94f536e4246'],
  [
    'SP 800-17 table 1 (all keys alike: DES)',
    'DES3',
    'ECB',
    '01'.repeat(24),
    undefined,
    '00'.repeat(8),
    '8ca64de9c1b123a7',
  ],
  ['SP 800-17 table 1 (two keys)', 'DES3', 'ECB', '01'.repeat(16), undefined, '00'.repeat(8), '8ca64de9c1b123a7'],
  [
    'ChaCha20 test vectors of 2013, 1',
    'ChaCha20',
    undefined,
    '00'.repeat(32),
    '00'.repeat(8),
    '00'.repeat(64),
    '76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586',
  ],
  [
    'RFC 8439 A.1 1',
    'ChaCha20',
    undefined,
    '00'.repeat(32),
    '00'.repeat(12),
    '00'.repeat(32),
    '76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7',
  ],
]

void test('1.4 §4.29, §4.30 / 2.1 §6.1.12, §6.1.16: published vectors, encrypted and decrypted', async (t) => {
  const keys = await openKeys()
  for (const [source, algorithm, blockCipherMode, key, iv, plain, cipher] of VECTORS) {
    const held = await register(keys, algorithm, hex(key))
    const parameters = { blockCipherMode, cryptographicAlgorithm: algorithm }
    const ivCounterNonce = iv === undefined ? undefined : hex(iv)
    const encrypted = await keys.encrypt(held, parameters, input(hex(plain), { ivCounterNonce }))
    t.equal(encrypted.data.toString('hex'), cipher, source)
    t.equal(encrypted.ivCounterNonce, undefined, 'the IV was the client’s')
    const decrypted = await keys.decrypt(held, parameters, input(hex(cipher), { ivCounterNonce }))
    t.equal(decrypted.toString('hex'), plain, source)
  }
})

type AeadVector = readonly [
  source: string,
  algorithm: CryptographicAlgorithm,
  mode: BlockCipherMode,
  values: Readonly<Record<'key' | 'iv' | 'aad' | 'plain' | 'cipher' | 'tag', string>>,
]

const GCM_KEY = 'feffe9928665731c6d6a8f9467308308'
const GCM_AAD = 'feedfacedeadbeeffeedfacedeadbeefabaddad2'
const GCM_PLAIN =
  'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39'

const AEAD_VECTORS: readonly AeadVector[] = [
  [
    'GCM specification, test case 2',
    'AES',
    'GCM',
    {
      key: '00'.repeat(16),
      iv: '00'.repeat(12),
      aad: '',
      plain: '00'.repeat(16),
      cipher: '0388dace60b6a392f328c2b971b2fe78',
      tag: 'ab6e47d42cec13bdf53a67b21257bddf',
    },
  ],
  [
    'GCM specification, test case 4',
    'AES',
    'GCM',
    {
      key: GCM_KEY,
      iv: 'cafebabefacedbaddecaf888',
      aad: GCM_AAD,
      plain: GCM_PLAIN,
      cipher:
        '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091',
      tag: '5bc94fbc3221a5db94fae95ae7121a47',
    },
  ],
  [
    'GCM specification, test case 5: an IV of eight bytes',
    'AES',
    'GCM',
    {
      key: GCM_KEY,
      iv: 'cafebabefacedbad',
      aad: GCM_AAD,
      plain: GCM_PLAIN,
      cipher:
        '61353b4c2806934a777ff51fa22a4755699b2a714fcdc6f83766e5f97b6c742373806900e49f24b22b097544d4896b424989b5e1ebac0f07c23f4598',
      tag: '3612d2e79e3b0785561be14aaca2fccb',
    },
  ],
  [
    'RFC 8439 2.8.2',
    'ChaCha20Poly1305',
    'AEAD',
    {
      key: '808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f',
      iv: '070000004041424344454647',
      aad: '50515253c0c1c2c3c4c5c6c7',
      plain: Buffer.from(
        "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
      ).toString('hex'),
      cipher:
        'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b6116',
      tag: '1ae10b594f09e26a7e902ecbd0600691',
    },
  ],
]

void test('1.4 §4.29 / 2.1 §6.1.16: authenticated vectors, at every tag length from 12 to 16', async (t) => {
  const keys = await openKeys()
  for (const [source, algorithm, blockCipherMode, { key, iv, aad, plain, cipher, tag }] of AEAD_VECTORS) {
    const held = await register(keys, algorithm, hex(key))
    const rest = { ivCounterNonce: hex(iv), additionalData: aad === '' ? undefined : hex(aad) }
    for (const tagLength of [12, 13, 14, 15, 16, undefined]) {
      const parameters = { blockCipherMode, tagLength }
      const encrypted = await keys.encrypt(held, parameters, input(hex(plain), rest))
      t.equal(encrypted.data.toString('hex'), cipher, source)
      t.equal(
        encrypted.tag?.toString('hex'),
        tag.slice(0, (tagLength ?? 16) * 2),
        `${source}, ${tagLength ?? 'no length'}`,
      )
      const decrypted = await keys.decrypt(held, parameters, input(encrypted.data, { ...rest, tag: encrypted.tag }))
      t.equal(decrypted.toString('hex'), plain)
      const joined = Buffer.concat([encrypted.data, encrypted.tag ?? Buffer.alloc(0)])
      t.equal(
        (await keys.decrypt(held, parameters, input(joined, rest))).toString('hex'),
        plain,
        'tag at the end of data',
      )
    }
  }
})

void test('1.4 §4.30: whatever is changed, an authenticated decryption fails with one answer', async (t) => {
  const keys = await openKeys()
  const held = await register(keys, 'AES', hex(AES_128))
  const parameters = { blockCipherMode: 'GCM', tagLength: 16 } as const
  const additionalData = Buffer.from('header')
  const good = await keys.encrypt(held, parameters, input(Buffer.from('data'), { additionalData }))
  const ivCounterNonce = good.ivCounterNonce
  const base = { data: good.data, ivCounterNonce, additionalData, tag: good.tag }
  const flipped = (bytes: Buffer | undefined): Buffer => {
    const changed = Buffer.from(bytes ?? Buffer.alloc(1))
    changed.writeUInt8(changed.readUInt8(0) ^ 0x80, 0)
    return changed
  }
  t.same(await keys.decrypt(held, parameters, base), Buffer.from('data'))
  const cases: readonly EncryptInput[] = [
    { ...base, data: flipped(base.data) },
    { ...base, data: base.data.subarray(1) },
    { ...base, ivCounterNonce: flipped(ivCounterNonce) },
    { ...base, additionalData: flipped(additionalData) },
    { ...base, additionalData: undefined },
    { ...base, tag: flipped(base.tag) },
    { ...base, tag: base.tag?.subarray(0, 12) },
    { ...base, tag: undefined },
    { ...base, tag: Buffer.alloc(0) },
  ]
  const answers = new Set<string>()
  for (const changed of cases) {
    try {
      await keys.decrypt(held, parameters, changed)
      answers.add('none')
    } catch (error) {
      answers.add(error instanceof KmipError ? `${error.reason}: ${error.message}` : String(error))
    }
  }
  t.same([...answers], ['CryptographicFailure: The data cannot be decrypted'])
})

void test('1.4 §3.6 / 2.1 §4.16: the server makes the IV where Random IV asks for it or none is given', async (t) => {
  const keys = await openKeys()
  const aes = await register(keys, 'AES', hex(AES_256))
  const cases: readonly (readonly [mode: BlockCipherMode, bytes: number, parameters: CryptographicParameters])[] = [
    ['CBC', 16, { paddingMethod: 'PKCS5' }],
    ['CBC', 16, { paddingMethod: 'PKCS5', randomIV: true }],
    ['CBC', 16, { paddingMethod: 'PKCS5', randomIV: false }],
    ['CTR', 16, {}],
    ['CFB', 16, {}],
    ['OFB', 16, {}],
    ['GCM', 12, {}],
    ['GCM', 12, { randomIV: true }],
    ['GCM', 16, { ivLength: 128 }],
    ['GCM', 8, { ivLength: 64 }],
  ]
  for (const [blockCipherMode, bytes, rest] of cases) {
    const parameters = { ...rest, blockCipherMode }
    const [first, second] = [
      await keys.encrypt(aes, parameters, input(Buffer.from('data'))),
      await keys.encrypt(aes, parameters, input(Buffer.from('data'))),
    ]
    t.equal(first.ivCounterNonce?.length, bytes, blockCipherMode)
    t.notSame(first.ivCounterNonce, second.ivCounterNonce)
    const back = await keys.decrypt(aes, parameters, { ...first, additionalData: undefined })
    t.same(back, Buffer.from('data'), blockCipherMode)
  }
  const given = Buffer.alloc(16, 9)
  const forced = { blockCipherMode: 'CTR', randomIV: true } as const
  const encrypted = await keys.encrypt(aes, forced, input(Buffer.from('data'), { ivCounterNonce: given }))
  t.ok(encrypted.ivCounterNonce !== undefined && !encrypted.ivCounterNonce.equals(given), 'Random IV takes precedence')
  const ecb = await keys.encrypt(aes, { blockCipherMode: 'ECB', randomIV: true }, input(Buffer.alloc(16)))
  t.equal(ecb.ivCounterNonce, undefined, 'ECB has none')
})

void test('CS-BC-M-11: decrypting without the IV that the mode needs is an Invalid Message', async (t) => {
  const keys = await openKeys()
  const aes = await register(keys, 'AES', hex(AES_128))
  for (const blockCipherMode of ['CBC', 'CTR', 'GCM', 'CFB', 'OFB'] as const) {
    const reason = await reasonOf(() => keys.decrypt(aes, { blockCipherMode }, input(Buffer.alloc(32))))
    t.equal(reason, 'InvalidMessage', blockCipherMode)
  }
})

void test('CS-BC-M-GCM-1: a Tag Length out of range is a General Failure', async (t) => {
  const keys = await openKeys()
  const aes = await register(keys, 'AES', hex(AES_128))
  for (const tagLength of [-1, 0, 1, 4, 8, 11, 17, 32]) {
    const parameters = { blockCipherMode: 'GCM', tagLength } as const
    t.equal(await reasonOf(() => keys.encrypt(aes, parameters, input(Buffer.alloc(16)))), 'GeneralFailure')
    const sealed = input(Buffer.alloc(16), { ivCounterNonce: Buffer.alloc(12), tag: Buffer.alloc(16) })
    t.equal(await reasonOf(() => keys.decrypt(aes, parameters, sealed)), 'GeneralFailure')
  }
})

void test('2.1 §11.46: parameters that are missing, unknown or contradict the key', async (t) => {
  const keys = await openKeys()
  const aes = await register(keys, 'AES', hex(AES_128))
  const hmac = await register(keys, 'HMAC_SHA256', Buffer.alloc(32, 1))
  const tripleDes = await register(keys, 'DES3', Buffer.alloc(24, 1))
  const iv = (length: number) => input(Buffer.alloc(16), { ivCounterNonce: Buffer.alloc(length) })
  const cases: readonly (readonly [string, HeldKey, CryptographicParameters, EncryptInput, string])[] = [
    ['no mode', aes, {}, iv(16), 'BadCryptographicParameters'],
    [
      'another algorithm',
      aes,
      { blockCipherMode: 'ECB', cryptographicAlgorithm: 'DES3' },
      iv(16),
      'BadCryptographicParameters',
    ],
    ['a vendor’s mode', aes, { blockCipherMode: 0x80000001 }, iv(16), 'UnsupportedCryptographicParameters'],
    ['X9.102 key wrap', aes, { blockCipherMode: 'X9_102AESKW' }, iv(16), 'UnsupportedCryptographicParameters'],
    ['AEAD of AES', aes, { blockCipherMode: 'AEAD' }, iv(16), 'UnsupportedCryptographicParameters'],
    ['GCM of 3DES', tripleDes, { blockCipherMode: 'GCM' }, iv(16), 'UnsupportedCryptographicParameters'],
    ['an HMAC key', hmac, { blockCipherMode: 'ECB' }, iv(16), 'UnsupportedCryptographicParameters'],
    ['OAEP', aes, { blockCipherMode: 'CBC', paddingMethod: 'OAEP' }, iv(16), 'UnsupportedCryptographicParameters'],
    ['padding of CTR', aes, { blockCipherMode: 'CTR', paddingMethod: 'PKCS5' }, iv(16), 'BadCryptographicParameters'],
    ['padding of GCM', aes, { blockCipherMode: 'GCM', paddingMethod: 'PKCS5' }, iv(12), 'BadCryptographicParameters'],
    ['a short IV', aes, { blockCipherMode: 'CBC' }, iv(15), 'BadCryptographicParameters'],
    ['a long IV', aes, { blockCipherMode: 'CTR' }, iv(17), 'BadCryptographicParameters'],
    ['an empty IV', aes, { blockCipherMode: 'GCM' }, iv(0), 'BadCryptographicParameters'],
    ['a huge IV', aes, { blockCipherMode: 'GCM' }, iv(129), 'BadCryptographicParameters'],
    ['an AES IV for 3DES', tripleDes, { blockCipherMode: 'CBC' }, iv(16), 'BadCryptographicParameters'],
    [
      'a broken IV length',
      aes,
      { blockCipherMode: 'GCM', ivLength: 97 },
      input(Buffer.alloc(1)),
      'BadCryptographicParameters',
    ],
    [
      'a negative IV length',
      aes,
      { blockCipherMode: 'GCM', ivLength: -8 },
      input(Buffer.alloc(1)),
      'BadCryptographicParameters',
    ],
    ['half a block', aes, { blockCipherMode: 'ECB' }, input(Buffer.alloc(15)), 'InvalidField'],
    [
      'None, half a block',
      aes,
      { blockCipherMode: 'CBC', paddingMethod: 'None' },
      input(Buffer.alloc(24)),
      'InvalidField',
    ],
  ]
  for (const [what, key, parameters, data, reason] of cases) {
    t.equal(await reasonOf(() => keys.encrypt(key, parameters, data)), reason, what)
  }
})

void test('2.1 §6.1.16: only a symmetric key that is here in the clear encrypts', async (t) => {
  const keys = await openKeys()
  const parameters = { blockCipherMode: 'ECB' } as const
  const data = input(Buffer.alloc(16))
  const secret = await keys.deposit('a', {
    objectType: 'SecretData',
    value: {
      secretDataType: 'Password',
      keyBlock: { keyFormatType: 'Raw', keyValue: { keyMaterial: Buffer.alloc(16), attributes: [] } },
    },
  })
  t.equal(await reasonOf(() => keys.encrypt(secret.key, parameters, data)), 'InvalidField')
  const facts = { keyFormatType: 'Raw', cryptographicAlgorithm: 'AES', cryptographicLength: 128 } as const
  const absent = await keys.deposit('b', { objectType: 'SymmetricKey', value: { keyBlock: facts } })
  t.equal(await reasonOf(() => keys.encrypt(absent.key, parameters, data)), 'KeyValueNotPresent')
  const keyBlock = { ...facts, keyValue: Buffer.alloc(24), keyWrappingData: { wrappingMethod: 'Encrypt' } } as const
  const wrapped = await keys.deposit('c', { objectType: 'SymmetricKey', value: { keyBlock } })
  t.equal(await reasonOf(() => keys.encrypt(wrapped.key, parameters, data)), 'InvalidField')
})

const PADDED: readonly PaddingMethod[] = ['PKCS5', 'ANSIX9_23', 'ISO10126', 'Zeros', 'SSL3']

void test('2.1 §11.37: paddings fill each length up to whole blocks and come off again', async (t) => {
  const keys = await openKeys()
  const aes = await register(keys, 'AES', hex(AES_128))
  const tripleDes = await register(keys, 'DES3', Buffer.alloc(24, 5))
  for (const [key, block] of [
    [aes, 16],
    [tripleDes, 8],
  ] as const) {
    for (const paddingMethod of PADDED) {
      for (const length of [0, 1, block - 1, block, block + 1, 2 * block]) {
        const parameters = { blockCipherMode: 'ECB', paddingMethod } as const
        const data = Buffer.alloc(length, 0x61)
        const encrypted = await keys.encrypt(key, parameters, input(data))
        const full = paddingMethod === 'Zeros' ? Math.ceil(length / block) : Math.floor(length / block) + 1
        t.equal(encrypted.data.length, full * block, `${paddingMethod} ${length}`)
        t.same(await keys.decrypt(key, parameters, input(encrypted.data)), data, `${paddingMethod} ${length}`)
      }
    }
  }
})

void test('2.1 §11.37: the bytes of each padding', async (t) => {
  const keys = await openKeys()
  const aes = await register(keys, 'AES', hex(AES_128))
  const bare = { blockCipherMode: 'ECB' } as const
  const padding = async (paddingMethod: PaddingMethod): Promise<Buffer> => {
    const encrypted = await keys.encrypt(aes, { ...bare, paddingMethod }, input(Buffer.alloc(12, 0x61)))
    return (await keys.decrypt(aes, bare, input(encrypted.data))).subarray(12)
  }
  t.same(await padding('PKCS5'), Buffer.from([4, 4, 4, 4]))
  t.same(await padding('ANSIX9_23'), Buffer.from([0, 0, 0, 4]))
  t.equal((await padding('ISO10126'))[3], 4)
  t.equal((await padding('SSL3'))[3], 3)
  t.same(await padding('Zeros'), Buffer.alloc(4))
})

void test('1.4 §4.30: padding that is none, and data that is no whole block, fail with one answer', async (t) => {
  const keys = await openKeys()
  const aes = await register(keys, 'AES', hex(AES_128))
  const bare = { blockCipherMode: 'ECB' } as const
  const cases: readonly (readonly [method: PaddingMethod, end: readonly number[]])[] = [
    ['PKCS5', [0]],
    ['PKCS5', [17]],
    ['PKCS5', [255]],
    ['PKCS5', [1, 2]],
    ['PKCS5', [4, 3, 4, 4]],
    ['ANSIX9_23', [0]],
    ['ANSIX9_23', [17]],
    ['ANSIX9_23', [1, 2]],
    ['ISO10126', [0]],
    ['ISO10126', [17]],
  ]
  const answers = new Set<string>()
  const attempt = async (paddingMethod: PaddingMethod, data: Buffer): Promise<void> => {
    try {
      await keys.decrypt(aes, { ...bare, paddingMethod }, input(data))
      answers.add(`none for ${paddingMethod} ${data.length}`)
    } catch (error) {
      answers.add(error instanceof KmipError ? `${error.reason}: ${error.message}` : String(error))
    }
  }
  for (const [method, end] of cases) {
    const clear = Buffer.concat([Buffer.alloc(16 - end.length, 0x61), Buffer.from(end)])
    await attempt(method, (await keys.encrypt(aes, bare, input(clear))).data)
  }
  for (const length of [0, 1, 15, 17]) await attempt('PKCS5', Buffer.alloc(length))
  t.same([...answers], ['CryptographicFailure: The data cannot be decrypted'])
})

void test('what is encrypted decrypts to itself, in every mode', async (t) => {
  const keys = await openKeys()
  const aes = await register(keys, 'AES', hex(AES_256))
  const modes = fc.constantFrom<BlockCipherMode>('CBC', 'ECB', 'CTR', 'CFB', 'OFB', 'GCM')
  await fc.assert(
    fc.asyncProperty(modes, fc.uint8Array({ maxLength: 200 }), async (blockCipherMode, bytes) => {
      const padded = blockCipherMode === 'CBC' || blockCipherMode === 'ECB'
      const parameters = { blockCipherMode, ...(padded ? { paddingMethod: 'PKCS5' as const } : {}) }
      const encrypted = await keys.encrypt(aes, parameters, input(Buffer.from(bytes)))
      const back = await keys.decrypt(aes, parameters, { ...encrypted, additionalData: undefined })
      t.same(back, Buffer.from(bytes))
    }),
    { numRuns: 300 },
  )
})
