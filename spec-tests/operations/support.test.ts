import { randomBytes } from 'node:crypto'
import { type Test, test } from 'tap'
import type {
  DerivationMethod,
  KeyFormatType,
  PaddingMethod,
  RecommendedCurve,
} from '../../src/protocol/enumerations.ts'
import { DERIVATION_METHOD } from '../../src/protocol/enumerations.ts'
import {
  ALGORITHMS,
  CIPHER_ALGORITHMS,
  CIPHER_MODES,
  encrypts,
  encryptsAlone,
  FORMATS,
  HASHING_ALGORITHMS,
  hashes,
  MAC_ALGORITHMS,
  MAC_MODES,
  makesKeyPairs,
  makesMac,
  PADDING_METHODS,
  padsBlocks,
  padsRsaEncryption,
  padsRsaSignatures,
  RECOMMENDED_CURVES,
  SIGNATURES,
  symmetricLengths,
} from '../../src/keystore/software/support.ts'
import { attributesOf, byId, idIn, of, openServer, refusal, usage } from '../helpers/calls.ts'
import type { ItemResult, Payload } from '../helpers/harness.ts'
import { bytesIn } from '../helpers/parts.ts'

/*
 * docs/operations.md says what is supported and what is refused. Each of its lines is asked of a server: what is
 * supported goes there and back, what is refused is refused in so many words.
 */

const { client, harness } = await openServer()
const VERSION = '2.1'

const CLEAR_REASONS = ['UnsupportedCryptographicParameters', 'BadCryptographicParameters', 'InvalidField']
const DATA = randomBytes(48)

type Operation = Parameters<typeof client.attempt>[1]

const attempt = (operation: Operation, request: Payload): Promise<ItemResult> =>
  client.attempt(VERSION, operation, request)

/** Whether it worked; where not, it was said why. */
const works = (t: Test, result: ItemResult, supported: boolean, title: string): boolean => {
  const said = refusal(result)
  t.equal(said === 'Success', supported, `${title}: ${said} ${result.message ?? ''}`)
  if (said !== 'Success') t.ok(CLEAR_REASONS.includes(said), `${title}: ${said}`)
  return said === 'Success'
}

const active = { name: 'ActivationDate', value: harness.clock.now() - 1 } as const
const ALL = usage('Encrypt', 'Decrypt', 'Sign', 'Verify', 'MACGenerate', 'MACVerify', 'DeriveKey', 'KeyAgreement')

const firstLength = (name: (typeof ALGORITHMS)[number]): number => {
  const bits = symmetricLengths(name)?.bits ?? [128]
  return 'from' in bits ? Math.max(bits.from, 128) : (bits[0] ?? 128)
}

const create = (cryptographicAlgorithm: (typeof ALGORITHMS)[number], length = firstLength(cryptographicAlgorithm)) =>
  attempt('Create', {
    objectType: 'SymmetricKey',
    attributes: attributesOf(
      { name: 'CryptographicAlgorithm', value: cryptographicAlgorithm },
      { name: 'CryptographicLength', value: length },
      ALL,
      active,
    ),
  })

const made = async (name: (typeof ALGORITHMS)[number], length?: number): Promise<string> =>
  idIn((await create(name, length)).payload)

void test('2.1 §11.12: Cryptographic Algorithms of symmetric keys', async (t) => {
  for (const name of ALGORITHMS) works(t, await create(name), symmetricLengths(name) !== undefined, name)
})

const PAIR_LENGTHS: Readonly<Record<string, number>> = {
  RSA: 1024,
  DSA: 1024,
  DH: 1536,
  EC: 256,
  ECDSA: 256,
  ECDH: 256,
}

const createPair = (algorithm: (typeof ALGORITHMS)[number], curve?: RecommendedCurve): Promise<ItemResult> => {
  const length = curve === undefined ? PAIR_LENGTHS[algorithm] : undefined
  const given = [
    { name: 'CryptographicAlgorithm', value: algorithm } as const,
    ...(length === undefined ? [] : [{ name: 'CryptographicLength', value: length } as const]),
    ...(curve === undefined
      ? []
      : [{ name: 'CryptographicDomainParameters', value: { recommendedCurve: curve } } as const]),
    ALL,
    active,
  ]
  return attempt('CreateKeyPair', { common: attributesOf(...given) })
}

type Pair = { readonly privateKey: string; readonly publicKey: string }

const pairOf = ({ payload }: ItemResult): Pair => ({
  privateKey: idIn(payload, 'privateKeyUniqueIdentifier'),
  publicKey: idIn(payload, 'publicKeyUniqueIdentifier'),
})

void test('2.1 §11.12: Cryptographic Algorithms of key pairs', async (t) => {
  for (const name of ALGORITHMS) works(t, await createPair(name), makesKeyPairs(name), name)
})

const roundTrip = async (t: Test, id: string, cryptographicParameters: Payload, supported: boolean, title: string) => {
  const request = { ...of(id), cryptographicParameters }
  const sealed = await attempt('Encrypt', { ...request, data: DATA })
  if (!works(t, sealed, supported, title)) return
  const { ciphertext, ivCounterNonce, tag } = sealed.payload
  const clear = await attempt('Decrypt', { ...request, data: bytesIn(ciphertext), ivCounterNonce, tag })
  t.same(clear.payload['data'], DATA, title)
}

void test('2.1 §11.6: every cipher in every Block Cipher Mode', async (t) => {
  for (const name of ALGORITHMS.filter((candidate) => symmetricLengths(candidate) !== undefined)) {
    const id = await made(name)
    const xts = name === 'AES' ? await made(name, 512) : id
    for (const mode of CIPHER_MODES) {
      await roundTrip(t, mode === 'XTS' ? xts : id, { blockCipherMode: mode }, encrypts(name, mode), `${name} ${mode}`)
    }
    await roundTrip(t, id, {}, encryptsAlone(name), `${name} without a mode`)
    for (const mode of MAC_MODES) await roundTrip(t, id, { blockCipherMode: mode }, false, `${name} ${mode}`)
  }
  t.ok(CIPHER_ALGORITHMS.length > 5)
})

void test('2.1 §11.37: every Padding Method with block ciphers, RSA encryption and RSA signatures', async (t) => {
  const aes = await made('AES')
  const { privateKey, publicKey } = pairOf(await createPair('RSA'))
  for (const paddingMethod of PADDING_METHODS) {
    for (const blockCipherMode of ['ECB', 'CBC', 'PCBC'] as const) {
      const parameters = { blockCipherMode, paddingMethod }
      await roundTrip(t, aes, parameters, padsBlocks(paddingMethod), `${blockCipherMode} ${paddingMethod}`)
    }
    await rsaEncryption(t, { privateKey, publicKey }, paddingMethod)
    await signature(
      t,
      { privateKey, publicKey },
      { paddingMethod, hashingAlgorithm: 'SHA_256' },
      padsRsaSignatures(paddingMethod),
      paddingMethod,
    )
  }
})

const rsaEncryption = async (t: Test, { privateKey, publicKey }: Pair, paddingMethod: PaddingMethod) => {
  const cryptographicParameters = { paddingMethod, hashingAlgorithm: 'SHA_1' }
  const sealed = await attempt('Encrypt', { ...of(publicKey), cryptographicParameters, data: DATA })
  if (!works(t, sealed, padsRsaEncryption(paddingMethod), `RSA ${paddingMethod}`)) return
  const data = bytesIn(sealed.payload['ciphertext'])
  const clear = await attempt('Decrypt', { ...of(privateKey), cryptographicParameters, data })
  t.same(clear.payload['data'], DATA, `RSA ${paddingMethod}`)
}

const signature = async (
  t: Test,
  { privateKey, publicKey }: Pair,
  cryptographicParameters: Payload,
  supported: boolean,
  title: string,
  input: Payload = { data: DATA },
) => {
  const signed = await attempt('Sign', { ...of(privateKey), cryptographicParameters, ...input })
  if (!works(t, signed, supported, title)) return
  const { signatureData } = signed.payload
  const verified = await attempt('SignatureVerify', {
    ...of(publicKey),
    cryptographicParameters,
    ...input,
    signatureData,
  })
  t.equal(verified.payload['validityIndicator'], 'Valid', title)
}

void test('2.1 §11.21: every Hashing Algorithm', async (t) => {
  const aes = await made('AES')
  const rsa = pairOf(await createPair('RSA'))
  for (const hashingAlgorithm of HASHING_ALGORITHMS) {
    const cryptographicParameters = { hashingAlgorithm }
    const supported = hashes(hashingAlgorithm)
    works(t, await attempt('Hash', { cryptographicParameters, data: DATA }), supported, `Hash ${hashingAlgorithm}`)
    await authentication(t, aes, cryptographicParameters, supported, `HMAC ${hashingAlgorithm}`)
    await signature(t, rsa, cryptographicParameters, supported, `RSA ${hashingAlgorithm}`)
  }
})

const authentication = async (
  t: Test,
  id: string,
  cryptographicParameters: Payload,
  supported: boolean,
  title: string,
) => {
  const request = { ...of(id), cryptographicParameters, data: DATA }
  const mac = await attempt('MAC', request)
  if (!works(t, mac, supported, title)) return
  const { macData } = mac.payload
  t.equal((await attempt('MACVerify', { ...request, macData })).payload['validityIndicator'], 'Valid', title)
}

void test('2.1 §6.1.32: every Cryptographic Algorithm and Block Cipher Mode as a MAC', async (t) => {
  for (const name of ALGORITHMS.filter((candidate) => symmetricLengths(candidate) !== undefined)) {
    const id = await made(name)
    await authentication(t, id, {}, makesMac(name), name)
    for (const mode of MAC_MODES) {
      await authentication(t, id, { blockCipherMode: mode }, MAC_ALGORITHMS.includes(name), `${name} ${mode}`)
    }
  }
  const aes = await made('AES', 256)
  for (const name of ALGORITHMS) {
    await authentication(t, aes, { cryptographicAlgorithm: name }, makesMac(name), `${name} with a key of AES`)
  }
})

void test('2.1 §11.16: every Digital Signature Algorithm', async (t) => {
  const pairs = {
    rsa: pairOf(await createPair('RSA')),
    dsa: pairOf(await createPair('DSA')),
    ec: pairOf(await createPair('EC')),
  }
  for (const { name, family, hash, supported } of SIGNATURES) {
    const parameters = {
      digitalSignatureAlgorithm: name,
      ...(hash === undefined ? { hashingAlgorithm: 'SHA_256' } : {}),
    }
    await signature(t, pairs[family], parameters, supported, name)
  }
  for (const name of ['Ed25519', 'Ed448'] as const) await signature(t, pairOf(await createPair(name)), {}, true, name)
})

void test('2.1 §11.45: every Recommended Curve', async (t) => {
  for (const { name, supported, signs, signsDigests } of RECOMMENDED_CURVES) {
    const created = await createPair('EC', name)
    if (!works(t, created, supported, name)) continue
    const pair = pairOf(created)
    const parameters = { hashingAlgorithm: 'SHA_256' }
    await signature(t, pair, parameters, signs, name)
    const digestedData = randomBytes(32)
    await signature(t, pair, parameters, signsDigests, `${name}: a digest`, { digestedData })
  }
})

const formatsOf = async (t: Test, ids: readonly string[], keyFormatType: KeyFormatType, converted: boolean) => {
  const results = await Promise.all(ids.map((id) => attempt('Get', { ...of(id), keyFormatType })))
  const good = results.filter(({ status }) => status === 'Success')
  t.equal(good.length > 0, converted, keyFormatType)
  for (const result of results.filter(({ status }) => status !== 'Success')) {
    t.equal(refusal(result), 'KeyFormatTypeNotSupported', keyFormatType)
  }
  for (const { payload } of good) {
    const again = await attempt('Register', { ...payload, attributes: attributesOf(ALL) })
    t.equal(refusal(again), 'Success', `${keyFormatType} is taken in as well`)
  }
}

void test('2.1 §11.25: every Key Format Type', async (t) => {
  const secret = await attempt('Register', {
    objectType: 'SecretData',
    attributes: attributesOf(ALL),
    SecretData: {
      secretDataType: 'Seed',
      keyBlock: { keyFormatType: 'Raw', keyValue: { keyMaterial: DATA, attributes: [] } },
    },
  })
  const pairs = await Promise.all((['RSA', 'DSA', 'DH', 'EC', 'Ed25519'] as const).map((name) => createPair(name)))
  const ids = [
    idIn(secret.payload),
    await made('AES'),
    ...pairs.map(pairOf).flatMap(({ privateKey, publicKey }) => [privateKey, publicKey]),
  ]
  // A container needs a password, a seed a post-quantum key: PKCS_12 and SeedPrivateKey have tests of their own.
  const elsewhere = ['PKCS_12', 'SeedPrivateKey']
  for (const { name, converted } of FORMATS) if (!elsewhere.includes(name)) await formatsOf(t, ids, name, converted)
})

const DERIVATIONS: Readonly<Record<DerivationMethod, Payload>> = {
  PBKDF2: { salt: DATA, iterationCount: 10, derivationData: [] },
  HASH: { cryptographicParameters: { hashingAlgorithm: 'SHA_256' }, derivationData: [] },
  HMAC: { cryptographicParameters: { hashingAlgorithm: 'SHA_256' }, derivationData: [DATA] },
  ENCRYPT: { cryptographicParameters: { blockCipherMode: 'ECB' }, derivationData: [DATA] },
  NIST800_108_C: { cryptographicParameters: { hashingAlgorithm: 'SHA_256' }, derivationData: [DATA] },
  NIST800_108_F: { cryptographicParameters: { hashingAlgorithm: 'SHA_256' }, derivationData: [DATA] },
  NIST800_108_DPI: { cryptographicParameters: { hashingAlgorithm: 'SHA_256' }, derivationData: [DATA] },
  AsymmetricKey: { derivationData: [] },
  AWSSignatureVersion4: { derivationData: ['20261124', 'eu-central-1', 'kms'].map((text) => Buffer.from(text)) },
  HKDF: { derivationData: [DATA] },
}

void test('2.1 §11.14: every Derivation Method', async (t) => {
  const aes = await made('AES')
  const { privateKey, publicKey } = pairOf(await createPair('EC'))
  for (const derivationMethod of DERIVATION_METHOD.names) {
    const ids = derivationMethod === 'AsymmetricKey' ? [privateKey, publicKey] : [aes]
    const derived = await attempt('DeriveKey', {
      objectType: 'SymmetricKey',
      uniqueIdentifiers: ids.map(byId),
      derivationMethod,
      derivationParameters: DERIVATIONS[derivationMethod],
      attributes: attributesOf(
        { name: 'CryptographicAlgorithm', value: 'AES' },
        { name: 'CryptographicLength', value: 128 },
      ),
    })
    t.equal(refusal(derived), 'Success', `${derivationMethod} ${derived.message ?? ''}`)
  }
})
