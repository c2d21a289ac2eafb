import { test } from 'tap'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import { attributeOf, attributesOf, idIn, openServer, refusal, usage } from '../helpers/calls.ts'

/* What the server supplies where the client leaves out what objects have to have (2.1 section 4, Table 28). */

const { client, harness } = await openServer()

const algorithm = (value: 'AES' | 'DES3' | 'HMAC_SHA256' | 'ECDH' | 'EC'): Attribute => ({
  name: 'CryptographicAlgorithm',
  value,
})
const length = (value: number): Attribute => ({ name: 'CryptographicLength', value })
const P_384: Attribute = { name: 'CryptographicDomainParameters', value: { recommendedCurve: 'P_384' } }

const NAMES = ['CryptographicAlgorithm', 'CryptographicLength', 'CryptographicUsageMask'] as const

const valuesOf = async (id: string): Promise<readonly unknown[]> =>
  Promise.all(NAMES.map((name) => attributeOf(client, '2.1', id, name)))

const CREATED: readonly (readonly [given: readonly Attribute[], expected: readonly [string, number, Attribute]])[] = [
  [[], ['AES', 256, usage('Encrypt', 'Decrypt')]],
  [[length(128)], ['AES', 128, usage('Encrypt', 'Decrypt')]],
  [[algorithm('AES')], ['AES', 256, usage('Encrypt', 'Decrypt')]],
  [[algorithm('DES3')], ['DES3', 168, usage('Encrypt', 'Decrypt')]],
  [[algorithm('HMAC_SHA256')], ['HMAC_SHA256', 256, usage('MACGenerate', 'MACVerify')]],
  [[usage('WrapKey')], ['AES', 256, usage('WrapKey')]],
]

for (const version of ['2.0', '2.1'] as const) {
  for (const [given, [name, bits, mask]] of CREATED) {
    const what = given.map((attribute) => attribute.name).join(', ') || 'nothing'
    void test(`2.1 §4 Table 28, §6.1.8: ${version}: a key of which the client says ${what}`, async (t) => {
      const request = { objectType: 'SymmetricKey', attributes: attributesOf(...given) }
      t.same(await valuesOf(idIn(await client.call(version, 'Create', request))), [name, bits, mask.value])
    })
  }

  void test(`2.1 §4 Table 28, §6.1.9: ${version}: a key pair of which the client says nothing`, async (t) => {
    const pair = await client.call(version, 'CreateKeyPair', {})
    t.same(await valuesOf(idIn(pair, 'privateKeyUniqueIdentifier')), ['RSA', 2048, usage('Sign').value])
    t.same(await valuesOf(idIn(pair, 'publicKeyUniqueIdentifier')), ['RSA', 2048, usage('Verify').value])
  })

  void test(`2.1 §4 Table 28, §6.1.9: ${version}: a key pair on a curve has the length of the curve`, async (t) => {
    for (const [name, mask] of [
      ['EC', usage('Sign')],
      ['ECDH', usage('KeyAgreement')],
    ] as const) {
      const pair = await client.call(version, 'CreateKeyPair', { common: attributesOf(algorithm(name), P_384) })
      t.same(await valuesOf(idIn(pair, 'privateKeyUniqueIdentifier')), [name, 384, mask.value])
    }
  })
}

void test('1.4 §4.1, §4.2: 1.x wants the client to say what is to be made', async (t) => {
  const request = { objectType: 'SymmetricKey', attributes: attributesOf() }
  t.equal(refusal(await client.attempt('1.4', 'Create', request)), 'InvalidMessage')
  t.equal(refusal(await client.attempt('1.4', 'CreateKeyPair', {})), 'InvalidMessage')
})

void test('2.1 §4, §7.11: Query tells them, until an administrator has set others', async (t) => {
  const told = async (): Promise<unknown> =>
    (await client.call('2.1', 'Query', { functions: ['QueryDefaultsInformation'] }))['defaultsInformation']
  t.match(await told(), {
    objectDefaults: [
      {
        objectType: 'SymmetricKey',
        attributes: { attributes: [algorithm('AES'), length(256), usage('Encrypt', 'Decrypt')] },
      },
      { objectType: 'PrivateKey' },
      { objectType: 'PublicKey' },
      { objectType: 'SecretData' },
    ],
  })
  const one = { objectType: 'SymmetricKey', attributes: attributesOf(algorithm('DES3')) }
  await harness.client('root', 'admin').call('2.1', 'SetDefaults', { defaultsInformation: { objectDefaults: [one] } })
  t.match(await told(), { objectDefaults: [one] })
  t.equal(refusal(await client.attempt('2.1', 'CreateKeyPair', {})), 'InvalidMessage')
})
