import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { test } from 'tap'
import type { CryptographicParameters } from '../../src/protocol/structures/cryptographic-parameters.ts'
import { inRange, type Version, VERSIONS } from '../../src/schema/version.ts'
import {
  attributesOf,
  FAMILIES,
  idIn,
  inFamily,
  of,
  openServer,
  refusal,
  registerKey,
  usage,
} from '../helpers/calls.ts'
import { bytesIn, cut, openStream, sendParts } from '../helpers/parts.ts'

/* What comes of data in parts is what comes of it as a whole. */

const { client, harness } = await openServer()

const KEY = Buffer.from('0123456789abcdef0123456789abcdef', 'hex')
const IV = Buffer.from('ff020304050607080910111213141516', 'hex')

/** Versions that have the fields. */
const STREAMING = VERSIONS.filter((version) => inRange(version, { since: '1.3' }))

const active = { name: 'ActivationDate', value: harness.clock.now() - 3600 } as const

const symmetricKey = (version: Version): Promise<string> =>
  registerKey(client, version, KEY, usage('Encrypt', 'Decrypt', 'MACGenerate', 'MACVerify'), active)

/** Where 100 bytes are cut: also at no byte, at blocks, beside them. */
const CUTS: readonly (readonly number[])[] = [
  [1],
  [50, 99],
  [0, 0, 15, 16, 17],
  [16, 32, 48, 64, 80, 96],
  [100],
  [3, 3, 33, 96, 100],
]

const CIPHERS: readonly (readonly [title: string, CryptographicParameters, iv: number, length: number])[] = [
  ['ECB', { blockCipherMode: 'ECB' }, 0, 96],
  ['ECB, PKCS5', { blockCipherMode: 'ECB', paddingMethod: 'PKCS5' }, 0, 100],
  ['CBC', { blockCipherMode: 'CBC' }, 16, 96],
  ['CBC, PKCS5', { blockCipherMode: 'CBC', paddingMethod: 'PKCS5' }, 16, 100],
  ['CBC, PKCS5 of whole blocks', { blockCipherMode: 'CBC', paddingMethod: 'PKCS5' }, 16, 96],
  ['CBC, ANSI X9.23', { blockCipherMode: 'CBC', paddingMethod: 'ANSIX9_23' }, 16, 100],
  ['CBC, Zeros', { blockCipherMode: 'CBC', paddingMethod: 'Zeros' }, 16, 100],
  ['CFB', { blockCipherMode: 'CFB' }, 16, 100],
  ['OFB', { blockCipherMode: 'OFB' }, 16, 100],
  ['CTR', { blockCipherMode: 'CTR' }, 16, 100],
  ['GCM', { blockCipherMode: 'GCM', tagLength: 12 }, 12, 100],
]

for (const version of STREAMING) {
  void test(`1.4 §4, §4.29, §4.30 / 2.1 §6.1.17, §6.1.11: ${version}: ciphers in parts`, async (t) => {
    const always = of(await symmetricKey(version))
    for (const [title, cryptographicParameters, ivLength, length] of CIPHERS) {
      const clear = Buffer.from(Array.from({ length }, (_, at) => (at % 255) + 1))
      const iv = ivLength === 0 ? {} : { ivCounterNonce: IV.subarray(0, ivLength) }
      const first = { cryptographicParameters, ...iv }
      const whole = await client.call(version, 'Encrypt', { ...always, ...first, data: clear })
      const sealed = bytesIn(whole['ciphertext'])
      for (const places of CUTS) {
        const at = places.map((place) => Math.min(place, length))
        const answers = await sendParts(client, version, 'Encrypt', cut(clear, ...at), { first, always })
        t.same(Buffer.concat(answers.map(({ ciphertext }) => bytesIn(ciphertext))), sealed, `${title}: encrypted`)
        t.same(answers.at(-1)?.['tag'], whole['tag'])
        t.equal(answers.at(-1)?.['correlationValue'], undefined)
        const tag = whole['tag'] === undefined ? {} : { tag: whole['tag'] }
        const back = await sendParts(client, version, 'Decrypt', cut(sealed, ...at), {
          first: { ...first, ...tag },
          always,
        })
        t.same(Buffer.concat(back.map(({ data }) => bytesIn(data))), clear, `${title}: decrypted`)
      }
    }
  })

  void test(`1.4 §4, §4.37 / 2.1 §6.1.24: ${version}: Hash in parts`, async (t) => {
    const data = randomBytes(100)
    const always = { cryptographicParameters: { hashingAlgorithm: 'SHA_256' } }
    const whole = await client.call(version, 'Hash', { ...always, data })
    for (const at of CUTS) {
      const answers = await sendParts(client, version, 'Hash', cut(data, ...at), { always })
      t.same(answers.at(-1)?.['data'], whole['data'])
      t.ok(answers.slice(0, -1).every((answer) => answer['data'] === undefined))
    }
  })

  void test(`1.4 §4, §4.33, §4.34 / 2.1 §6.1.32, §6.1.33: ${version}: MACs in parts`, async (t) => {
    const data = randomBytes(100)
    const id = await symmetricKey(version)
    for (const parameters of [{ cryptographicAlgorithm: 'HMAC_SHA256' }, { blockCipherMode: 'CMAC' }]) {
      const always = { ...of(id), cryptographicParameters: parameters }
      const { macData } = await client.call(version, 'MAC', { ...always, data })
      for (const at of CUTS) {
        const made = await sendParts(client, version, 'MAC', cut(data, ...at), { always })
        t.same(made.at(-1)?.['macData'], macData)
        const early = await sendParts(client, version, 'MACVerify', cut(data, ...at), { always, first: { macData } })
        const late = await sendParts(client, version, 'MACVerify', cut(data, ...at), { always, last: { macData } })
        for (const answers of [early, late]) {
          t.equal(answers.at(-1)?.['validityIndicator'], 'Valid')
          t.ok(answers.slice(0, -1).every((answer) => answer['validityIndicator'] === undefined))
        }
      }
      const other = await sendParts(client, version, 'MACVerify', cut(randomBytes(100), 7), {
        always,
        first: { macData },
      })
      t.equal(other.at(-1)?.['validityIndicator'], 'Invalid')
    }
  })
}

type Pair = { readonly privateKey: KeyObject; readonly publicKey: KeyObject }

const registerHalf = async (version: Version, objectType: 'PrivateKey' | 'PublicKey', pair: Pair): Promise<string> => {
  const isPrivate = objectType === 'PrivateKey'
  const keyMaterial = isPrivate
    ? pair.privateKey.export({ format: 'der', type: 'pkcs8' })
    : pair.publicKey.export({ format: 'der', type: 'spki' })
  const keyFormatType = isPrivate ? 'PKCS_8' : 'X_509'
  const keyBlock = { keyFormatType, keyValue: { keyMaterial, attributes: [] } }
  const mask = isPrivate ? usage('Sign', 'Decrypt') : usage('Verify', 'Encrypt')
  const attributes = attributesOf(mask, active)
  return idIn(await client.call(version, 'Register', { objectType, attributes, [objectType]: { keyBlock } }))
}

const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 })

const SIGNATURES: readonly (readonly [title: string, Pair, CryptographicParameters])[] = [
  ['RSA PKCS#1 v1.5', RSA, { hashingAlgorithm: 'SHA_256', paddingMethod: 'PKCS1V1_5' }],
  ['RSA PSS', RSA, { hashingAlgorithm: 'SHA_256', paddingMethod: 'PSS' }],
  [
    'RSA PSS of another mask',
    RSA,
    { hashingAlgorithm: 'SHA_256', paddingMethod: 'PSS', maskGeneratorHashingAlgorithm: 'SHA_1' },
  ],
  ['ECDSA', generateKeyPairSync('ec', { namedCurve: 'prime256v1' }), { hashingAlgorithm: 'SHA_256' }],
  ['DSA', generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }), { hashingAlgorithm: 'SHA_256' }],
  ['Ed25519', generateKeyPairSync('ed25519'), {}],
]

for (const version of FAMILIES) {
  void test(`1.4 §4, §4.31, §4.32 / 2.1 §6.1.55, §6.1.56: ${version}: signatures in parts`, async (t) => {
    const data = randomBytes(100)
    for (const [title, pair, cryptographicParameters] of SIGNATURES) {
      const first = { cryptographicParameters }
      const signer = of(await registerHalf(version, 'PrivateKey', pair))
      const verifier = of(await registerHalf(version, 'PublicKey', pair))
      const signed = await sendParts(client, version, 'Sign', cut(data, 0, 1, 64), { first, always: signer })
      const { signatureData } = signed.at(-1) ?? {}
      t.ok(signed.slice(0, -1).every((answer) => answer['signatureData'] === undefined))
      const request = { ...verifier, ...first, signatureData }
      t.equal(
        (await client.call(version, 'SignatureVerify', { ...request, data }))['validityIndicator'],
        'Valid',
        title,
      )
      for (const [message, validity] of [
        [data, 'Valid'],
        [Buffer.concat([data, IV]), 'Invalid'],
      ] as const) {
        const begin = { ...first, signatureData }
        const answers = await sendParts(client, version, 'SignatureVerify', cut(message, 5, 33), {
          first: begin,
          always: verifier,
        })
        t.equal(answers.at(-1)?.['validityIndicator'], validity, title)
        t.ok(answers.slice(0, -1).every((answer) => answer['validityIndicator'] === undefined))
      }
    }
  })

  void test(`1.4 §4 / 2.1 §6.1: ${version}: RSA encrypts what has come in parts`, async (t) => {
    const first = { cryptographicParameters: { paddingMethod: 'OAEP', hashingAlgorithm: 'SHA_256' } }
    const [encrypter, decrypter] = [
      await registerHalf(version, 'PublicKey', RSA),
      await registerHalf(version, 'PrivateKey', RSA),
    ]
    const answers = await sendParts(client, version, 'Encrypt', cut(KEY, 5, 9), { first, always: of(encrypter) })
    const sealed = Buffer.concat(answers.map(({ ciphertext }) => bytesIn(ciphertext)))
    const back = await sendParts(client, version, 'Decrypt', cut(sealed, 100), { first, always: of(decrypter) })
    t.same(Buffer.concat(back.map(({ data }) => bytesIn(data))), KEY)
  })

  void test(`1.4 §4 / 2.1 §6.1: ${version}: Init and Final Indicator together are a single part`, async (t) => {
    const both = { ...of(await symmetricKey(version)), initIndicator: true, finalIndicator: true }
    const ecb = { cryptographicParameters: { blockCipherMode: 'ECB', paddingMethod: 'PKCS5' } }
    const answer = await client.call(version, 'Encrypt', { ...both, ...ecb, data: KEY })
    const { ciphertext } = await client.call(version, 'Encrypt', {
      ...of(String(answer['uniqueIdentifier'])),
      ...ecb,
      data: KEY,
    })
    t.same(bytesIn(answer['ciphertext']), bytesIn(ciphertext))
    t.equal(answer['correlationValue'], undefined)
    const empty = await client.call(version, 'Encrypt', { ...both, ...ecb })
    t.equal(bytesIn(empty['ciphertext']).length, 16, 'and the data may be left out')
  })

  void test(`1.4 §4.29 / 2.1 §6.1.17: ${version}: the IV that the server chooses is told with the first part`, async (t) => {
    const id = of(await symmetricKey(version))
    const first = { cryptographicParameters: { blockCipherMode: 'CBC', paddingMethod: 'PKCS5', randomIV: true } }
    const answers = await sendParts(client, version, 'Encrypt', cut(KEY, 4), { first, always: id })
    const ivCounterNonce = bytesIn(answers[0]?.['ivCounterNonce'])
    t.equal(ivCounterNonce.length, 16)
    t.equal(answers[1]?.['ivCounterNonce'], undefined)
    const data = Buffer.concat(answers.map(({ ciphertext }) => bytesIn(ciphertext)))
    t.same((await client.call(version, 'Decrypt', { ...id, ...first, ivCounterNonce, data }))['data'], KEY)
  })

  void test(`1.4 §2.1.22, §4.30 / 2.1 §6.1.11: ${version}: clear text that is not authentic is never handed out`, async (t) => {
    const id = of(await symmetricKey(version))
    const additionalData = Buffer.from('header')
    const first = {
      cryptographicParameters: { blockCipherMode: 'GCM', tagLength: 16 },
      ivCounterNonce: IV,
      additionalData,
    }
    const data = randomBytes(1000)
    const { ciphertext, tag } = await client.call(version, 'Encrypt', { ...id, ...first, data })
    const sealed = bytesIn(ciphertext)
    const parts = cut(sealed, 300, 600)
    const good = await sendParts(client, version, 'Decrypt', parts, { first: { ...first, tag }, always: id })
    t.same(
      good.map((answer) => answer['data']),
      [undefined, undefined, data],
    )
    const other = { ...first, tag, additionalData: Buffer.from('another') }
    const correlationValue = await openStream(client, version, 'Decrypt', { ...id, ...other, data: sealed })
    const ended = { ...id, correlationValue, finalIndicator: true }
    const failed = await client.attempt(version, 'Decrypt', ended)
    t.equal(refusal(failed), 'CryptographicFailure')
    t.same(failed.payload, {})
    t.equal(
      refusal(await client.attempt(version, 'Decrypt', ended)),
      inFamily(version, 'ItemNotFound', 'InvalidCorrelationValue'),
      'and the stream is over',
    )
  })
}
