import { test } from 'tap'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import { CRYPTOGRAPHIC_USAGE_MASK, PROTECTION_STORAGE_MASK } from '../../src/protocol/enumerations.ts'
import { VERSIONS, type Version } from '../../src/schema/version.ts'
import {
  attributeOf,
  attributesOf,
  FAMILIES,
  idIn,
  inFamily,
  named,
  openServer,
  refusal,
  usage,
} from '../helpers/calls.ts'
import type { Payload } from '../helpers/harness.ts'

const { client } = await openServer()

/** A curve: what is asked of a pair is the same for each algorithm, and these are made at once. */
const EC: readonly Attribute[] = [
  { name: 'CryptographicAlgorithm', value: 'ECDSA' },
  { name: 'CryptographicDomainParameters', value: { recommendedCurve: 'P_256' } },
]

type Pair = { readonly privateKey: string; readonly publicKey: string }

const pairIn = (answer: Payload): Pair => ({
  privateKey: idIn(answer, 'privateKeyUniqueIdentifier'),
  publicKey: idIn(answer, 'publicKeyUniqueIdentifier'),
})

const makePair = async (version: Version, request: Payload): Promise<Pair> =>
  pairIn(await client.call(version, 'CreateKeyPair', request))

for (const version of VERSIONS) {
  void test(`1.4 §4.2 / 2.1 §6.1.9: ${version} is told two keys that point to each other`, async (t) => {
    const answer = await client.call(version, 'CreateKeyPair', {
      common: attributesOf(...EC),
      private: attributesOf(named(`private ${version}`), usage('Sign')),
      public: attributesOf(named(`public ${version}`), usage('Verify')),
    })
    t.equal(Object.values(answer).filter((value) => value !== undefined).length, 2, 'and nothing else')
    const { privateKey, publicKey } = pairIn(answer)
    const told = (id: string) =>
      Promise.all(
        (['ObjectType', 'Link', 'CryptographicUsageMask', 'CryptographicAlgorithm'] as const).map((name) =>
          attributeOf(client, version, id, name),
        ),
      )
    const link = (linkType: string, id: string) => ({ linkType, linkedObjectIdentifier: { by: 'id', id } })
    const { Sign, Verify } = CRYPTOGRAPHIC_USAGE_MASK.code
    t.same(await told(privateKey), ['PrivateKey', link('PublicKeyLink', publicKey), Sign, 'ECDSA'])
    t.same(await told(publicKey), ['PublicKey', link('PrivateKeyLink', privateKey), Verify, 'ECDSA'])
    t.equal(await attributeOf(client, version, publicKey, 'CryptographicLength'), 256)
  })
}

for (const version of FAMILIES) {
  void test(`1.4 §4.2 / 2.1 §6.1.9: Cryptographic Parameters that ${version} gives one key are those of both`, async (t) => {
    const parameters = (hashingAlgorithm: 'SHA_256' | 'SHA_384'): Attribute => ({
      name: 'CryptographicParameters',
      value: { hashingAlgorithm },
    })
    const { privateKey, publicKey } = await makePair(version, {
      common: attributesOf(...EC),
      private: attributesOf(parameters('SHA_256')),
      public: attributesOf(parameters('SHA_384')),
    })
    const told = async (id: string) => {
      const { attributes } = await client.call(version, 'GetAttributes', {
        uniqueIdentifier: { by: 'id', id },
        attributes: [{ name: 'CryptographicParameters' }],
      })
      return (attributes as readonly Attribute[]).map(({ value }) => value)
    }
    const [forPrivate, forPublic] = [parameters('SHA_256').value, parameters('SHA_384').value]
    t.same(await told(privateKey), [forPrivate, forPublic], 'its own come first')
    t.same(await told(publicKey), [forPublic, forPrivate])
  })

  void test(`1.4 §4.2 / 2.1 §6.1.9: a curve that ${version} gives one key is that of both`, async (t) => {
    const [algorithm, curve] = [EC.slice(0, 1), EC.slice(1)]
    const pair = await makePair(version, { common: attributesOf(...algorithm), private: attributesOf(...curve) })
    for (const id of Object.values(pair)) {
      t.same(await attributeOf(client, version, id, 'CryptographicDomainParameters'), { recommendedCurve: 'P_256' })
    }
  })
}

for (const version of FAMILIES) {
  void test(`1.4 §4.2 / 2.1 §6.1.9: what ${version} says of one key goes before what it says of both`, async (t) => {
    const group = (value: string): Attribute => ({ name: 'ObjectGroup', value })
    const contact = (value: string): Attribute => ({ name: 'ContactInformation', value })
    const { privateKey, publicKey } = await makePair(version, {
      common: attributesOf(...EC, contact('both'), group('both')),
      private: attributesOf(contact('private'), group('private')),
    })
    t.equal(await attributeOf(client, version, privateKey, 'ContactInformation'), 'private')
    t.equal(await attributeOf(client, version, publicKey, 'ContactInformation'), 'both')
    t.equal(await attributeOf(client, version, privateKey, 'ObjectGroup'), 'private')
    const { attributes } = await client.call(version, 'GetAttributes', {
      uniqueIdentifier: { by: 'id', id: privateKey },
      attributes: [{ name: 'ObjectGroup' }],
    })
    t.equal((attributes as readonly unknown[]).length, 2, 'of several values all count')
  })

  void test(`1.4 §4.2, §11.3 / 2.1 §6.1.9: pairs that ${version} cannot have`, async (t) => {
    const curve: Attribute = { name: 'CryptographicDomainParameters', value: { recommendedCurve: 'P_384' } }
    const cases: readonly (readonly [string, Payload])[] = [
      // 2.x supplies what is missing.
      [inFamily(version, 'InvalidMessage', 'Success'), { common: attributesOf(usage('Sign')) }],
      [inFamily(version, 'InvalidMessage', 'Success'), {}],
      [
        inFamily(version, 'InvalidField', 'InvalidAttributeValue'),
        { common: attributesOf(...EC), private: attributesOf(curve) },
      ],
      ['InvalidField', { common: attributesOf({ name: 'CryptographicAlgorithm', value: 'AES' }) }],
      [
        inFamily(version, 'PermissionDenied', 'AttributeReadOnly'),
        { common: attributesOf(...EC, { name: 'InitialDate', value: 0 }) },
      ],
      [
        inFamily(version, 'InvalidField', 'NonUniqueNameAttribute'),
        { common: attributesOf(...EC, named('a name for two')) },
      ],
    ]
    for (const [reason, request] of cases) {
      t.equal(refusal(await client.attempt(version, 'CreateKeyPair', request)), reason)
    }
  })

  void test(`1.4 §4.2 / 2.1 §6.1.9: ${version} has the private key as ID Placeholder`, async (t) => {
    const [made, told] = await client.batch(version, [
      { operation: 'CreateKeyPair', request: { common: attributesOf(...EC) } },
      { operation: 'GetAttributes', request: { attributes: [{ name: 'ObjectType' }] } },
    ])
    t.equal(told?.payload['uniqueIdentifier'], made?.payload['privateKeyUniqueIdentifier'])
  })
}

void test('2.1 §11.58: each key of a pair by what made it', async (t) => {
  const ask = (of: 'CreateKeyPairPrivateKey' | 'CreateKeyPairPublicKey') =>
    ({
      operation: 'GetAttributes',
      request: { uniqueIdentifier: { by: 'result', of }, attributes: [{ name: 'ObjectType' }] },
    }) as const
  const [, ...told] = await client.batch('2.1', [
    { operation: 'CreateKeyPair', request: { common: attributesOf(...EC) } },
    ask('CreateKeyPairPublicKey'),
    ask('CreateKeyPairPrivateKey'),
  ])
  t.same(
    told.map(({ payload }) => payload['attributes']),
    [[{ name: 'ObjectType', value: 'PublicKey' }], [{ name: 'ObjectType', value: 'PrivateKey' }]],
  )
})

/** Masks of the three fields, and what the server says. */
const { Software, Hardware } = PROTECTION_STORAGE_MASK.code
const MASKS: readonly (readonly [Payload, string])[] = [
  [{ commonStorage: { masks: [Software] } }, 'Success'],
  [{ commonStorage: { masks: [Hardware] } }, 'PrivateProtectionStorageUnavailable'],
  [{ privateStorage: { masks: [Hardware] } }, 'PrivateProtectionStorageUnavailable'],
  [{ publicStorage: { masks: [Hardware] } }, 'PublicProtectionStorageUnavailable'],
  [
    { commonStorage: { masks: [Hardware] }, privateStorage: { masks: [Software] } },
    'PublicProtectionStorageUnavailable',
  ],
  [
    {
      commonStorage: { masks: [Hardware] },
      privateStorage: { masks: [Software] },
      publicStorage: { masks: [Hardware, Software] },
    },
    'Success',
  ],
]

for (const [masks, expected] of MASKS) {
  void test(`2.1 §6.1.9, §7.33: ${JSON.stringify(masks)}`, async (t) => {
    const answer = await client.attempt('2.1', 'CreateKeyPair', { common: attributesOf(...EC), ...masks })
    t.equal(refusal(answer), expected)
  })
}
