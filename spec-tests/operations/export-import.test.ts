import { test } from 'tap'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import type { Version } from '../../src/schema/version.ts'
import {
  attributeOf,
  createKey,
  FAMILIES,
  idIn,
  inFamily,
  named,
  of,
  openServer,
  refusal,
  registerKey,
  usage,
} from '../helpers/calls.ts'
import { type Payload, randomKey, type TestClient } from '../helpers/harness.ts'

const { client, harness } = await openServer()

const MATERIAL = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')

const keyOf = (keyMaterial: Buffer): Payload => ({
  SymmetricKey: {
    keyBlock: {
      keyFormatType: 'Raw',
      keyValue: { keyMaterial, attributes: [] },
      cryptographicAlgorithm: 'AES',
      cryptographicLength: keyMaterial.length * 8,
    },
  },
})

const attributesIn = (payload: Payload): readonly Attribute[] => payload['attributes'] as readonly Attribute[]

const importing = (id: string, attributes: readonly Attribute[] = [], more: Payload = {}): Payload => ({
  uniqueIdentifier: id,
  objectType: 'SymmetricKey',
  attributes,
  ...keyOf(MATERIAL),
  ...more,
})

const told = async (version: Version, request: Payload, by: TestClient = client) =>
  refusal(await by.attempt(version, 'Import', request))

const MISSING = ['ItemNotFound', 'ObjectNotFound'] as const
const WRONG = ['InvalidField', 'InvalidAttributeValue'] as const

let count = 0
/** An identifier that nobody has yet. */
const fresh = (): string => {
  count += 1
  return `imported-${count}`
}

for (const version of FAMILIES) {
  void test(`1.4 §4.40 / 2.1 §6.1.18: ${version}: the object with all of its attributes`, async (t) => {
    const id = await createKey(client, version, named(`export ${version}`))
    const answer = await client.call(version, 'Export', of(id))
    t.match(answer, { objectType: 'SymmetricKey', uniqueIdentifier: id, SymmetricKey: {} })
    const values = new Map(attributesIn(answer).map(({ name, value }) => [name, value]))
    t.equal(values.get('UniqueIdentifier'), id)
    t.equal(values.get('ObjectType'), 'SymmetricKey')
    t.equal(values.get('State'), 'PreActive')
    t.match(values.get('Name'), { nameValue: `export ${version}` })
    t.equal(values.get('Fresh'), true, 'nobody had it before')
    t.equal(await attributeOf(client, version, id, 'Fresh'), true, '2.1 §4.24: only Get changes that (TC-IMPEXP-3)')
    t.same(answer['SymmetricKey'], (await client.call(version, 'Get', of(id)))['SymmetricKey'])
    t.equal(await attributeOf(client, version, id, 'Fresh'), false, 'and now somebody has')
  })

  void test(`1.4 §4.40 / 2.1 §6.1.18: ${version}: of a destroyed object only the attributes`, async (t) => {
    const id = await createKey(client, version)
    await client.call(version, 'Destroy', of(id))
    const answer = await client.call(version, 'Export', of(id))
    t.equal(answer['SymmetricKey'], undefined)
    t.equal(attributesIn(answer).find(({ name }) => name === 'State')?.value, 'Destroyed')
  })

  void test(`1.4 §4.40, §11.41 / 2.1 §6.1.18: ${version}: what Get does not answer`, async (t) => {
    const id = await createKey(client, version)
    const refused = async (request: Payload, by = client) => refusal(await by.attempt(version, 'Export', request))
    t.equal(await refused(of('nothing')), inFamily(version, ...MISSING))
    t.equal(await refused({}), inFamily(version, ...MISSING))
    t.equal(await refused(of(id), harness.client('mallory')), inFamily(version, ...MISSING))
    t.equal(await refused({ ...of(id), keyFormatType: 'PKCS_1' }), 'KeyFormatTypeNotSupported')
    await client.call(version, 'Archive', of(id))
    t.equal(await refused(of(id)), 'ObjectArchived')
    const sensitive = await createKey(client, version, { name: 'Sensitive', value: true })
    t.equal(await refused(of(sensitive)), 'Sensitive')
  })

  void test(`1.4 §4.41 / 2.1 §6.1.25: ${version}: what one server exports another one imports`, async (t) => {
    const dates: readonly Attribute[] = [{ name: 'ActivationDate', value: harness.clock.now() - 50 }]
    const limits: Attribute = { name: 'UsageLimits', value: { usageLimitsTotal: 99n, usageLimitsUnit: 'Object' } }
    const source = await registerKey(client, version, MATERIAL, ...dates, limits, usage('Encrypt'))
    await client.call(version, 'GetUsageAllocation', { ...of(source), usageLimitsCount: 9n })
    const exported = attributesIn(await client.call(version, 'Export', of(source)))
    harness.clock.advance(1000)
    const id = fresh()
    const moved = exported.map((attribute): Attribute =>
      attribute.name === 'UniqueIdentifier' ? { ...attribute, value: id } : attribute,
    )
    t.equal(idIn(await client.call(version, 'Import', importing(id, moved))), id)
    const back = attributesIn(await client.call(version, 'Export', of(id)))
    t.same(new Set(back), new Set(moved), 'every attribute is as it was, those of the server too')
    t.match(await client.call(version, 'Get', of(id)), keyOf(MATERIAL))
  })

  void test(`1.4 §4.41 / 2.1 §6.1.25: ${version}: an object is replaced where that is asked for`, async (t) => {
    const id = await createKey(client, version, named(`old ${version}`))
    t.equal(await told(version, importing(id)), 'ObjectAlreadyExists')
    t.equal(await told(version, importing(id, [], { replaceExisting: false })), 'ObjectAlreadyExists')
    await client.call(version, 'Import', importing(id, [named(`new ${version}`)], { replaceExisting: true }))
    t.match(await client.call(version, 'Get', of(id)), keyOf(MATERIAL))
    t.match(await attributeOf(client, version, id, 'Name'), { nameValue: `new ${version}` })
    t.equal(await attributeOf(client, version, id, 'CryptographicLength'), 128)
    t.type(await createKey(client, version, named(`old ${version}`)), 'string', 'the old Name is free')
    await harness.restart()
    t.match(await client.call(version, 'Get', of(id)), keyOf(MATERIAL))
    const other = randomKey(32)
    await client.call(version, 'Import', importing(id, [], { replaceExisting: true, ...keyOf(other) }))
    t.match(await client.call(version, 'Get', of(id)), keyOf(other), 'the key that was opened before is forgotten')
  })

  void test(`1.4 §4.41 / 2.1 §6.1.25: ${version}: what was destroyed comes back`, async (t) => {
    const id = await createKey(client, version)
    await client.call(version, 'Destroy', of(id))
    t.equal(await told(version, importing(id)), 'ObjectAlreadyExists')
    t.equal(await told(version, importing(id, [], { replaceExisting: true })), 'Success')
    t.equal(await attributeOf(client, version, id, 'State'), 'PreActive')
    await client.call(version, 'Archive', of(id))
    t.equal(await told(version, importing(id, [], { replaceExisting: true })), 'ObjectArchived')
  })

  void test(`1.4 §4.41 / 2.1 §6.1.25: ${version}: the identifier of another client is taken, and that is all`, async (t) => {
    const id = await createKey(client, version)
    const mallory = harness.client('mallory')
    const own = await createKey(mallory, version)
    const without = await mallory.attempt(version, 'Import', importing(own))
    for (const replaceExisting of [undefined, false, true]) {
      const result = await mallory.attempt(version, 'Import', importing(id, [], { replaceExisting }))
      t.same(result, without)
      t.equal(refusal(result), 'ObjectAlreadyExists')
    }
    t.notMatch(await client.call(version, 'Get', of(id)), keyOf(MATERIAL))
  })

  void test(`1.4 §4.41 / 2.1 §6.1.25: ${version}: an administrator replaces, the owner stays`, async (t) => {
    const id = await createKey(client, version)
    await harness.client('root', 'admin').call(version, 'Import', importing(id, [], { replaceExisting: true }))
    t.match(await client.call(version, 'Get', of(id)), keyOf(MATERIAL))
  })

  void test(`1.4 §4.41, §3.22 / 2.1 §6.1.25, §4.57: ${version}: the State that is imported`, async (t) => {
    for (const value of ['PreActive', 'Active', 'Deactivated', 'Compromised'] as const) {
      const id = fresh()
      t.equal(await told(version, importing(id, [{ name: 'State', value }])), 'Success')
      t.equal(await attributeOf(client, version, id, 'State'), value)
    }
    for (const value of ['Destroyed', 'DestroyedCompromised'] as const) {
      t.equal(await told(version, importing(fresh(), [{ name: 'State', value }])), inFamily(version, ...WRONG))
    }
  })

  const digestValue = Buffer.alloc(32)
  const CONTRADICTIONS: readonly (readonly [what: string, attribute: Attribute])[] = [
    ['another identifier', { name: 'UniqueIdentifier', value: 'other' }],
    ['another type', { name: 'ObjectType', value: 'SecretData' }],
    ['another algorithm', { name: 'CryptographicAlgorithm', value: 'DES3' }],
    ['another length', { name: 'CryptographicLength', value: 256 }],
    ['another Digest', { name: 'Digest', value: { hashingAlgorithm: 'SHA_256', digestValue, keyFormatType: 'Raw' } }],
    [
      'more use than the limit',
      { name: 'UsageLimits', value: { usageLimitsTotal: 5n, usageLimitsCount: 6n, usageLimitsUnit: 'Byte' } },
    ],
  ]
  for (const [what, attribute] of CONTRADICTIONS) {
    void test(`1.4 §11.42 / 2.1 §6.1.25.1: ${version}: attributes that cannot be true: ${what}`, async (t) => {
      const id = fresh()
      const problem = await told(version, importing(id, [attribute]))
      t.ok(['InvalidField', 'InvalidAttributeValue'].includes(problem), problem)
      t.equal(refusal(await client.attempt(version, 'Get', of(id))), inFamily(version, ...MISSING))
    })
  }

  void test(`1.4 §11.42 / 2.1 §6.1.25.1: ${version}: requests that are not in order`, async (t) => {
    t.equal(await told(version, importing(fresh(), [], { objectType: 'SecretData' })), 'InvalidField')
    t.equal(await told(version, importing(fresh(), [], { SymmetricKey: undefined })), 'InvalidMessage')
    for (const id of ['', 'line\nbreak', 'x'.repeat(1025)]) t.equal(await told(version, importing(id)), 'InvalidField')
    await createKey(client, version, named(`taken ${version}`))
    t.equal(
      await told(version, importing(fresh(), [named(`taken ${version}`)])),
      inFamily(version, 'InvalidField', 'NonUniqueNameAttribute'),
    )
  })

  void test(`1.4 §4.41 / 2.1 §6.1.25: ${version}: within one batch that may be undone`, async (t) => {
    const id = fresh()
    const items = [
      { operation: 'Import', request: importing(id) },
      { operation: 'Get', request: {} },
      { operation: 'Import', request: importing(id) },
    ] as const
    const results = await client.batch(version, items, { option: 'Undo' })
    t.same(
      results.map(({ status }) => status),
      ['OperationUndone', 'OperationUndone', 'OperationFailed'],
    )
    t.equal(results.at(-1)?.reason, 'ObjectAlreadyExists')
    const again = await client.batch(version, items.slice(0, 2), { option: 'Undo' })
    t.match(again.at(-1)?.payload, keyOf(MATERIAL), 'the ID Placeholder is what was imported')
  })
}
