import { test } from 'tap'
import { anyOf } from '../../src/protocol/attribute-any.ts'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import { PROTECTION_STORAGE_MASK } from '../../src/protocol/enumerations.ts'
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
  openServer,
  refusal,
  usage,
  group,
} from '../helpers/calls.ts'

const { client, harness } = await openServer()

const AES: Attribute = { name: 'CryptographicAlgorithm', value: 'AES' }
const bits = (value: number): Attribute => ({ name: 'CryptographicLength', value })
const custom = (attributeName: string, value: string): Attribute => ({
  name: 'VendorAttribute',
  vendor: 'x',
  attributeName,
  value: { type: 'TextString', value },
})

const isNamed = (name: string) => ({ ref: { name: 'Name' }, value: anyOf(named(name)) })

const asked = (...attributes: readonly Attribute[]) => ({
  objectType: 'SymmetricKey',
  attributes: attributesOf(...attributes),
})

for (const version of VERSIONS) {
  void test(`1.4 §4.1 / 2.1 §6.1.8: ${version} is told what was made, and nothing else`, async (t) => {
    const answer = await client.call(version, 'Create', asked(AES, usage('Encrypt'), bits(128)))
    t.strictSame(
      Object.keys(answer).filter((field) => answer[field] !== undefined),
      ['objectType', 'uniqueIdentifier'],
    )
    t.equal(answer['objectType'], 'SymmetricKey')
    t.match(idIn(answer), /^[0-9a-f-]{36}$/)
    t.equal(await attributeOf(client, version, idIn(answer), 'CryptographicLength'), 128)
  })
}

for (const version of FAMILIES) {
  void test(`1.4 §4.1 / 2.1 §6.1.8: ${version} makes keys that differ, of the length asked for`, async (t) => {
    const materials = await Promise.all(
      [128, 192, 256, 256].map(async (length) => {
        const id = idIn(await client.call(version, 'Create', asked(AES, bits(length))))
        const { SymmetricKey } = await client.call(version, 'Get', of(id))
        return (SymmetricKey as { keyBlock: { keyValue: { keyMaterial: Buffer } } }).keyBlock.keyValue.keyMaterial
      }),
    )
    t.strictSame(
      materials.map(({ length }) => length * 8),
      [128, 192, 256, 256],
    )
    t.equal(new Set(materials.map((material) => material.toString('hex'))).size, materials.length)
  })

  void test(`1.4 §3.24 / 2.1 §4.1: ${version} makes a key that is Active when its Activation Date comes`, async (t) => {
    const at = harness.clock.now() + 50
    const id = await createKey(client, version, { name: 'ActivationDate', value: at })
    t.equal(await attributeOf(client, version, id, 'State'), 'PreActive')
    harness.clock.advance(50)
    t.equal(await attributeOf(client, version, id, 'State'), 'Active')
  })

  void test(`1.4 §11.2 / 2.1 §6.1.8: what ${version} cannot make`, async (t) => {
    const wrong = inFamily(version, 'InvalidField', 'InvalidAttributeValue')
    const cases: readonly (readonly [string, Parameters<typeof client.attempt>[2]])[] = [
      [
        inFamily(version, 'InvalidField', 'InvalidObjectType'),
        { objectType: 'Certificate', attributes: attributesOf(AES) },
      ],
      // 2.x supplies what is missing.
      [inFamily(version, 'InvalidMessage', 'Success'), asked(bits(128))],
      ['InvalidField', asked(AES, bits(129))],
      ['InvalidField', asked({ name: 'CryptographicAlgorithm', value: 'RSA' }, bits(2048))],
      [inFamily(version, 'InvalidField', 'AttributeSingleValued'), asked(AES, AES, bits(128))],
      [
        inFamily(version, 'PermissionDenied', 'AttributeReadOnly'),
        asked(AES, bits(128), { name: 'InitialDate', value: 0 }),
      ],
      [wrong, asked(AES, bits(128), named(''))],
      [wrong, asked(AES, bits(128), { name: 'CryptographicUsageMask', value: 0x4000_0000 })],
    ]
    for (const [reason, request] of cases) t.equal(refusal(await client.attempt(version, 'Create', request)), reason)
    t.equal(refusal(await client.attempt(version, 'Create', asked(AES, bits(128), named('once')))), 'Success')
    const taken = await client.attempt(version, 'Create', asked(AES, bits(128), named('once')))
    t.equal(refusal(taken), inFamily(version, 'InvalidField', 'NonUniqueNameAttribute'))
    const { uniqueIdentifiers } = await client.call(version, 'Locate', { filters: [isNamed('once')] })
    const ids = uniqueIdentifiers as readonly string[]
    t.equal(ids.length, 1, 'nothing is left of a failure')
    for (const id of ids) await client.call(version, 'Destroy', of(id))
  })
}

for (const version of ['2.0', '2.1'] as const) {
  void test(`2.1 §6.1.8: ${version} makes Secret Data of the length asked for (TC-CREATE-SD-1)`, async (t) => {
    const make = (...attributes: readonly Attribute[]) =>
      client.attempt(version, 'Create', { objectType: 'SecretData', attributes: attributesOf(...attributes) })
    const materials = await Promise.all(
      [bits(80), bits(80)].map(async (length) => {
        const made = await make(length)
        t.equal(made.payload['objectType'], 'SecretData')
        const id = idIn(made.payload)
        t.equal(await attributeOf(client, version, id, 'CryptographicLength'), 80)
        t.ok(await attributeOf(client, version, id, 'OriginalCreationDate'))
        const { SecretData } = await client.call(version, 'Get', of(id))
        t.match(SecretData, { secretDataType: 'Password', keyBlock: { keyFormatType: 'Raw' } })
        return (SecretData as { keyBlock: { keyValue: { keyMaterial: Buffer } } }).keyBlock.keyValue.keyMaterial
      }),
    )
    for (const material of materials) t.equal(material.length, 10)
    t.notSame(materials[0], materials[1])
    for (const wrong of [[], [bits(0)], [bits(81)], [bits(8 * 65_537)]]) {
      t.equal(refusal(await make(...wrong)), 'InvalidField')
    }
  })
}

void test('2.1 §7.33: where a key may be kept', async (t) => {
  const kept = (...masks: readonly number[]) =>
    client.attempt('2.1', 'Create', { ...asked(AES, bits(128)), protectionStorageMasks: { masks } })
  t.equal(refusal(await kept(PROTECTION_STORAGE_MASK.code.Software)), 'Success')
  t.equal(refusal(await kept(PROTECTION_STORAGE_MASK.code.Hardware)), 'ProtectionStorageUnavailable')
})

void test('1.4 §4 / 2.1 §6: the key becomes the ID Placeholder', async (t) => {
  for (const version of FAMILIES) {
    const [made, got] = await client.batch(version, [
      { operation: 'Create', request: asked(AES, bits(128)) },
      { operation: 'Get', request: {} },
    ])
    t.equal(got?.payload['uniqueIdentifier'], made?.payload['uniqueIdentifier'])
  }
})

const template = (name: string, own: readonly Attribute[], ...attributes: readonly Attribute[]) => ({
  objectType: 'Template',
  attributes: attributesOf(named(name), ...own),
  Template: { attributes },
})

const byTemplate = (names: readonly string[], ...attributes: readonly Attribute[]) => ({
  objectType: 'SymmetricKey',
  attributes: {
    templates: names.map((nameValue) => ({ nameValue, nameType: 'UninterpretedTextString' })),
    attributes,
  },
})

void test('1.4 §4, §2.2.6: attributes of Templates, the request first and the last Template before the others', async (t) => {
  const contact = (value: string): Attribute => ({ name: 'ContactInformation', value })
  const first = template('first', [custom('own', 'of the template')], contact('one'), group('a'), AES, bits(256))
  const second = template('second', [], contact('two'), group('b'), custom('Purpose', 'demonstration'))
  await client.call('1.2', 'Register', first)
  await client.call('1.2', 'Register', second)
  const made = async (...attributes: readonly Attribute[]): Promise<readonly Attribute[]> => {
    const id = idIn(await client.call('1.2', 'Create', byTemplate(['first', 'second'], ...attributes)))
    const answer = await client.call('1.2', 'GetAttributes', { uniqueIdentifier: byId(id), attributes: [] })
    return answer['attributes'] as readonly Attribute[]
  }
  const valuesOf = (attributes: readonly Attribute[], name: Attribute['name']) =>
    attributes.filter((attribute) => attribute.name === name).map(({ value }) => value)
  const plain = await made()
  t.same(valuesOf(plain, 'ContactInformation'), ['two'])
  t.same(valuesOf(plain, 'ObjectGroup'), ['b', 'a'])
  t.same(valuesOf(plain, 'CryptographicLength'), [256])
  t.same(valuesOf(plain, 'VendorAttribute'), [{ type: 'TextString', value: 'demonstration' }], 'not what is its own')
  t.same(valuesOf(plain, 'Name'), [], 'nor its Name')
  const spelled = await made(contact('three'), bits(128), group('a'))
  t.same(valuesOf(spelled, 'ContactInformation'), ['three'])
  t.same(valuesOf(spelled, 'CryptographicLength'), [128])
  t.same(valuesOf(spelled, 'ObjectGroup'), ['a', 'b'])
})

void test('1.4 §11.2: a Template that does not exist', async (t) => {
  const missing = await client.attempt('1.2', 'Create', byTemplate(['nowhere'], AES, bits(128)))
  t.equal(refusal(missing), 'ItemNotFound')
  await createKey(client, '1.2', named('a key, no template'))
  const key = await client.attempt('1.2', 'Create', byTemplate(['a key, no template'], AES, bits(128)))
  t.equal(refusal(key), 'ItemNotFound')
  await client.call('1.2', 'Register', template('of alice', [], group('a')))
  const other = harness.client('bob')
  t.equal(refusal(await other.attempt('1.2', 'Create', byTemplate(['of alice'], AES, bits(128)))), 'ItemNotFound')
})
