import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { test } from 'tap'
import type { EncryptInput, HeldKey, KeyStore } from '../../src/domain/key-store.ts'
import type { CryptographicAlgorithm } from '../../src/protocol/enumerations.ts'
import type { CryptographicParameters } from '../../src/protocol/structures/cryptographic-parameters.ts'
import { hex, keyObject, openKeys, reasonOf } from './software.ts'

/* Modes, counters and tags that are more than a name of the library's. */

const keys = await openKeys()

const register = async (
  algorithm: CryptographicAlgorithm,
  material: Buffer,
  store: KeyStore = keys,
): Promise<HeldKey> => {
  const object = keyObject('SymmetricKey', material, { keyFormatType: 'Raw', cryptographicAlgorithm: algorithm })
  return (await store.deposit(`${algorithm} ${material.toString('hex')}`, object)).key
}

const input = (data: Buffer, rest: Partial<EncryptInput> = {}): EncryptInput => ({
  data,
  ivCounterNonce: undefined,
  additionalData: undefined,
  tag: undefined,
  ...rest,
})

type Vector = {
  readonly source: string
  readonly algorithm: CryptographicAlgorithm
  readonly parameters: CryptographicParameters
  readonly key: string
  readonly iv?: string
  readonly additional?: string
  readonly plain: string
  readonly cipher: string
  readonly tag?: string
}

const RFC_8439_TEXT =
  "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."

const VECTORS: readonly Vector[] = [
  {
    source: 'FIPS 81, appendix B',
    algorithm: 'DES',
    parameters: { blockCipherMode: 'ECB' },
    key: '0123456789abcdef',
    plain: '4e6f772069732074',
    cipher: '3fa40e8a984d4815',
  },
  {
    source: 'RFC 3686, test vector 1: nonce and IV, and a counter that starts at one',
    algorithm: 'AES',
    parameters: { blockCipherMode: 'CTR', counterLength: 32, initialCounterValue: 1 },
    key: 'ae6852f8121067cc4bf7a5765577f39e',
    iv: '000000300000000000000000',
    plain: Buffer.from('Single block msg').toString('hex'),
    cipher: 'e4095d4fb7a7b3792d6175a3261311b8',
  },
  {
    source: 'RFC 3686, test vector 1: the whole counter block',
    algorithm: 'AES',
    parameters: { blockCipherMode: 'CTR' },
    key: 'ae6852f8121067cc4bf7a5765577f39e',
    iv: '00000030000000000000000000000001',
    plain: Buffer.from('Single block msg').toString('hex'),
    cipher: 'e4095d4fb7a7b3792d6175a3261311b8',
  },
  {
    source: 'RFC 8439 section 2.4.2, its first block: a counter that starts at one',
    algorithm: 'ChaCha20',
    parameters: { initialCounterValue: 1 },
    key: '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
    iv: '000000000000004a00000000',
    plain: Buffer.from(RFC_8439_TEXT.slice(0, 16)).toString('hex'),
    cipher: '6e2e359a2568f98041ba0728dd0d6981',
  },
  {
    source: 'SP 800-38C, example 3',
    algorithm: 'AES',
    parameters: { blockCipherMode: 'CCM', tagLength: 8 },
    key: '404142434445464748494a4b4c4d4e4f',
    iv: '101112131415161718191a1b',
    additional: '000102030405060708090a0b0c0d0e0f10111213',
    plain: '202122232425262728292a2b2c2d2e2f3031323334353637',
    cipher: 'e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5',
    tag: '484392fbc1b09951',
  },
  {
    source: 'IEEE 1619-2007, vector 2',
    algorithm: 'AES',
    parameters: { blockCipherMode: 'XTS' },
    key: '1111111111111111111111111111111122222222222222222222222222222222',
    iv: '33333333330000000000000000000000',
    plain: '44'.repeat(32),
    cipher: 'c454185e6a16936e39334038acef838bfb186fff7480adc4289382ecd6d394f0',
  },
  {
    source: 'RFC 3394 section 4.1',
    algorithm: 'AES',
    parameters: { blockCipherMode: 'NISTKeyWrap' },
    key: '000102030405060708090a0b0c0d0e0f',
    plain: '00112233445566778899aabbccddeeff',
    cipher: '1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5',
  },
  {
    source: 'RFC 5649 section 6',
    algorithm: 'AES',
    parameters: { blockCipherMode: 'AESKeyWrapPadding' },
    key: '5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8',
    plain: '466f7250617369',
    cipher: 'afbeb0f07dfbf5419200f2ccb50bb24f',
  },
]

for (const { source, algorithm, parameters, key, iv, additional, plain, cipher, tag } of VECTORS) {
  void test(`1.4 §4.29 / 2.1 §6.1.17: ${source}`, async (t) => {
    const held = await register(algorithm, hex(key))
    const rest = {
      ...(iv === undefined ? {} : { ivCounterNonce: hex(iv) }),
      ...(additional === undefined ? {} : { additionalData: hex(additional) }),
    }
    const output = await keys.encrypt(held, parameters, input(hex(plain), rest))
    t.equal(output.data.toString('hex'), cipher)
    t.equal(output.tag?.toString('hex'), tag)
    const sealed = input(hex(cipher), { ...rest, ...(tag === undefined ? {} : { tag: hex(tag) }) })
    t.equal((await keys.decrypt(held, parameters, sealed)).toString('hex'), plain)
  })
}

void test('2.1 §11.6: PCBC mixes each block with the clear text and the ciphertext before it', async (t) => {
  for (const [algorithm, length, block, ecb] of [
    ['AES', 16, 16, 'aes-128-ecb'],
    ['DES3', 24, 8, 'des-ede3-ecb'],
  ] as const) {
    const material = randomBytes(length)
    const held = await register(algorithm, material)
    const [clear, iv] = [randomBytes(4 * block), randomBytes(block)]
    const cipher = createCipheriv(ecb, material, null).setAutoPadding(false)
    const expected: Buffer[] = []
    let chain = iv
    for (let at = 0; at < clear.length; at += block) {
      const here = clear.subarray(at, at + block)
      const sealed = cipher.update(here.map((byte, index) => byte ^ (chain[index] ?? 0)))
      expected.push(sealed)
      chain = Buffer.from(sealed.map((byte, index) => byte ^ (here[index] ?? 0)))
    }
    const parameters = { blockCipherMode: 'PCBC' } as const
    const { data } = await keys.encrypt(held, parameters, input(clear, { ivCounterNonce: iv }))
    t.same(data, Buffer.concat(expected))
    t.same(await keys.decrypt(held, parameters, input(data, { ivCounterNonce: iv })), clear)
  }
})

void test('2.1 §11.6: CTR of blocks of eight bytes counts on over the end of the counter', async (t) => {
  const material = randomBytes(24)
  const held = await register('DES3', material)
  const iv = Buffer.from('fffffffffffffffe', 'hex')
  const cipher = createCipheriv('des-ede3-ecb', material, null).setAutoPadding(false)
  const stream = cipher.update(Buffer.from('fffffffffffffffeffffffffffffffff0000000000000000', 'hex'))
  const clear = randomBytes(20)
  const { data } = await keys.encrypt(held, { blockCipherMode: 'CTR' }, input(clear, { ivCounterNonce: iv }))
  t.same(data, Buffer.from(clear.map((byte, at) => byte ^ (stream[at] ?? 0))))
})

void test('1.4 §3.6 / 2.1 §4.16: a counter does not count on into the nonce', async (t) => {
  const aes = await register('AES', randomBytes(16))
  const parameters = { blockCipherMode: 'CTR', counterLength: 8, initialCounterValue: 250 } as const
  const nonce = { ivCounterNonce: Buffer.alloc(15, 1) }
  t.equal((await keys.encrypt(aes, parameters, input(Buffer.alloc(96), nonce))).data.length, 96)
  t.equal(await reasonOf(() => keys.encrypt(aes, parameters, input(Buffer.alloc(97), nonce))), 'InvalidField')
  t.equal(await reasonOf(() => keys.decrypt(aes, parameters, input(Buffer.alloc(97), nonce))), 'InvalidField')
})

void test('1.4 §3.6 / 2.1 §4.16: counters and fields that do not fit', async (t) => {
  const aes = await register('AES', randomBytes(16))
  const refused: readonly (readonly [CryptographicParameters, iv?: number])[] = [
    [{ counterLength: 12 }, 12],
    [{ counterLength: 0 }, 12],
    [{ counterLength: -32 }, 12],
    [{ counterLength: 136 }, 12],
    [{ counterLength: 32 }, 13],
    [{}, 12],
    [{ counterLength: 8, initialCounterValue: 256 }, 15],
    [{ counterLength: 32, initialCounterValue: -1 }, 12],
    [{ counterLength: 32, initialCounterValue: 5 }, 16],
    [{ counterLength: 96 }],
    [{ ivLength: 56, counterLength: 72 }],
    [{ fixedFieldLength: 32, invocationFieldLength: 32 }],
    [{ fixedFieldLength: 256 }],
    [{ fixedFieldLength: -8, invocationFieldLength: 136 }],
    [{ ivLength: 136 }],
  ]
  for (const [rest, iv] of refused) {
    const given = iv === undefined ? {} : { ivCounterNonce: Buffer.alloc(iv) }
    const parameters = { blockCipherMode: 'CTR', ...rest } as const
    const reason = await reasonOf(() => keys.encrypt(aes, parameters, input(Buffer.alloc(16), given)))
    t.equal(reason, 'BadCryptographicParameters', JSON.stringify(rest))
  }
})

void test('1.4 §3.6 / 2.1 §4.16: an IV that the server makes has the fields that are asked for', async (t) => {
  const aes = await register('AES', randomBytes(16))
  const made: readonly (readonly [CryptographicParameters, iv: number, end?: string])[] = [
    [{ blockCipherMode: 'CTR', counterLength: 32, initialCounterValue: 1 }, 16, '00000001'],
    [{ blockCipherMode: 'CTR', counterLength: 32, ivLength: 96 }, 12],
    [{ blockCipherMode: 'CTR', counterLength: 32, fixedFieldLength: 32, invocationFieldLength: 64 }, 16, '00000000'],
    [{ blockCipherMode: 'GCM', ivLength: 96, fixedFieldLength: 32, invocationFieldLength: 64 }, 12],
    [{ blockCipherMode: 'GCM', ivLength: 96, fixedFieldLength: 32 }, 12],
    [{ blockCipherMode: 'CCM' }, 12],
    [{ blockCipherMode: 'CCM', ivLength: 104 }, 13],
    [{ blockCipherMode: 'CBC', paddingMethod: 'PKCS5' }, 16],
  ]
  for (const [parameters, length, end = ''] of made) {
    const { data, tag, ivCounterNonce } = await keys.encrypt(aes, parameters, input(Buffer.from('data')))
    t.equal(ivCounterNonce?.length, length, JSON.stringify(parameters))
    t.ok(ivCounterNonce?.toString('hex').endsWith(end))
    const back = await keys.decrypt(aes, parameters, { data, tag, ivCounterNonce, additionalData: undefined })
    t.same(back, Buffer.from('data'))
  }
  for (const ivLength of [0, 8, 56]) {
    const reason = await reasonOf(() => keys.encrypt(aes, { blockCipherMode: 'GCM', ivLength }, input(Buffer.alloc(1))))
    t.equal(reason, 'BadCryptographicParameters', `${ivLength} bits at random are soon the same again`)
  }
})

void test('SP 800-38C: CCM with AES and ARIA, whatever is changed of it', async (t) => {
  for (const algorithm of ['AES', 'ARIA'] as const) {
    const held = await register(algorithm, randomBytes(16))
    const parameters = { blockCipherMode: 'CCM', tagLength: 16 } as const
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 50 }), async (bytes, header) => {
        const rest = { ivCounterNonce: Buffer.alloc(13, 7), additionalData: Buffer.from(header) }
        const { data, tag } = await keys.encrypt(held, parameters, input(Buffer.from(bytes), rest))
        const sealed = { ...rest, data, tag }
        t.same(await keys.decrypt(held, parameters, sealed), Buffer.from(bytes))
        const withTag = input(Buffer.concat([data, tag ?? Buffer.alloc(0)]), rest)
        t.same(await keys.decrypt(held, parameters, withTag), Buffer.from(bytes), 'the tag at the end of the data')
        const wrong = Buffer.from(tag ?? [])
        wrong.writeUInt8(wrong.readUInt8(3) ^ 8, 3)
        t.equal(await reasonOf(() => keys.decrypt(held, parameters, { ...sealed, tag: wrong })), 'CryptographicFailure')
      }),
      { numRuns: 20 },
    )
  }
  const aes = await register('AES', randomBytes(16))
  for (const ivCounterNonce of [Buffer.alloc(6), Buffer.alloc(14)]) {
    const short = input(Buffer.alloc(4), { ivCounterNonce })
    t.equal(await reasonOf(() => keys.encrypt(aes, { blockCipherMode: 'CCM' }, short)), 'BadCryptographicParameters')
  }
  for (const tagLength of [4, 6, 7, 9, 15, 17]) {
    const odd = { blockCipherMode: 'CCM', tagLength } as const
    t.equal(await reasonOf(() => keys.encrypt(aes, odd, input(Buffer.alloc(4)))), 'GeneralFailure')
  }
})

void test('SP 800-38D §5.2.1.2: a tag cut short is no tag', async (t) => {
  const aes = await register('AES', randomBytes(16))
  const gcm = { blockCipherMode: 'GCM' } as const
  const iv = { ivCounterNonce: Buffer.alloc(12) }
  const { data, tag = Buffer.alloc(0) } = await keys.encrypt(aes, gcm, input(Buffer.from('data'), iv))
  t.same(await keys.decrypt(aes, gcm, input(data, { ...iv, tag })), Buffer.from('data'))
  for (const length of [0, 1, 4, 8, 11]) {
    const cut = input(data, { ...iv, tag: tag.subarray(0, length) })
    t.equal(await reasonOf(() => keys.decrypt(aes, gcm, cut)), 'GeneralFailure')
  }
})

void test('SP 800-38E: XTS takes two keys that differ, and a block at least', async (t) => {
  const parameters = { blockCipherMode: 'XTS' } as const
  const iv = { ivCounterNonce: Buffer.alloc(16, 1) }
  for (const length of [32, 64]) {
    const held = await register('AES', randomBytes(length))
    for (const size of [16, 17, 31, 32, 100]) {
      const clear = randomBytes(size)
      const { data } = await keys.encrypt(held, parameters, input(clear, iv))
      t.equal(data.length, size)
      t.same(await keys.decrypt(held, parameters, input(data, iv)), clear)
    }
    t.equal(await reasonOf(() => keys.encrypt(held, parameters, input(Buffer.alloc(15), iv))), 'InvalidField')
  }
  const same = await register('AES', Buffer.alloc(32, 3))
  t.equal(await reasonOf(() => keys.encrypt(same, parameters, input(Buffer.alloc(16), iv))), 'CryptographicFailure')
  const [short, long] = [await register('AES', randomBytes(16)), await register('AES', randomBytes(64))]
  const bad = 'BadCryptographicParameters'
  t.equal(await reasonOf(() => keys.encrypt(short, parameters, input(Buffer.alloc(16), iv))), bad)
  for (const blockCipherMode of ['ECB', 'CBC', 'GCM', 'NISTKeyWrap'] as const) {
    t.equal(await reasonOf(() => keys.encrypt(long, { blockCipherMode }, input(Buffer.alloc(16)))), bad, 'of 512 bits')
  }
})

void test('SP 800-38F: key wrap as a mode of Encrypt', async (t) => {
  const aes = await register('AES', randomBytes(32))
  for (const [blockCipherMode, good, wrong] of [
    ['NISTKeyWrap', 24, 8],
    ['AESKeyWrapPadding', 5, 0],
  ] as const) {
    const clear = randomBytes(good)
    const { data } = await keys.encrypt(aes, { blockCipherMode }, input(clear))
    t.same(await keys.decrypt(aes, { blockCipherMode }, input(data)), clear)
    data.writeUInt8(data.readUInt8(9) ^ 1, 9)
    for (const sealed of [data, Buffer.alloc(0), Buffer.alloc(7)]) {
      t.equal(await reasonOf(() => keys.decrypt(aes, { blockCipherMode }, input(sealed))), 'CryptographicFailure')
    }
    t.equal(await reasonOf(() => keys.encrypt(aes, { blockCipherMode }, input(Buffer.alloc(wrong)))), 'InvalidField')
  }
})

void test('FIPS 46-3: DES is 3DES with the same key three times', async (t) => {
  const material = hex('0123456789abcdef')
  const held = await register('DES', material)
  const clear = randomBytes(24)
  for (const blockCipherMode of ['CBC', 'CFB', 'OFB'] as const) {
    const iv = randomBytes(8)
    const { data } = await keys.encrypt(held, { blockCipherMode }, input(clear, { ivCounterNonce: iv }))
    const name = `des-ede3-${blockCipherMode.toLowerCase()}`
    const opener = createDecipheriv(name, Buffer.concat([material, material, material]), iv).setAutoPadding(false)
    t.same(Buffer.concat([opener.update(data), opener.final()]), clear)
  }
})
