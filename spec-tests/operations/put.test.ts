import { randomBytes } from 'node:crypto'
import { test } from 'tap'
import { notification } from '../../src/operations/notify.ts'
import { pushedObject } from '../../src/operations/put.ts'
import { TAG } from '../../src/protocol/tags.ts'
import { struct } from '../../src/schema/struct.ts'
import type { Version } from '../../src/schema/version.ts'
import { VERSIONS } from '../../src/schema/version.ts'
import { Writer } from '../../src/ttlv/writer.ts'
import { createKey, FAMILIES, inFamily, of, openServer, refusal } from '../helpers/calls.ts'

const { client, harness } = await openServer()
const stranger = harness.client('mallory')

let made = 0
const newId = (): string => {
  made += 1
  return `pushed-${made}`
}

const symmetricKey = (material: Buffer) => ({
  SymmetricKey: {
    keyBlock: {
      keyFormatType: 'Raw',
      keyValue: { keyMaterial: material, attributes: [] },
      cryptographicAlgorithm: 'AES',
      cryptographicLength: material.length * 8,
    },
  },
})

const ATTRIBUTES = [
  { name: 'CryptographicUsageMask', value: 12 },
  { name: 'State', value: 'Active' },
  { name: 'ActivationDate', value: 1_700_000_000 },
] as const

const pushed = (id: string, material: Buffer, more: object = {}) => ({
  uniqueIdentifier: id,
  putFunction: 'New',
  ...symmetricKey(material),
  attributes: ATTRIBUTES,
  ...more,
})

const materialOf = async (version: Version, id: string): Promise<unknown> => {
  const { SymmetricKey } = await client.call(version, 'Get', of(id))
  return (SymmetricKey as ReturnType<typeof symmetricKey>['SymmetricKey']).keyBlock.keyValue.keyMaterial
}

for (const version of FAMILIES) {
  void test(`1.4 §5.2 / 2.1 §6.2.3: ${version} takes what another key server pushes, once`, async (t) => {
    const id = newId()
    const material = randomBytes(32)
    t.same(await client.call(version, 'Put', pushed(id, material)), {})
    t.same(await materialOf(version, id), material)
    t.same(await client.call(version, 'Put', pushed(id, randomBytes(32))), {}, 'its answer may have been lost')
    t.same(await materialOf(version, id), material, 'what is there stays')
    const next = newId()
    const replace = pushed(next, material, { putFunction: 'Replace', replacedUniqueIdentifier: id })
    t.same(await client.call(version, 'Put', replace), {})
    const { attributes } = await client.call(version, 'GetAttributes', { ...of(next), attributes: [{ name: 'Link' }] })
    t.match(attributes, [{ value: { linkType: 'ReplacedObjectLink', linkedObjectIdentifier: { id } } }])
    const unknown = pushed(newId(), material, { putFunction: 'Replace', replacedUniqueIdentifier: 'nothing' })
    t.same(await client.call(version, 'Put', unknown), {}, 'a replacement for nothing is new')
  })

  void test(`1.4 §5.2 / 2.1 §6.2.3: ${version} refuses what is no Put`, async (t) => {
    const material = randomBytes(32)
    const attempt = (request: object) => client.attempt(version, 'Put', { ...request }).then(refusal)
    t.equal(await attempt(pushed('', material)), 'InvalidField')
    t.equal(await attempt({ ...pushed(newId(), material), SymmetricKey: undefined }), 'InvalidMessage', 'no object')
    t.equal(await attempt(pushed(newId(), material, { putFunction: 'Replace' })), 'InvalidMessage', 'of what?')
    const wrong = [{ name: 'ObjectType', value: 'SecretData' }]
    const reason = inFamily(version, 'InvalidField', 'InvalidAttributeValue')
    t.equal(await attempt(pushed(newId(), material, { attributes: wrong })), reason)
    const taken = await createKey(stranger, version)
    t.equal(await attempt(pushed(taken, material)), 'ObjectAlreadyExists', 'an identifier of somebody else')
  })
}

void test('1.4 §5.1 / 2.1 §6.2.2: a Notify of another key server is acknowledged', async (t) => {
  const changes = [{ attribute: { name: 'LastChangeDate', value: 1 } }]
  for (const version of VERSIONS) {
    t.same(await client.call(version, 'Notify', { uniqueIdentifier: 'theirs', changes, deleted: [] }), {}, version)
  }
})

void test('1.4 §5.1: an attribute without a value was deleted; 2.1 §6.2.2: references say so', (t) => {
  const codec = (version: Version) => struct('Notify', notification).compile(version)
  const value = {
    uniqueIdentifier: 'id',
    changes: [
      { attribute: { name: 'LastChangeDate', value: 1, index: undefined } },
      { gone: { name: 'Comment' }, index: undefined },
      { gone: { name: 'VendorAttribute', vendor: 'x', attributeName: 'a' }, index: 3 },
    ],
    deleted: [{ name: 'Comment' }],
  } as const
  for (const version of VERSIONS) {
    const writer = new Writer()
    codec(version).write(writer, TAG.RequestPayload, value)
    const read = codec(version).read(writer.bytes(), 0)
    const gone: readonly unknown[] = value.changes.slice(version === '1.4' ? 1 : 2)
    t.same(
      read.changes.filter((change) => 'gone' in change),
      inFamily(version, gone, []),
      `${version}, where Comment is of 1.4`,
    )
    t.same(read.deleted, inFamily<readonly unknown[]>(version, [], value.deleted), version)
  }
  t.end()
})

void test('2.1 §6.1.54: what is no connection cannot be turned', async (t) => {
  const request = { endpointRole: 'Client' }
  t.equal(refusal(await client.attempt('2.1', 'SetEndpointRole', request)), 'FeatureNotSupported')
})

void test('1.4 §5.2: every required field of Put', async (t) => {
  const whole = pushed(newId(), randomBytes(16))
  for (const field of Object.entries(pushedObject).flatMap(([name, { presence }]) =>
    presence === 'required' ? [name] : [],
  )) {
    await t.rejects(client.call('1.4', 'Put', { ...whole, [field]: undefined }), field)
  }
})
