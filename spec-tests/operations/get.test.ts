import { randomBytes } from 'node:crypto'
import { test } from 'tap'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import { VERSIONS } from '../../src/schema/version.ts'
import {
  attributeOf,
  attributesOf,
  byId,
  createKey,
  FAMILIES,
  idIn,
  inFamily,
  named,
  of,
  refusal,
  registerKey,
  openServer,
  usage,
} from '../helpers/calls.ts'
import { encodeRequest } from '../helpers/messages.ts'

const { client, harness } = await openServer()

const REASON = { revocationReason: { revocationReasonCode: 'CessationOfOperation' } }

for (const version of VERSIONS) {
  void test(`1.4 §4.11 / 2.1 §6.1.19: ${version} gets the key that was registered, without attributes`, async (t) => {
    const material = randomBytes(32)
    const id = await registerKey(client, version, material, named(`key of ${version}`))
    const answer = await client.call(version, 'Get', of(id))
    t.strictSame(
      Object.keys(answer).filter((field) => answer[field] !== undefined),
      ['objectType', 'uniqueIdentifier', 'SymmetricKey'],
    )
    t.match(answer, {
      objectType: 'SymmetricKey',
      uniqueIdentifier: id,
      SymmetricKey: {
        keyBlock: {
          keyFormatType: 'Raw',
          keyValue: { keyMaterial: material, attributes: [] },
          cryptographicAlgorithm: 'AES',
          cryptographicLength: 256,
        },
      },
    })
  })
}

for (const version of FAMILIES) {
  void test(`1.4 §4.11, §11.12 / 2.1 §6.1.19: ${version} reads a key in every state but destroyed`, async (t) => {
    const id = await createKey(client, version)
    const { SymmetricKey: first } = await client.call(version, 'Get', of(id))
    const steps = [
      ['Activate', {}],
      ['Revoke', REASON],
      ['Revoke', { revocationReason: { revocationReasonCode: 'KeyCompromise' } }],
    ] as const
    for (const [operation, request] of steps) {
      await client.call(version, operation, { ...of(id), ...request })
      t.same((await client.call(version, 'Get', of(id)))['SymmetricKey'], first, `after ${operation}`)
    }
    await client.call(version, 'Destroy', of(id))
    t.equal(refusal(await client.attempt(version, 'Get', of(id))), inFamily(version, 'ItemNotFound', 'ObjectDestroyed'))
  })

  void test(`1.4 §3.34 / 2.1 §4.24: ${version}: a key is fresh until it has been served`, async (t) => {
    const id = await createKey(client, version)
    t.equal(await attributeOf(client, version, id, 'Fresh'), true)
    harness.clock.advance(10)
    await client.call(version, 'Get', of(id))
    t.equal(await attributeOf(client, version, id, 'Fresh'), false)
    const changed = await attributeOf(client, version, id, 'LastChangeDate')
    t.equal(changed, harness.clock.now())
    harness.clock.advance(10)
    await client.call(version, 'Get', of(id))
    t.equal(await attributeOf(client, version, id, 'LastChangeDate'), changed, 'the second Get changes nothing')
  })

  void test(`1.4 §11.12: ${version}: a Get that fails leaves the key fresh`, async (t) => {
    const id = await createKey(client, version)
    t.equal(
      refusal(await client.attempt(version, 'Get', { ...of(id), keyFormatType: 'PKCS_1' })),
      'KeyFormatTypeNotSupported',
    )
    t.equal(await attributeOf(client, version, id, 'Fresh'), true)
  })

  void test(`1.4 §3.48, §3.50, §11.12 / 2.1 §4.23, §4.55: ${version}: what may not leave does not`, async (t) => {
    const cases: readonly (readonly [Attribute, string])[] = [
      [{ name: 'Sensitive', value: true }, 'Sensitive'],
      [{ name: 'Extractable', value: false }, 'NotExtractable'],
    ]
    for (const [attribute, reason] of cases) {
      const id = await createKey(client, version, attribute)
      t.equal(refusal(await client.attempt(version, 'Get', of(id))), reason)
      t.equal(refusal(await client.attempt('1.2', 'Get', of(id))), 'PermissionDenied', 'in the words of 1.2')
    }
  })

  void test(`1.4 §4.11 / 2.1 §6.1.19: ${version}: Key Wrap Type says nothing of a key that came in the clear`, async (t) => {
    const id = await createKey(client, version)
    for (const keyWrapType of ['NotWrapped', 'AsRegistered']) {
      t.match(await client.call(version, 'Get', { ...of(id), keyWrapType }), { uniqueIdentifier: id })
    }
  })

  void test(`1.4 §9.1.3.2.48 / 2.1 §11.27: ${version}: a key that came wrapped goes wrapped`, async (t) => {
    const wrapped = randomBytes(40)
    const keyBlock = {
      keyFormatType: 'Raw',
      keyValue: wrapped,
      cryptographicAlgorithm: 'AES',
      cryptographicLength: 256,
      keyWrappingData: { wrappingMethod: 'Encrypt', encryptionKeyInformation: { uniqueIdentifier: 'elsewhere' } },
    }
    const registered = await client.call(version, 'Register', {
      objectType: 'SymmetricKey',
      attributes: attributesOf(usage('Encrypt')),
      SymmetricKey: { keyBlock },
    })
    const id = idIn(registered)
    for (const request of [of(id), { ...of(id), keyWrapType: 'AsRegistered' }]) {
      t.match(await client.call(version, 'Get', request), { SymmetricKey: { keyBlock: { keyValue: wrapped } } })
    }
    t.equal(
      refusal(await client.attempt(version, 'Get', { ...of(id), keyWrapType: 'NotWrapped' })),
      inFamily(version, 'ItemNotFound', 'WrappingObjectNotFound'),
    )
  })
}

void test('1.4 §4.11, §11.12 / 2.1 §6.1.19.1: what is not there, or not theirs, is not found', async (t) => {
  const id = await createKey(client, '2.1')
  t.equal(refusal(await client.attempt('2.1', 'Get', of('nothing'))), 'ObjectNotFound')
  t.equal(refusal(await harness.client('bob').attempt('2.1', 'Get', of(id))), 'ObjectNotFound')
  t.equal(refusal(await harness.client('bob').attempt('1.4', 'Get', of(id))), 'ItemNotFound')
  t.equal(refusal(await client.attempt('2.1', 'Get', {})), 'ObjectNotFound', 'an ID Placeholder that is not set')
})

void test('1.4 §4 / 2.1 §11.58: Get takes its object from the batch', async (t) => {
  const create = {
    operation: 'Create',
    request: {
      objectType: 'SymmetricKey',
      attributes: attributesOf(
        { name: 'CryptographicAlgorithm', value: 'AES' },
        { name: 'CryptographicLength', value: 128 },
      ),
    },
  } as const
  const [made, got] = await client.batch('1.4', [create, { operation: 'Get', request: {} }])
  t.equal(made?.status, 'Success')
  t.equal(got?.payload['uniqueIdentifier'], made?.payload['uniqueIdentifier'])
  const results = await client.batch('2.1', [
    create,
    { operation: 'Get', request: { uniqueIdentifier: { by: 'result', of: 'Create' } } },
    { operation: 'Get', request: { uniqueIdentifier: { by: 'position', position: 0 } } },
  ])
  t.equal(new Set(results.map(({ payload }) => payload['uniqueIdentifier'])).size, 1)
})

void test('1.4 §2.2.6, §4.11: a Template gives its attributes back, and is nothing to a 2.x client', async (t) => {
  const Template = { attributes: [{ name: 'ObjectGroup', value: 'tapes' }] }
  const id = idIn(
    await client.call('1.2', 'Register', { objectType: 'Template', attributes: attributesOf(named('T')), Template }),
  )
  t.match(await client.call('1.2', 'Get', of(id)), {
    objectType: 'Template',
    Template: { attributes: [{ name: 'ObjectGroup', value: 'tapes' }] },
  })
  t.equal(refusal(await client.attempt('2.1', 'Get', { uniqueIdentifier: byId(id) })), 'InvalidObjectType')
})

void test('Get of a key at hand is answered at once, without a promise (docs/decisions/002)', async (t) => {
  const id = await createKey(client, '1.4')
  await client.call('1.4', 'Get', of(id))
  const reply = harness.handler.handle(encodeRequest('1.4', [{ operation: 'Get', request: of(id) }]), client.session)
  t.notOk(reply instanceof Promise)
  ;(await reply).release()
})
