import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { test } from 'tap'
import type { HeldKey } from '../../src/domain/key-store.ts'
import { hex, keyObject, openKeys, reasonOf } from './software.ts'

/* Signatures that node:crypto alone does not make: over ready digests, and of X9.31. */

const keys = await openKeys()

const registerPair = async (name: string, privateKey: KeyObject) => {
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return {
    signer: (await keys.deposit(`${name} private`, keyObject('PrivateKey', pkcs8, { keyFormatType: 'PKCS_8' }))).key,
    verifier: (await keys.deposit(`${name} public`, keyObject('PublicKey', spki, { keyFormatType: 'X_509' }))).key,
  }
}

const digested = (digest: Buffer) => ({ data: undefined, digested: digest })
const data = (bytes: Buffer) => ({ data: bytes, digested: undefined })
const MESSAGE = Buffer.from('sample')
const validity = async (key: HeldKey, digest: Buffer, signature: Buffer, parameters = {}) =>
  (await keys.verify(key, parameters, digested(digest), signature)).validity

const CURVES = [
  ['prime256v1', 'sha256'],
  ['secp384r1', 'sha384'],
  ['secp521r1', 'sha512'],
  ['secp521r1', 'sha1'],
  ['secp256k1', 'sha512'],
  ['brainpoolP256r1', 'sha256'],
  ['brainpoolP384r1', 'sha384'],
  ['brainpoolP512r1', 'sha512'],
] as const

for (const [namedCurve, hash] of CURVES) {
  void test(`1.4 §4.31 / 2.1 §6.1.55: ECDSA on ${namedCurve} over a ready digest of ${hash}`, async (t) => {
    const pair = generateKeyPairSync('ec', { namedCurve })
    const { signer, verifier } = await registerPair(`${namedCurve} ${hash}`, pair.privateKey)
    const digest = createHash(hash).update(MESSAGE).digest()
    const signature = await keys.sign(signer, {}, digested(digest))
    t.ok(verify(hash, MESSAGE, { key: pair.publicKey, dsaEncoding: 'der' }, signature), 'OpenSSL takes it')
    t.notSame(await keys.sign(signer, {}, digested(digest)), signature, 'no two are alike')
    for (let count = 0; count < 4; count += 1) {
      const theirs = sign(hash, MESSAGE, { key: pair.privateKey, dsaEncoding: 'der' })
      t.equal(await validity(verifier, digest, theirs), 'Valid', 'and what OpenSSL makes is taken')
    }
    t.equal(await validity(verifier, createHash(hash).update('other').digest(), signature), 'Invalid')
    for (const broken of [
      Buffer.alloc(0),
      signature.subarray(1),
      Buffer.concat([signature, signature]),
      Buffer.alloc(70),
    ]) {
      t.equal(await validity(verifier, digest, broken), 'Invalid')
    }
  })
}

void test('RFC 6979 A.2.5: a published signature over its digest', async (t) => {
  const point =
    '0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299'
  const spki = hex(`3059301306072a8648ce3d020106082a8648ce3d030107034200${point}`)
  const { key } = await keys.deposit('rfc 6979', keyObject('PublicKey', spki, { keyFormatType: 'X_509' }))
  const signature = hex(
    '3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
  )
  const digest = createHash('sha256').update(MESSAGE).digest()
  t.equal(await validity(key, digest, signature), 'Valid')
  t.equal(await validity(key, digest, signature, { digitalSignatureAlgorithm: 'ECDSAWithSHA256' }), 'Valid')
})

void test('1.4 §4.31 / 2.1 §6.1.55: digests that are not signed', async (t) => {
  const ec = await registerPair('refused', generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey)
  const other = await registerPair('other curve', generateKeyPairSync('ec', { namedCurve: 'sect283r1' }).privateKey)
  const dsa = await registerPair(
    'dsa',
    generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }).privateKey,
  )
  const edwards = await registerPair('edwards', generateKeyPairSync('ed25519').privateKey)
  const digest = digested(Buffer.alloc(32, 1))
  const named = { hashingAlgorithm: 'SHA_256' } as const
  const refused = [
    [ec.signer, named, digested(Buffer.alloc(31)), 'BadCryptographicParameters'],
    [ec.signer, {}, digested(Buffer.alloc(0)), 'BadCryptographicParameters'],
    [ec.signer, {}, digested(Buffer.alloc(129)), 'BadCryptographicParameters'],
    [other.signer, named, digest, 'UnsupportedCryptographicParameters'],
    [dsa.signer, named, digest, 'UnsupportedCryptographicParameters'],
    [edwards.signer, {}, digest, 'UnsupportedCryptographicParameters'],
  ] as const
  for (const [key, parameters, value, reason] of refused) {
    t.equal(await reasonOf(() => keys.sign(key, parameters, value)), reason)
  }
})

void test('ANSI X9.31: RSA signatures with the hashes that have a trailer', async (t) => {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const { signer, verifier } = await registerPair('x9.31', pair.privateKey)
  for (const [hashingAlgorithm, name] of [
    ['SHA_1', 'sha1'],
    ['SHA_256', 'sha256'],
    ['SHA_384', 'sha384'],
    ['SHA_512', 'sha512'],
  ] as const) {
    const parameters = { paddingMethod: 'X9_31', hashingAlgorithm } as const
    const signature = await keys.sign(signer, parameters, data(MESSAGE))
    t.ok(verify(name, MESSAGE, { key: pair.publicKey, padding: 5 }, signature))
    t.equal((await keys.verify(verifier, parameters, data(MESSAGE), signature)).validity, 'Valid')
    t.equal((await keys.verify(verifier, parameters, data(Buffer.from('other')), signature)).validity, 'Invalid')
    const parts = await keys.beginStream({ operation: 'Sign', key: signer, parameters })
    await parts.update(MESSAGE.subarray(0, 2))
    await parts.update(MESSAGE.subarray(2))
    t.same((await parts.finish()).data, signature, 'in parts, too')
  }
  for (const [parameters, reason] of [
    [{ paddingMethod: 'X9_31', hashingAlgorithm: 'MD5' }, 'UnsupportedCryptographicParameters'],
    [{ paddingMethod: 'X9_31' }, 'BadCryptographicParameters'],
    [{ paddingMethod: 'OAEP', hashingAlgorithm: 'SHA_256' }, 'UnsupportedCryptographicParameters'],
    [{ paddingMethod: 'PSS', hashingAlgorithm: 'SHA_256', trailerField: 2 }, 'UnsupportedCryptographicParameters'],
    [{ paddingMethod: 'PSS', hashingAlgorithm: 'SHA_256', saltLength: -1 }, 'BadCryptographicParameters'],
    [{ paddingMethod: 'PSS', hashingAlgorithm: 'SHA_256', saltLength: 300 }, 'BadCryptographicParameters'],
  ] as const) {
    t.equal(await reasonOf(() => keys.sign(signer, parameters, data(MESSAGE))), reason, JSON.stringify(parameters))
  }
})

void test('2.1 §6.1.55: many private operations at once', async (t) => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const { signer } = await registerPair('many', privateKey)
  const digests = Array.from({ length: 100 }, (_, at) => createHash('sha256').update(String(at)).digest())
  const parameters = { hashingAlgorithm: 'SHA_256', paddingMethod: 'PKCS1V1_5' } as const
  const signatures = await Promise.all(digests.map(async (digest) => keys.sign(signer, parameters, digested(digest))))
  t.ok(signatures.every((signature, at) => verify('sha256', Buffer.from(String(at)), publicKey, signature)))
})
