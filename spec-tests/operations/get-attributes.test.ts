import { test } from 'tap'
import type { Attribute, AttributeRef } from '../../src/protocol/attribute-instance.ts'
import { attributeRow } from '../../src/protocol/attribute-lookup.ts'
import { inRange, VERSIONS, type Version } from '../../src/schema/version.ts'
import { createKey, FAMILIES, inFamily, named, of, openServer, refusal } from '../helpers/calls.ts'

const { client, harness } = await openServer()

const custom: Attribute = {
  name: 'VendorAttribute',
  vendor: 'x',
  attributeName: 'Component',
  value: { type: 'TextString', value: 'ESXi' },
}
const foreign: Attribute = { ...custom, vendor: 'ACME' }

const id = await createKey(
  client,
  '2.1',
  named('all'),
  custom,
  foreign,
  { name: 'ObjectGroup', value: 'a' },
  {
    name: 'ObjectGroup',
    value: 'b',
  },
)

const ask = async (version: Version, ...attributes: readonly AttributeRef[]): Promise<readonly Attribute[]> => {
  const answer = await client.call(version, 'GetAttributes', { ...of(id), attributes })
  return answer['attributes'] as readonly Attribute[]
}

const list = async (version: Version): Promise<readonly AttributeRef[]> =>
  (await client.call(version, 'GetAttributeList', of(id)))['attributes'] as readonly AttributeRef[]

for (const version of VERSIONS) {
  void test(`1.4 §4.12, §4.13 / 2.1 §6.1.20, §6.1.21: ${version} is told what it knows of`, async (t) => {
    const all = await ask(version)
    const names = all.map(({ name }) => name)
    for (const attribute of all) {
      if (attribute.name !== 'VendorAttribute') t.ok(inRange(version, attributeRow(attribute.name)), attribute.name)
    }
    const always = ['UniqueIdentifier', 'ObjectType', 'Name', 'State', 'CryptographicAlgorithm', 'InitialDate'] as const
    for (const name of always) t.ok(names.includes(name), name)
    t.equal(names.includes('ShortUniqueIdentifier'), inRange(version, { since: '2.0' }))
    t.equal(names.includes('OriginalCreationDate'), inRange(version, { since: '1.3' }))
    t.equal(names.filter((name) => name === 'VendorAttribute').length, inFamily(version, 1, 2), 'no vendors in 1.x')
    const listed = (await list(version)).map(({ name }) => name)
    const quiet = new Set(['OriginalCreationDate'])
    t.same(
      [...new Set(listed)].filter((name) => !quiet.has(name)),
      [...new Set(names)].filter((name) => !quiet.has(name)),
    )
    t.equal(listed.length, new Set(listed).size + inFamily(version, 0, 1), 'each once')
  })

  void test(`1.4 §4.12 / 2.1 §6.1.20: ${version} asks by name`, async (t) => {
    t.match(await ask(version, { name: 'State' }), [{ name: 'State', value: 'PreActive' }])
    t.match(await ask(version, { name: 'ObjectGroup' }), [{ value: 'a' }, { value: 'b' }])
    const absent: AttributeRef = { name: 'VendorAttribute', vendor: 'x', attributeName: 'Vendor' }
    t.same(await ask(version, absent), [])
    t.same((await ask(version, absent, { name: 'Comment' }, custom)).length, 1)
    if (inRange(version, { since: '1.2' })) t.equal((await ask(version, { name: 'OriginalCreationDate' })).length, 1)
    const twice = { ...of(id), attributes: [{ name: 'State' }, { name: 'State' }] }
    t.equal(refusal(await client.attempt(version, 'GetAttributes', twice)), 'InvalidMessage')
  })
}

for (const version of FAMILIES) {
  void test(`1.4 §11.12, §11.13 / 2.1 §6.1.20, §6.1.21: ${version} asks of what is not there, or not its own`, async (t) => {
    const notFound = inFamily(version, 'ItemNotFound', 'ObjectNotFound')
    for (const operation of ['GetAttributes', 'GetAttributeList'] as const) {
      t.equal(refusal(await client.attempt(version, operation, { ...of('nowhere'), attributes: [] })), notFound)
      t.equal(refusal(await client.attempt(version, operation, { attributes: [] })), notFound)
      const other = harness.client('mallory')
      t.equal(refusal(await other.attempt(version, operation, { ...of(id), attributes: [] })), notFound)
    }
  })
}
