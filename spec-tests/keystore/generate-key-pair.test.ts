import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject, sign, verify } from 'node:crypto'
import { test } from 'tap'
import type { KeyPairSpec, KeyStore } from '../../src/domain/key-store.ts'
import { CURVES } from '../../src/keystore/mechanisms.ts'
import { createWorkQueue } from '../../src/domain/work-queue.ts'
import { KEY_FORMAT_TYPE } from '../../src/protocol/enumerations.ts'
import { blockOf, bytesOf, digestFormats, openKeys, reasonOf, valuesOf } from './software.ts'

const IDS = { privateKey: 'private', publicKey: 'public' } as const

const spec = (algorithm: KeyPairSpec['algorithm'], rest: Partial<KeyPairSpec> = {}): KeyPairSpec => ({
  algorithm,
  length: undefined,
  curve: undefined,
  ...rest,
})

/** Both keys as the library reads them from their encoded forms. */
const keyObjects = async (keys: KeyStore, pair: Awaited<ReturnType<KeyStore['generateKeyPair']>>) => {
  const privateDer = bytesOf(await keys.retrieve(pair.privateKey.key, { keyFormatType: 'PKCS_8' }))
  const publicDer = bytesOf(await keys.retrieve(pair.publicKey.key, { keyFormatType: 'X_509' }))
  return {
    privateKey: createPrivateKey({ key: privateDer, format: 'der', type: 'pkcs8' }),
    publicKey: createPublicKey({ key: publicDer, format: 'der', type: 'spki' }),
  }
}

/** Whether the two keys belong to each other: what one signs, the other verifies. */
const belong = (privateKey: KeyObject, publicKey: KeyObject): boolean => {
  const derived = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return publicKey.export({ format: 'der', type: 'spki' }).equals(derived)
}

type Case = readonly [spec: KeyPairSpec, length: number, formats: readonly [privateKey: string, publicKey: string]]

const CASES: readonly Case[] = [
  [spec('RSA'), 2048, ['PKCS_1', 'PKCS_1']],
  [spec('RSA', { length: 1024 }), 1024, ['PKCS_1', 'PKCS_1']],
  [spec('RSA', { length: 1032 }), 1032, ['PKCS_1', 'PKCS_1']],
  [spec('EC', { curve: 'P_256' }), 256, ['ECPrivateKey', 'X_509']],
  [spec('EC', { length: 256 }), 256, ['ECPrivateKey', 'X_509']],
  [spec('EC', { length: 384, curve: 'P_384' }), 384, ['ECPrivateKey', 'X_509']],
  [spec('ECDSA', { length: 521 }), 521, ['ECPrivateKey', 'X_509']],
  [spec('ECDH', { length: 224 }), 224, ['ECPrivateKey', 'X_509']],
  [spec('EC', { curve: 'SECP256K1' }), 256, ['ECPrivateKey', 'X_509']],
  [spec('ECDSA', { curve: 'BRAINPOOLP384R1' }), 384, ['ECPrivateKey', 'X_509']],
  [spec('EC', { curve: 'K_283' }), 283, ['ECPrivateKey', 'X_509']],
  [spec('ECDH', { curve: 'CURVE25519' }), 256, ['PKCS_8', 'X_509']],
  [spec('EC', { curve: 'CURVE25519', length: 256 }), 256, ['PKCS_8', 'X_509']],
  [spec('ECDH', { curve: 'CURVE448', length: 448 }), 448, ['PKCS_8', 'X_509']],
  [spec('Ed25519'), 256, ['PKCS_8', 'X_509']],
  [spec('Ed25519', { length: 256 }), 256, ['PKCS_8', 'X_509']],
  [spec('Ed448'), 456, ['PKCS_8', 'X_509']],
  [spec('DSA', { length: 1024 }), 1024, ['TransparentDSAPrivateKey', 'TransparentDSAPublicKey']],
  [spec('DH'), 2048, ['TransparentDHPrivateKey', 'TransparentDHPublicKey']],
]

/** The default of 2.1 section 4.26 for EC keys, of which there is a Digest too (2.1 section 4.21). */
const STANDARD: Readonly<Record<string, string>> = {
  ECPrivateKey: 'TransparentECPrivateKey',
  X_509: 'TransparentECPublicKey',
}

void test('1.4 §4.2 / 2.1 §6.1.9: pairs of every kind, with the length and format of each key', async (t) => {
  const keys = await openKeys()
  for (const [wanted, length, [privateFormat, publicFormat]] of CASES) {
    const pair = await keys.generateKeyPair(IDS, wanted)
    for (const [deposit, format] of [
      [pair.privateKey, privateFormat],
      [pair.publicKey, publicFormat],
    ] as const) {
      const block = blockOf(await keys.retrieve(deposit.key))
      t.same(
        [block.keyFormatType, block.cryptographicAlgorithm, block.cryptographicLength],
        [format, wanted.algorithm, length],
        JSON.stringify(wanted),
      )
      t.same(valuesOf(deposit, 'CryptographicAlgorithm'), [wanted.algorithm])
      t.same(valuesOf(deposit, 'CryptographicLength'), [length])
      t.same(valuesOf(deposit, 'KeyFormatType'), [format])
      t.same(digestFormats(deposit), privateFormat === 'ECPrivateKey' ? [format, STANDARD[format]] : [format])
    }
    const { privateKey, publicKey } = await keyObjects(keys, pair)
    t.ok(belong(privateKey, publicKey), JSON.stringify(wanted))
  }
})

void test('2.1 §11.45: every curve of the table', async (t) => {
  const keys = await openKeys()
  for (const [curve, { bits, field }] of CURVES) {
    const pair = await keys.generateKeyPair(IDS, spec(field === 'none' ? 'ECDH' : 'EC', { curve }))
    const qlength = field === 'none' ? undefined : bits
    t.same(valuesOf(pair.publicKey, 'CryptographicDomainParameters'), [{ qlength, recommendedCurve: curve }], curve)
    t.same(valuesOf(pair.privateKey, 'CryptographicLength'), [bits], curve)
  }
})

void test('2.1 §6.1.9: the pairs work', async (t) => {
  const keys = await openKeys()
  const data = Buffer.from('data')
  for (const wanted of [spec('RSA', { length: 1024 }), spec('EC', { length: 256 }), spec('Ed25519'), spec('Ed448')]) {
    const { privateKey, publicKey } = await keyObjects(keys, await keys.generateKeyPair(IDS, wanted))
    const digest = wanted.algorithm.startsWith('Ed') ? null : 'sha256'
    t.ok(verify(digest, data, publicKey, sign(digest, data, privateKey)), wanted.algorithm)
  }
  const [a, b] = await Promise.all(
    [1, 2].map(async () => keyObjects(keys, await keys.generateKeyPair(IDS, spec('ECDH', { curve: 'CURVE25519' })))),
  )
  if (a === undefined || b === undefined) return
  t.same(diffieHellman({ ...a, publicKey: b.publicKey }), diffieHellman({ ...b, publicKey: a.publicKey }))
})

void test('1.4 §3.5 / 2.1 §4.15: lengths and curves that contradict the algorithm or each other are an Invalid Field', async (t) => {
  const keys = await openKeys()
  const cases: readonly KeyPairSpec[] = [
    spec('RSA', { length: 512 }),
    spec('RSA', { length: 1023 }),
    spec('RSA', { length: 2050 }),
    spec('RSA', { length: 8200 }),
    spec('RSA', { length: 1_000_000 }),
    spec('RSA', { length: -1024 }),
    spec('RSA', { length: 2048, curve: 'P_256' }),
    spec('EC'),
    spec('EC', { length: 257 }),
    spec('EC', { length: 384, curve: 'P_256' }),
    spec('EC', { curve: 'SECP112R1' }),
    spec('ECDSA', { curve: 'CURVE25519' }),
    spec('ECDH', { curve: 'CURVE25519', length: 448 }),
    spec('ECDH', { curve: 'CURVE448', length: 256 }),
    spec('Ed25519', { length: 448 }),
    spec('Ed25519', { curve: 'P_256' }),
    spec('Ed448', { curve: 'CURVE25519' }),
    spec('DSA', { length: 512 }),
    spec('DH', { length: 1024 }),
    spec('AES', { length: 256 }),
    spec('ECMQV', { length: 256 }),
  ]
  for (const wanted of cases) {
    t.equal(await reasonOf(() => keys.generateKeyPair(IDS, wanted)), 'InvalidField', JSON.stringify(wanted))
  }
})

void test('each key of a pair is bound to its own identifier', async (t) => {
  const keys = await openKeys()
  const { privateKey, publicKey } = await keys.generateKeyPair(IDS, spec('EC', { length: 256 }))
  t.equal(privateKey.key.objectId, 'private')
  t.equal(publicKey.key.objectId, 'public')
  const swapped = { ...privateKey.key, objectId: 'public' }
  t.equal(await reasonOf(() => keys.retrieve(swapped)), 'CryptographicFailure')
  t.ok(KEY_FORMAT_TYPE.has(String(valuesOf(privateKey, 'KeyFormatType')[0])))
})

void test('2.1 §11.46: key pairs are made a few at once, and too many waiting is a Server Limit Exceeded', async (t) => {
  const queue = createWorkQueue({ running: 2, waiting: 3, refusal: 'full' })
  let running = 0
  let most = 0
  const release: (() => void)[] = []
  const job = async (): Promise<void> => {
    running += 1
    most = Math.max(most, running)
    await new Promise<void>((resolve) => release.push(resolve))
    running -= 1
  }
  const jobs = [1, 2, 3, 4, 5].map(() => queue.run(job))
  t.equal(await reasonOf(() => queue.run(job)), 'ServerLimitExceeded')
  while (release.length > 0) {
    release.shift()?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  await Promise.all(jobs)
  t.equal(most, 2)
  t.equal(await queue.run(() => Promise.resolve(7)), 7, 'and it goes on afterwards')
})

void test('the queue goes on after a job that fails', async (t) => {
  const queue = createWorkQueue({ running: 1, waiting: 1, refusal: 'full' })
  await t.rejects(queue.run(() => Promise.reject(new Error('no'))))
  t.equal(await queue.run(() => Promise.resolve(1)), 1)
})
