import { test } from 'tap'
import { type RngParameters, UNSPECIFIED } from '../../src/domain/random-generator.ts'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import type { Version } from '../../src/schema/version.ts'
import {
  attributeOf,
  attributesOf,
  byId,
  createKey,
  FAMILIES,
  idIn,
  of,
  openServer,
  refusal,
  registerKey,
  usage,
} from '../helpers/calls.ts'
import type { Payload } from '../helpers/harness.ts'

const { client, harness } = await openServer()

const X931: RngParameters = { rngAlgorithm: 'ANSIX9_31', cryptographicAlgorithm: 'AES', cryptographicLength: 256 }

const rng = (value: RngParameters): Attribute => ({ name: 'RandomNumberGenerator', value })
const AES: readonly Attribute[] = [
  { name: 'CryptographicAlgorithm', value: 'AES' },
  { name: 'CryptographicLength', value: 128 },
]
const CURVE: readonly Attribute[] = [
  { name: 'CryptographicAlgorithm', value: 'EC' },
  { name: 'CryptographicLength', value: 256 },
]

const stated = (version: Version, id: string) => attributeOf(client, version, id, 'RandomNumberGenerator')

const derive = async (version: Version, ...more: readonly Attribute[]): Promise<Payload> => {
  const active: Attribute = { name: 'ActivationDate', value: harness.clock.now() }
  const base = await registerKey(client, version, Buffer.alloc(32, 1), active, usage('DeriveKey'))
  return {
    objectType: 'SymmetricKey',
    uniqueIdentifiers: [byId(base)],
    derivationMethod: 'HMAC',
    derivationParameters: {
      cryptographicParameters: { hashingAlgorithm: 'SHA_256' },
      derivationData: [Buffer.from('x')],
    },
    attributes: attributesOf(...AES, ...more),
  }
}

/** What a wish that cannot be met is answered with. */
const REFUSED: Readonly<Partial<Record<Version, string>>> = { '1.4': 'InvalidField', '2.1': 'InvalidAttributeValue' }

for (const version of FAMILIES) {
  void test(`1.4 §3.44 / 2.1 §4.46: ${version}: what the server makes states the generator that made it`, async (t) => {
    const key = await createKey(client, version)
    t.match(await stated(version, key), X931, 'Create')
    const secret = await client.call(version, 'Create', {
      objectType: 'SecretData',
      attributes: attributesOf({ name: 'CryptographicLength', value: 128 }),
    })
    t.match(await stated(version, idIn(secret)), X931, 'Create of Secret Data')
    t.match(await stated(version, idIn(await client.call(version, 'ReKey', of(key)))), X931, 'Re-key')
    const pair = await client.call(version, 'CreateKeyPair', { common: attributesOf(...CURVE) })
    for (const half of ['privateKeyUniqueIdentifier', 'publicKeyUniqueIdentifier']) {
      t.match(await stated(version, idIn(pair, half)), X931, half)
    }
    const privateKeyUniqueIdentifier = byId(idIn(pair, 'privateKeyUniqueIdentifier'))
    const next = await client.call(version, 'ReKeyKeyPair', { privateKeyUniqueIdentifier })
    t.match(await stated(version, idIn(next, 'privateKeyUniqueIdentifier')), X931, 'Re-key Key Pair')
  })

  void test(`1.4 §3.44 / 2.1 §4.46: ${version}: what no generator of the server made does not claim one`, async (t) => {
    const registered = await registerKey(client, version, Buffer.alloc(32, 2))
    t.equal(await stated(version, registered), undefined)
    const derived = idIn(await client.call(version, 'DeriveKey', await derive(version)))
    t.same(await stated(version, derived), UNSPECIFIED)
  })

  void test(`1.4 §3.44 / 2.1 §4.46: ${version}: the generator of what replaces a key is its own`, async (t) => {
    const registered = await registerKey(client, version, Buffer.alloc(32, 3), rng({ rngAlgorithm: 'NRBG' }))
    t.match(await stated(version, registered), { rngAlgorithm: 'NRBG' })
    t.match(await stated(version, idIn(await client.call(version, 'ReKey', of(registered)))), X931)
  })

  const WISHES: readonly (readonly [wishes: readonly RngParameters[], accepted: boolean])[] = [
    [[X931], true],
    [[{ rngAlgorithm: 'ANSIX9_31' }], true],
    [[UNSPECIFIED], true],
    [[{ rngAlgorithm: 'DRBG', drbgAlgorithm: 'HMAC' }], false],
    [[{ ...X931, cryptographicLength: 128 }], false],
    [[{ ...X931, predictionResistance: true }], false],
    [[{ rngAlgorithm: 'Unspecified', hashingAlgorithm: 'SHA_256' }], false],
  ]

  for (const [wishes, accepted] of WISHES) {
    void test(`1.4 §3.44 / 2.1 §4.46: ${version}: a generator is asked for: ${JSON.stringify(wishes)}`, async (t) => {
      const common = attributesOf(...CURVE, ...wishes.map(rng))
      const told = [
        await client.attempt(version, 'Create', {
          objectType: 'SymmetricKey',
          attributes: attributesOf(...AES, ...wishes.map(rng)),
        }),
        await client.attempt(version, 'CreateKeyPair', { common }),
        await client.attempt(version, 'ReKey', {
          ...of(await createKey(client, version)),
          attributes: attributesOf(...wishes.map(rng)),
        }),
      ]
      for (const result of told) t.equal(refusal(result), accepted ? 'Success' : REFUSED[version])
      const made = told[0]?.payload['uniqueIdentifier']
      if (accepted) t.match(await stated(version, String(made)), X931, 'and the one that was used is stated')
    })
  }

  void test(`1.4 §3.44 / 2.1 §4.46: ${version}: a derived key can have no generator that was asked for`, async (t) => {
    t.equal(refusal(await client.attempt(version, 'DeriveKey', await derive(version, rng(X931)))), REFUSED[version])
    t.equal(refusal(await client.attempt(version, 'DeriveKey', await derive(version, rng(UNSPECIFIED)))), 'Success')
  })
}

void test('2.1 §4.46: several generators are asked for, of which one is there', async (t) => {
  const wishes = [rng({ rngAlgorithm: 'DRBG' }), rng(X931)]
  const made = await client.call('2.1', 'Create', {
    objectType: 'SymmetricKey',
    attributes: attributesOf(...AES, ...wishes),
  })
  t.match(await stated('2.1', idIn(made)), X931)
})
