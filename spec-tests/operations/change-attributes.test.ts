import { test } from 'tap'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import { VERSIONS, type Version } from '../../src/schema/version.ts'
import { attributeOf, createKey, FAMILIES, inFamily, named, of, openServer, refusal } from '../helpers/calls.ts'
import type { Payload } from '../helpers/harness.ts'

const { client, harness } = await openServer()

const ONES: readonly Version[] = ['1.0', '1.4']
const TWOS: readonly Version[] = ['2.0', '2.1']

const custom = (value: string): Attribute => ({
  name: 'VendorAttribute',
  vendor: 'x',
  attributeName: 'a',
  value: { type: 'TextString', value },
})

const valuesOf = async (version: Version, id: string): Promise<readonly unknown[]> => {
  const answer = await client.call(version, 'GetAttributes', { ...of(id), attributes: [custom('')] })
  return (answer['attributes'] as readonly Attribute[]).map(({ value }) =>
    typeof value === 'object' && 'value' in value ? value.value : value,
  )
}

const echo = ({ attribute }: Payload): unknown => attribute

for (const version of ONES) {
  void test(`1.4 §4.14-4.16: ${version} adds, modifies and deletes by index, and is told the attribute`, async (t) => {
    const id = await createKey(client, version)
    const change = (operation: 'AddAttribute' | 'ModifyAttribute', attribute: Attribute) =>
      client.call(version, operation, { ...of(id), attribute })
    t.match(echo(await change('AddAttribute', { ...custom('zero'), index: 0 })), custom('zero'))
    t.match(echo(await change('AddAttribute', custom('one'))), { ...custom('one'), index: 1 })
    t.match(echo(await change('ModifyAttribute', { ...custom('uno'), index: 1 })), { ...custom('uno'), index: 1 })
    t.match(echo(await change('ModifyAttribute', custom('nil'))), custom('nil'), 'index 0 where none is given')
    t.same(await valuesOf(version, id), ['nil', 'uno'])
    const remove = (attributeIndex?: number) =>
      client.attempt(version, 'DeleteAttribute', { ...of(id), attributeName: custom(''), attributeIndex })
    t.match(echo((await remove()).payload), custom('nil'))
    t.equal(refusal(await remove(0)), 'ItemNotFound')
    t.match(echo((await remove(1)).payload), { ...custom('uno'), index: 1 })
    t.equal(refusal(await remove(1)), 'ItemNotFound')
    t.equal(refusal(await client.attempt(version, 'DeleteAttribute', of(id))), 'InvalidMessage')
  })
}

for (const version of TWOS) {
  void test(`2.1 §6.1.2, §6.1.34, §6.1.13: ${version} adds, modifies and deletes by value`, async (t) => {
    const id = await createKey(client, version)
    const add = (attribute: Attribute) => client.call(version, 'AddAttribute', { ...of(id), attribute })
    t.equal(echo(await add(custom('a'))), undefined, 'the attribute is not echoed')
    await add(custom('b'))
    const modify = (attribute: Attribute, current?: Attribute) =>
      client.attempt(version, 'ModifyAttribute', { ...of(id), attribute, currentAttribute: current })
    t.equal(refusal(await modify(custom('c'), custom('b'))), 'Success')
    t.equal(refusal(await modify(custom('d'), custom('b'))), 'AttributeInstanceNotFound')
    t.equal(refusal(await modify(custom('d'))), 'AttributeInstanceNotFound', 'which of them?')
    t.same(await valuesOf(version, id), ['a', 'c'])
    const remove = (what: Payload) => client.attempt(version, 'DeleteAttribute', { ...of(id), ...what })
    t.equal(refusal(await remove({ currentAttribute: custom('a') })), 'Success')
    t.equal(refusal(await remove({ currentAttribute: custom('a') })), 'AttributeInstanceNotFound')
    t.equal(refusal(await modify(custom('e'))), 'Success', 'the only one')
    await add(custom('f'))
    t.equal(refusal(await remove({ attributeReference: custom('') })), 'Success')
    t.same(await valuesOf(version, id), [])
    t.equal(refusal(await remove({ attributeReference: custom('') })), 'AttributeNotFound')
    t.equal(refusal(await remove({})), 'InvalidMessage')
  })

  void test(`2.1 §6.1.51, §6.1.3: ${version} sets and adjusts`, async (t) => {
    const id = await createKey(client, version)
    const set = (attribute: Attribute) => client.attempt(version, 'SetAttribute', { ...of(id), attribute })
    const adjust = (name: Attribute['name'], adjustmentType: string, adjustmentValue?: Payload) =>
      client.attempt(version, 'AdjustAttribute', { ...of(id), attribute: { name }, adjustmentType, adjustmentValue })
    t.equal(refusal(await set({ name: 'ProtectionPeriod', value: 10 })), 'Success')
    t.equal(refusal(await adjust('ProtectionPeriod', 'Increment', { type: 'Interval', value: 5 })), 'Success')
    t.equal(await attributeOf(client, version, id, 'ProtectionPeriod'), 15)
    t.equal(refusal(await adjust('ProtectionPeriod', 'Decrement', { type: 'Integer', value: 16 })), 'NumericRange')
    t.equal(refusal(await adjust('Sensitive', 'Negate')), 'Success')
    t.equal(await attributeOf(client, version, id, 'Sensitive'), true)
    t.equal(await attributeOf(client, version, id, 'AlwaysSensitive'), false)
    t.equal(refusal(await adjust('State', 'Increment')), 'ReadOnlyAttribute')
    t.equal(refusal(await set(custom('a'))), 'Success')
    await client.call(version, 'AddAttribute', { ...of(id), attribute: custom('b') })
    t.equal(refusal(await set(custom('c'))), 'MultiValuedAttribute')
  })
}

for (const version of VERSIONS) {
  void test(`1.4 §3.2 / 2.1 §4.32: ${version} modifies a Name without an index, and is found by it`, async (t) => {
    const id = await createKey(client, version, named(`old ${version}`))
    await client.call(version, 'ModifyAttribute', { ...of(id), attribute: named(`new ${version}`) })
    t.match(await attributeOf(client, version, id, 'Name'), { nameValue: `new ${version}` })
    const other = await createKey(client, version, named(`old ${version}`))
    t.not(other, id, 'the old Name is free')
  })

  void test(`1.4 §3.24 / 2.1 §4.1: an Activation Date that has come makes a key of ${version} Active`, async (t) => {
    const id = await createKey(client, version)
    const activation = (value: number): Attribute => ({ name: 'ActivationDate', value })
    await client.call(version, 'AddAttribute', { ...of(id), attribute: activation(harness.clock.now() + 1000) })
    t.equal(await attributeOf(client, version, id, 'State'), 'PreActive')
    await client.call(version, 'ModifyAttribute', { ...of(id), attribute: activation(harness.clock.now()) })
    t.equal(await attributeOf(client, version, id, 'State'), 'Active')
    const again = await client.attempt(version, 'ModifyAttribute', { ...of(id), attribute: activation(0) })
    t.equal(refusal(again), version === '2.1' ? 'WrongKeyLifecycleState' : 'PermissionDenied', '2.1, Table 267')
  })
}

for (const version of FAMILIES) {
  void test(`1.4 §3.38 / 2.1 §4.29: a change of ${version} is dated, and survives a restart`, async (t) => {
    const id = await createKey(client, version)
    harness.clock.advance(7)
    await client.call(version, 'AddAttribute', { ...of(id), attribute: custom('kept') })
    t.equal(await attributeOf(client, version, id, 'LastChangeDate'), harness.clock.now())
    await harness.restart()
    t.same(await valuesOf(version, id), ['kept'])
  })

  void test(`1.4 §11.14-11.16 / 2.1 §6.1.2: ${version} changes what is not there, or not its own`, async (t) => {
    const id = await createKey(client, version)
    const notFound = inFamily(version, 'ItemNotFound', 'ObjectNotFound')
    const other = harness.client('mallory')
    for (const operation of ['AddAttribute', 'ModifyAttribute'] as const) {
      const attribute = custom('a')
      t.equal(refusal(await client.attempt(version, operation, { ...of('nowhere'), attribute })), notFound)
      t.equal(refusal(await other.attempt(version, operation, { ...of(id), attribute })), notFound)
    }
  })
}

void test('1.4 §4, §4.14: a batch adds to what it has made', async (t) => {
  const [made, ...added] = await client.batch('1.4', [
    {
      operation: 'Create',
      request: {
        objectType: 'SymmetricKey',
        attributes: {
          templates: [],
          attributes: [
            { name: 'CryptographicAlgorithm', value: 'AES' },
            { name: 'CryptographicLength', value: 128 },
          ],
        },
      },
    },
    { operation: 'AddAttribute', request: { attribute: custom('a') } },
    { operation: 'AddAttribute', request: { attribute: custom('b') } },
  ])
  t.strictSame(
    added.map(({ payload }) => payload['uniqueIdentifier']),
    [made?.payload['uniqueIdentifier'], made?.payload['uniqueIdentifier']],
  )
  t.same(await valuesOf('1.4', String(made?.payload['uniqueIdentifier'])), ['a', 'b'])
})

for (const version of FAMILIES) {
  void test(`1.4 §11.14, §11.15 / 2.1 §6.1.2, §6.1.34: ${version}: a Name that another object has`, async (t) => {
    await createKey(client, version, named(`taken of ${version}`))
    const id = await createKey(client, version, named(`own of ${version}`))
    const expected = inFamily(version, 'IllegalOperation', 'NonUniqueNameAttribute')
    for (const operation of ['AddAttribute', 'ModifyAttribute'] as const) {
      const change = { ...of(id), attribute: named(`taken of ${version}`) }
      t.equal(refusal(await client.attempt(version, operation, change)), expected, operation)
    }
  })
}
