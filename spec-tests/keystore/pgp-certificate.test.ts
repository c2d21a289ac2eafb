import { generateKey, readKey } from 'openpgp'
import { test } from 'tap'
import type { ObjectValue } from '../../src/protocol/structures/managed-objects.ts'
import { openKeys, reasonOf, valuesOf } from './software.ts'

/* PGP certificates (1.4 sections 2.2.1, 3.13 and 3.14). */

const certificate = (certificateValue: Buffer): ObjectValue => ({
  objectType: 'Certificate',
  value: { certificateType: 'PGP', certificateValue },
})

const USERS = [{ name: 'Alice Example', email: 'alice@example.com' }, { email: 'second@example.com' }]

const make = async (type: 'rsa' | 'curve25519') => {
  const { publicKey, privateKey } = await generateKey({ type, rsaBits: 2048, userIDs: USERS, format: 'armored' })
  const key = await readKey({ armoredKey: publicKey })
  return {
    armored: Buffer.from(publicKey),
    binary: Buffer.from(key.write()),
    keyId: key.getKeyID().toHex().toUpperCase(),
    privateKey: Buffer.from(privateKey),
  }
}

void test('1.4 §3.8 to §3.17: what a PGP certificate says of itself', async (t) => {
  const keys = await openKeys()
  const rsa = await make('rsa')
  for (const value of [rsa.armored, rsa.binary]) {
    const deposit = await keys.deposit('a', certificate(value))
    const expected = [
      ['CertificateType', ['PGP']],
      ['CertificateLength', [value.length]],
      ['CryptographicAlgorithm', ['RSA']],
      ['CryptographicLength', [2048]],
      ['CertificateIdentifier', [{ issuer: rsa.keyId }]],
      [
        'CertificateSubject',
        [
          {
            certificateSubjectDistinguishedName: 'Alice Example <alice@example.com>',
            certificateSubjectAlternativeName: ['<second@example.com>'],
          },
        ],
      ],
    ] as const
    for (const [name, values] of expected) t.same(valuesOf(deposit, name), values, name)
    t.same(await keys.retrieve(deposit.key), certificate(value), 'it stays as it came')
  }
  const ed25519 = await make('curve25519')
  t.same(valuesOf(await keys.deposit('b', certificate(ed25519.binary)), 'CryptographicAlgorithm'), ['Ed25519'])
})

void test('1.4 §2.2.1: what is no PGP certificate', async (t) => {
  const keys = await openKeys()
  const { armored, binary, privateKey } = await make('curve25519')
  const bad: readonly (readonly [string, Buffer])[] = [
    ['other bytes', Buffer.from('hello')],
    ['a private key', privateKey],
    ['half of one', binary.subarray(0, 20)],
    ['half of an armored one', armored.subarray(0, 60)],
    ['a long one', Buffer.alloc(70_000, 0x99)],
  ]
  for (const [what, value] of bad) {
    t.equal(await reasonOf(async () => keys.deposit('a', certificate(value))), 'InvalidField', what)
  }
})

void test('1.4 §2.2.1: PGP certificates of more packets, or lines, than anybody has time for', async (t) => {
  const keys = await openKeys()
  const { armored, binary } = await make('curve25519')
  const userId = Buffer.from([0xc0 | 13, 1, 0x61])
  const withUsers = (count: number): ObjectValue =>
    certificate(Buffer.concat([binary, ...Array.from({ length: count }, () => userId)]))
  t.equal(await reasonOf(() => keys.deposit('a', withUsers(400))), 'none')
  t.equal(await reasonOf(() => keys.deposit('a', withUsers(600))), 'InvalidField')
  const [first = '', ...others] = armored.toString().split('\n')
  const lines = Array.from({ length: 3000 }, () => 'Comment: x')
  const long = Buffer.from([first, ...lines, ...others].join('\n'))
  t.equal(await reasonOf(() => keys.deposit('a', certificate(long))), 'InvalidField')
})
