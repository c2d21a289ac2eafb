import { createHmac } from 'node:crypto'
import { test } from 'tap'
import type { CryptographicAlgorithm } from '../../src/protocol/enumerations.ts'
import type { CryptographicParameters } from '../../src/protocol/structures/cryptographic-parameters.ts'
import { hex, keyObject, openKeys, reasonOf } from './software.ts'

/* MACs by published values, and those of every hash. */

const keys = await openKeys()

const register = async (algorithm: CryptographicAlgorithm, material: Buffer) => {
  const object = keyObject('SymmetricKey', material, { keyFormatType: 'Raw', cryptographicAlgorithm: algorithm })
  return (await keys.deposit(`${algorithm} ${material.toString('hex')}`, object)).key
}

const MESSAGE = '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51'
const TRIPLE_DES = '8aa83bf8cbda10620bc1bf19fbb6cd58bc313d4a371ca8b5'
const CMAC = { blockCipherMode: 'CMAC' } as const

type Vector = readonly [string, CryptographicAlgorithm, CryptographicParameters, key: string, data: string, mac: string]

const VECTORS: readonly Vector[] = [
  ['SP 800-38B D.4, Mlen 0', 'DES3', CMAC, TRIPLE_DES, '', 'b7a688e122ffaf95'],
  ['SP 800-38B D.4, Mlen 64', 'DES3', CMAC, TRIPLE_DES, MESSAGE.slice(0, 16), '8e8f293136283797'],
  ['SP 800-38B D.4, Mlen 160', 'DES3', CMAC, TRIPLE_DES, MESSAGE.slice(0, 40), '743ddbe0ce2dc2ed'],
  ['SP 800-38B D.4, Mlen 256', 'DES3', CMAC, TRIPLE_DES, MESSAGE, '33e6b1092400eae5'],
  [
    'RFC 8439 section 2.5.2',
    'Poly1305',
    {},
    '85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b',
    Buffer.from('Cryptographic Forum Research Group').toString('hex'),
    'a8061dc1305136c6c22b8baf0c0127a9',
  ],
  [
    'SP 800-38A F.2.1, the first block of CBC',
    'AES',
    { blockCipherMode: 'CBC_MAC' },
    '2b7e151628aed2a6abf7158809cf4f3c',
    '6bc0bce12a459991e134741a7f9e1925',
    '7649abac8119b246cee98e9b12e9197d',
  ],
]

for (const [source, algorithm, parameters, key, data, mac] of VECTORS) {
  void test(`1.4 §4.33 / 2.1 §6.1.32: ${source}`, async (t) => {
    const held = await register(algorithm, hex(key))
    t.equal((await keys.mac(held, parameters, hex(data))).toString('hex'), mac)
    t.ok(await keys.isMac(held, parameters, hex(data), hex(mac)))
    t.notOk(await keys.isMac(held, parameters, hex(data), hex(mac).subarray(1)))
  })
}

void test('1.4 §4.33 / 2.1 §6.1.32: a Hashing Algorithm alone means HMAC', async (t) => {
  const material = hex('0123456789abcdef0123456789abcdef')
  const aes = await register('AES', material)
  for (const [hashingAlgorithm, name] of [
    ['SHA_512_256', 'sha512-256'],
    ['RIPEMD_160', 'ripemd160'],
    ['SHA3_256', 'sha3-256'],
  ] as const) {
    const expected = createHmac(name, material).update('data').digest()
    t.same(await keys.mac(aes, { hashingAlgorithm }, Buffer.from('data')), expected)
  }
})

void test('2.1 §6.1.32.1: MACs that there are none of', async (t) => {
  const aes = await register('AES', hex('0123456789abcdef0123456789abcdef'))
  const chacha = await register('ChaCha20', Buffer.alloc(32, 1))
  for (const [key, parameters] of [
    [aes, {}],
    [aes, { blockCipherMode: 'GCM' }],
    [aes, { blockCipherMode: 'CBC' }],
    [chacha, CMAC],
    [aes, { cryptographicAlgorithm: 'RSA' }],
    [aes, { hashingAlgorithm: 'Whirlpool' }],
    [aes, { cryptographicAlgorithm: 'Poly1305' }],
    [aes, { ...CMAC, cryptographicAlgorithm: 'DES3' }],
  ] as const) {
    const reason = await reasonOf(() => keys.mac(key, parameters, Buffer.alloc(1)))
    t.equal(reason, 'BadCryptographicParameters', JSON.stringify(parameters))
  }
})
