import { createHmac } from 'node:crypto'
import { test } from 'tap'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import type { DerivationMethod } from '../../src/protocol/enumerations.ts'
import type { Version } from '../../src/schema/version.ts'
import {
  attributeOf,
  attributesOf,
  byId,
  createKey,
  FAMILIES,
  idIn,
  inFamily,
  of,
  openServer,
  refusal,
  registerKey,
  usage,
} from '../helpers/calls.ts'
import type { Payload } from '../helpers/harness.ts'

const { client, harness } = await openServer()

const hex = (digits: string): Buffer => Buffer.from(digits, 'hex')
const text = (letters: string): Buffer => Buffer.from(letters)

const deriving = (...more: readonly Attribute[]): readonly Attribute[] => [
  { name: 'ActivationDate', value: harness.clock.now() },
  usage('DeriveKey'),
  ...more,
]

const secret = async (version: Version, keyMaterial: Buffer): Promise<string> =>
  idIn(
    await client.call(version, 'Register', {
      objectType: 'SecretData',
      attributes: attributesOf(...deriving()),
      SecretData: {
        secretDataType: 'Seed',
        keyBlock: { keyFormatType: 'Raw', keyValue: { keyMaterial, attributes: [] } },
      },
    }),
  )

const key = (version: Version, material: Buffer): Promise<string> =>
  registerKey(client, version, material, ...deriving())

const asking = (
  ids: readonly string[],
  derivationMethod: DerivationMethod,
  parameters: Payload,
  bytes: number,
): Payload => ({
  objectType: 'SecretData',
  uniqueIdentifiers: ids.map(byId),
  derivationMethod,
  derivationParameters: { derivationData: [], ...parameters },
  attributes: attributesOf({ name: 'CryptographicLength', value: bytes * 8 }),
})

const materialOf = async (version: Version, id: string): Promise<Buffer> => {
  const { SecretData, SymmetricKey } = await client.call(version, 'Get', of(id))
  const { keyBlock } = (SecretData ?? SymmetricKey) as { keyBlock: { keyValue: { keyMaterial: Buffer } } }
  return keyBlock.keyValue.keyMaterial
}

const SHA_256 = { cryptographicParameters: { hashingAlgorithm: 'SHA_256' } }

type Vector = {
  readonly source: string
  readonly since?: Version
  readonly method: DerivationMethod
  readonly from: Buffer
  /** An AES key; otherwise Secret Data. */
  readonly aes?: true
  readonly parameters: Payload
  readonly expected: string
}

const VECTORS: readonly Vector[] = [
  {
    source: 'RFC 6070, 1 round',
    method: 'PBKDF2',
    from: text('password'),
    parameters: { salt: text('salt'), iterationCount: 1 },
    expected: '0c60c80f961f0e71f3a9b524af6012062fe037a6',
  },
  {
    source: 'RFC 6070, 4096 rounds',
    method: 'PBKDF2',
    from: text('passwordPASSWORDpassword'),
    parameters: { salt: text('saltSALTsaltSALTsaltSALTsaltSALTsalt'), iterationCount: 4096 },
    expected: '3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038',
  },
  {
    source: 'RFC 5869 A.1',
    since: '2.0',
    method: 'HKDF',
    from: Buffer.alloc(22, 0x0b),
    parameters: { salt: hex('000102030405060708090a0b0c'), derivationData: [hex('f0f1f2f3f4f5f6f7f8f9')] },
    expected: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  },
  {
    source: 'RFC 4231 case 2',
    method: 'HMAC',
    from: text('Jefe'),
    parameters: { ...SHA_256, derivationData: [text('what do ya want for nothing?')] },
    expected: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  },
  {
    source: 'FIPS 180-2 B.1',
    method: 'HASH',
    from: text('abc'),
    parameters: SHA_256,
    expected: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  },
  {
    source: 'FIPS 197 C.1',
    method: 'ENCRYPT',
    aes: true,
    from: hex('000102030405060708090a0b0c0d0e0f'),
    parameters: {
      cryptographicParameters: { blockCipherMode: 'ECB' },
      derivationData: [hex('00112233445566778899aabbccddeeff')],
    },
    expected: '69c4e0d86a7b0430d8cdb78070b4c55a',
  },
  {
    source: 'SP 800-38A F.2.1',
    method: 'ENCRYPT',
    aes: true,
    from: hex('2b7e151628aed2a6abf7158809cf4f3c'),
    parameters: {
      cryptographicParameters: { blockCipherMode: 'CBC' },
      initializationVector: hex('000102030405060708090a0b0c0d0e0f'),
      derivationData: [hex('6bc1bee22e409f96e93d7e117393172a')],
    },
    expected: '7649abac8119b246cee98e9b12e9197d',
  },
  {
    source: 'AWS Signature Version 4, deriving a signing key',
    since: '2.0',
    method: 'AWSSignatureVersion4',
    from: text('wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'),
    parameters: { derivationData: [text('20120215'), text('us-east-1'), text('iam')] },
    expected: 'f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d',
  },
]

const KEY = hex('00112233445566778899aabbccddeeff')
const LABEL = Buffer.concat([text('label'), Buffer.alloc(1), text('context')])
const IV = hex('a0a1a2a3')
const prf = (...parts: readonly Buffer[]): Buffer => createHmac('sha256', KEY).update(Buffer.concat(parts)).digest()
const [one, two] = [hex('00000001'), hex('00000002')]

/** SP 800-108 sections 5.1 to 5.3, written out for two blocks. */
const KDF: readonly (readonly [method: DerivationMethod, expected: Buffer])[] = [
  ['NIST800_108_C', Buffer.concat([prf(one, LABEL), prf(two, LABEL)])],
  ['NIST800_108_F', Buffer.concat([prf(IV, one, LABEL), prf(prf(IV, one, LABEL), two, LABEL)])],
  ['NIST800_108_DPI', Buffer.concat([prf(prf(LABEL), one, LABEL), prf(prf(prf(LABEL)), two, LABEL)])],
]

for (const version of FAMILIES) {
  for (const { source, since, method, from, aes, parameters, expected } of VECTORS) {
    if (since !== undefined && version === '1.4') continue
    void test(`1.4 §4.6 / 2.1 §6.1.14: ${version}: ${method}: ${source}`, async (t) => {
      const base = aes === true ? await key(version, from) : await secret(version, from)
      const request = asking([base], method, parameters, expected.length / 2)
      t.equal(
        (await materialOf(version, idIn(await client.call(version, 'DeriveKey', request)))).toString('hex'),
        expected,
      )
    })
  }

  for (const [method, expected] of KDF) {
    void test(`1.4 §4.6 / 2.1 §6.1.14: ${version}: ${method}: SP 800-108, the first 40 bytes`, async (t) => {
      const parameters = { ...SHA_256, derivationData: [LABEL], initializationVector: IV }
      const id = idIn(
        await client.call(version, 'DeriveKey', asking([await key(version, KEY)], method, parameters, 40)),
      )
      t.same(await materialOf(version, id), expected.subarray(0, 40))
    })
  }

  void test(`1.4 §4.6 / 2.1 §6.1.14: ${version}: Asymmetric Key: RFC 5903 section 8.1`, async (t) => {
    const half = async (objectType: 'PrivateKey' | 'PublicKey', keyMaterial: object) => {
      const keyFormatType = inFamily(version, `TransparentECDH${objectType}`, `TransparentEC${objectType}`)
      const keyBlock = { keyFormatType, keyValue: { keyMaterial, attributes: [] } }
      const block = { ...keyBlock, cryptographicAlgorithm: 'ECDH', cryptographicLength: 256 }
      const attributes = attributesOf(...deriving())
      return idIn(await client.call(version, 'Register', { objectType, attributes, [objectType]: { keyBlock: block } }))
    }
    const d = hex('00c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433')
    const qString = hex(
      '04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab',
    )
    const own = await half('PrivateKey', { recommendedCurve: 'P_256', d })
    const other = await half('PublicKey', { recommendedCurve: 'P_256', qString })
    for (const pair of [
      [own, other],
      [other, own],
    ]) {
      const id = idIn(await client.call(version, 'DeriveKey', asking(pair, 'AsymmetricKey', {}, 32)))
      const shared = 'd6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de'
      t.equal((await materialOf(version, id)).toString('hex'), shared)
    }
    const told = async (ids: readonly string[], bytes = 32) =>
      refusal(await client.attempt(version, 'DeriveKey', asking(ids, 'AsymmetricKey', {}, bytes)))
    t.equal(await told([own]), 'InvalidField')
    t.equal(await told([own, await key(version, KEY)]), 'InvalidField')
    t.equal(await told([own, other], 33), 'CryptographicFailure')
  })

  void test(`1.4 §4.6 / 2.1 §6.1.14: ${version}: a key with its attributes, its links and its life`, async (t) => {
    const base = await key(version, KEY)
    const derived = idIn(
      await client.call(version, 'DeriveKey', {
        ...asking([base], 'HASH', SHA_256, 16),
        objectType: 'SymmetricKey',
        attributes: attributesOf(
          { name: 'CryptographicAlgorithm', value: 'AES' },
          { name: 'CryptographicLength', value: 128 },
          usage('Encrypt'),
        ),
      }),
    )
    t.equal(await attributeOf(client, version, derived, 'CryptographicAlgorithm'), 'AES')
    t.equal(await attributeOf(client, version, derived, 'State'), 'PreActive')
    const linked = (linkType: string, id: string) => ({ linkType, linkedObjectIdentifier: byId(id) })
    t.match(await attributeOf(client, version, derived, 'Link'), linked('DerivationBaseObjectLink', base))
    t.match(await attributeOf(client, version, base, 'Link'), linked('DerivedKeyLink', derived))
    t.equal((await materialOf(version, derived)).length, 16)
  })

  void test(`1.4 §4.6 / 2.1 §6.1.14: ${version}: a Secret Data may bring the derivation data`, async (t) => {
    const [base, data] = [await key(version, KEY), await secret(version, LABEL)]
    const id = idIn(await client.call(version, 'DeriveKey', asking([base, data], 'HMAC', SHA_256, 32)))
    t.same(await materialOf(version, id), prf(LABEL))
    const twice = asking([base, data], 'HMAC', { ...SHA_256, derivationData: [LABEL] }, 32)
    t.equal(refusal(await client.attempt(version, 'DeriveKey', twice)), 'InvalidMessage')
  })

  const BAD: readonly (readonly [what: string, method: DerivationMethod, Payload, bytes: number, reason: string])[] = [
    ['more than the hash gives', 'HASH', SHA_256, 33, 'CryptographicFailure'],
    ['no hash', 'HASH', {}, 16, inFamily(version, 'InvalidField', 'BadCryptographicParameters')],
    ['no data', 'HMAC', SHA_256, 16, 'InvalidMessage'],
    ['data where there is none', 'HASH', { ...SHA_256, derivationData: [LABEL] }, 16, 'InvalidMessage'],
    ['no salt', 'PBKDF2', { iterationCount: 1 }, 16, 'InvalidField'],
    ['no rounds', 'PBKDF2', { salt: LABEL, iterationCount: 0 }, 16, 'InvalidField'],
    ['rounds without end', 'PBKDF2', { salt: LABEL, iterationCount: 2_147_483_647 }, 16, 'InvalidField'],
    ['no length', 'HASH', SHA_256, 0, 'InvalidField'],
    ['half a byte', 'HASH', SHA_256, 0.5, 'InvalidField'],
  ]
  for (const [what, method, parameters, bytes, reason] of BAD) {
    void test(`1.4 §11.7 / 2.1 §6.1.14.1: ${version}: ${method} with ${what}`, async (t) => {
      const request = asking([await key(version, KEY)], method, parameters, bytes)
      t.equal(refusal(await client.attempt(version, 'DeriveKey', request)), reason)
    })
  }

  void test(`1.4 §11.7 / 2.1 §6.1.14.1: ${version}: each source comes through the gate`, async (t) => {
    const base = await key(version, KEY)
    const mallory = harness.client('mallory')
    const theirs = await registerKey(mallory, version, KEY, ...deriving())
    const told = (ids: readonly string[]) =>
      client.attempt(version, 'DeriveKey', asking(ids, 'HMAC', { ...SHA_256, derivationData: [LABEL] }, 16))
    const none = await told([base, 'nothing'])
    t.same(await told([base, theirs]), none, 'another client’s key is one that is not there')
    t.same(await told([theirs, base]), await told(['nothing', base]))
    t.equal(refusal(none), inFamily(version, 'ItemNotFound', 'ObjectNotFound'))
    t.equal(await attributeOf(mallory, version, theirs, 'Link'), undefined, 'and nothing points from it')
    const second = async (change: (id: string) => Promise<unknown>): Promise<string> => {
      const id = await secret(version, LABEL)
      await change(id)
      return refusal(await client.attempt(version, 'DeriveKey', asking([base, id], 'HMAC', SHA_256, 16)))
    }
    const revocationReason = { revocationReasonCode: 'Superseded' }
    const outOfService = inFamily(version, 'PermissionDenied', 'WrongKeyLifecycleState')
    t.equal(await second(() => Promise.resolve()), 'Success')
    t.equal(await second((id) => client.call(version, 'Revoke', { ...of(id), revocationReason })), outOfService)
    t.equal(await second((id) => client.call(version, 'Archive', of(id))), 'ObjectArchived')
    t.equal(
      await second(async (id) => {
        await client.call(version, 'Revoke', { ...of(id), revocationReason })
        await client.call(version, 'Destroy', of(id))
      }),
      outOfService,
    )
  })

  void test(`1.4 §4.6 / 2.1 §7.12: ${version}: which of two objects is the key, and which the data`, async (t) => {
    const [aes, data] = [await key(version, KEY), await secret(version, LABEL)]
    const told = (ids: readonly string[], method: DerivationMethod = 'HMAC') =>
      client.attempt(version, 'DeriveKey', asking(ids, method, SHA_256, 32))
    for (const ids of [
      [aes, data],
      [data, aes],
    ]) {
      t.same(await materialOf(version, idIn((await told(ids)).payload)), prf(LABEL), 'the Secret Data is the data')
    }
    t.equal(refusal(await told([aes, await key(version, KEY)])), 'InvalidField', 'two keys')
    t.equal(refusal(await told([aes, data, await secret(version, LABEL)])), 'InvalidField', 'three objects')
    t.equal(refusal(await told([aes, data], 'HASH')), 'InvalidField', 'a hash of two')
  })

  void test(`1.4 §3.6, §4.6 / 2.1 §4.16, §7.12: ${version}: SP 800-108 with a shorter counter`, async (t) => {
    const id = await key(version, KEY)
    const ask = (counterLength: number, bytes: number, method: DerivationMethod = 'NIST800_108_C') => {
      const cryptographicParameters = { hashingAlgorithm: 'SHA_256', counterLength }
      return client.attempt(
        version,
        'DeriveKey',
        asking([id], method, { cryptographicParameters, derivationData: [LABEL] }, bytes),
      )
    }
    for (const bits of [8, 16, 24, 32]) {
      const [first, second] = [1, 2].map((index) => {
        const counter = Buffer.alloc(bits / 8)
        counter.writeUInt8(index, counter.length - 1)
        return prf(counter, LABEL)
      })
      const expected = Buffer.concat([first ?? KEY, second ?? KEY])
      t.same(await materialOf(version, idIn((await ask(bits, 64)).payload)), expected, `${bits} bits`)
    }
    t.equal(refusal(await ask(8, 255 * 32)), 'Success')
    for (const method of ['NIST800_108_C', 'NIST800_108_F', 'NIST800_108_DPI'] as const) {
      t.equal(refusal(await ask(8, 255 * 32 + 1, method)), 'CryptographicFailure', 'more than the counter counts')
      for (const bits of [0, 12, 40, -8]) {
        t.equal(refusal(await ask(bits, 16, method)), inFamily(version, 'InvalidField', 'BadCryptographicParameters'))
      }
    }
  })

  void test(`1.4 §4.6 / 2.1 §6.1.14: ${version}: ENCRYPT with modes that have no IV, and with an empty one`, async (t) => {
    const id = await key(version, KEY)
    const ask = (blockCipherMode: string, bytes: number) =>
      client.attempt(
        version,
        'DeriveKey',
        asking(
          [id],
          'ENCRYPT',
          { cryptographicParameters: { blockCipherMode }, derivationData: [Buffer.alloc(16, 7)] },
          bytes,
        ),
      )
    for (const mode of ['ECB', 'CBC', 'PCBC'] as const) t.equal(refusal(await ask(mode, 16)), 'Success', mode)
    t.equal(refusal(await ask('NISTKeyWrap', 24)), 'Success')
    for (const mode of ['CTR', 'OFB', 'GCM']) {
      t.equal(refusal(await ask(mode, 16)), inFamily(version, 'InvalidField', 'BadCryptographicParameters'), mode)
    }
  })

  void test(`1.4 §4.6 / 2.1 §6.1.14: ${version}: a key that came wrapped is unwrapped to derive from it`, async (t) => {
    const id = await key(version, KEY)
    const kek = await registerKey(
      client,
      version,
      Buffer.alloc(16, 9),
      usage('WrapKey', 'UnwrapKey'),
      { name: 'ActivationDate', value: harness.clock.now() },
      { name: 'CryptographicParameters', value: { blockCipherMode: 'NISTKeyWrap' } },
    )
    const wrapped = await client.call(version, 'Get', {
      ...of(id),
      keyWrappingSpecification: {
        wrappingMethod: 'Encrypt',
        encryptionKeyInformation: {
          uniqueIdentifier: kek,
          cryptographicParameters: { blockCipherMode: 'NISTKeyWrap' },
        },
        attributeNames: [],
        encodingOption: 'NoEncoding',
      },
    })
    const { SymmetricKey } = wrapped
    const again = idIn(
      await client.call(version, 'Register', {
        objectType: 'SymmetricKey',
        attributes: attributesOf(...deriving()),
        SymmetricKey,
      }),
    )
    const derived = await client.call(
      version,
      'DeriveKey',
      asking([again], 'HMAC', { ...SHA_256, derivationData: [LABEL] }, 32),
    )
    t.same(await materialOf(version, idIn(derived)), prf(LABEL))
  })

  void test(`1.4 §11.7 / 2.1 §6.1.14.1: ${version}: objects that nothing is derived from`, async (t) => {
    const told = async (ids: readonly string[], by = client) =>
      refusal(await by.attempt(version, 'DeriveKey', asking(ids, 'HASH', SHA_256, 16)))
    const base = await key(version, KEY)
    const missing = inFamily(version, 'ItemNotFound', 'ObjectNotFound')
    t.equal(await told([]), 'InvalidMessage', 'the ID Placeholder does not stand for a source')
    t.equal(await told(['nothing']), missing)
    t.equal(await told([base, 'nothing']), missing)
    t.equal(await told([base], harness.client('mallory')), missing)
    t.equal(await told([base, base]), 'InvalidField')
    const masked = await createKey(client, version, { name: 'ActivationDate', value: harness.clock.now() })
    t.not(await told([masked]), 'Success', 'without the bit in its mask')
    t.not(await told([base, masked]), 'Success', 'nor as the second')
    const early = await createKey(client, version, usage('DeriveKey'))
    t.not(await told([early]), 'Success', 'before it is Active')
    await client.call(version, 'Archive', of(base))
    t.equal(await told([base]), 'ObjectArchived')
  })
}
