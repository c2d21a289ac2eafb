import { test } from 'tap'
import { UNSPECIFIED } from '../../src/domain/random-generator.ts'
import { allAttributes, announcedAttributes, attributeList, attributesNamed } from '../../src/domain/attribute-views.ts'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import { ATTRIBUTE_NAMES } from '../../src/protocol/attribute-lookup.ts'
import { VERSIONS } from '../../src/schema/version.ts'
import { NOW, OBJECT_ID, objectWith, reasonFor } from '../helpers/objects.ts'

const custom = (value: string): Attribute => ({
  name: 'VendorAttribute',
  vendor: 'x',
  attributeName: 'a',
  value: { type: 'TextString', value },
})

const object = objectWith(
  [
    custom('one'),
    custom('two'),
    { name: 'ObjectGroup', value: 'g' },
    { name: 'ObjectGroup', value: 'h' },
    { name: 'ActivationDate', value: NOW + 10 },
  ],
  { generator: UNSPECIFIED },
)

const names = (attributes: readonly { readonly name: string }[]): readonly string[] =>
  attributes.map(({ name }) => name)

void test('1.4 §4.12 / 2.1 §6.1.20: all attributes, in the order of the table, vendors last', (t) => {
  const all = allAttributes(object, NOW)
  const ranks = names(all).map((name) => ATTRIBUTE_NAMES.findIndex((known) => known === name))
  const vendors = ranks.filter((rank) => rank === -1)
  t.same(ranks, [...ranks.filter((rank) => rank >= 0).sort((a, b) => a - b), ...vendors])
  t.equal(vendors.length, 2)
  t.same(
    all.filter(({ name }) => name === 'ObjectGroup').map(({ index }) => index),
    [0, 1],
  )
  t.end()
})

void test('1.4 §3.1, §3.3, §3.22 / 2.1 §4.58, §4.36, §4.57: what follows from the object and the time', (t) => {
  const derived = (now: number) =>
    attributesNamed(object, [{ name: 'UniqueIdentifier' }, { name: 'ObjectType' }, { name: 'State' }], now).map(
      ({ value }) => value,
    )
  t.same(derived(NOW), [OBJECT_ID, 'SymmetricKey', 'PreActive'])
  t.same(derived(NOW + 10), [OBJECT_ID, 'SymmetricKey', 'Active'])
  t.end()
})

void test('1.4 §4.12 / 2.1 §6.1.20: what is named and is not there is left out', (t) => {
  const named = attributesNamed(
    object,
    [
      { name: 'VendorAttribute', vendor: 'x', attributeName: 'b' },
      { name: 'Unknown', label: 'Colour' },
      { name: 'ObjectGroup' },
      { name: 'Comment' },
      { name: 'VendorAttribute', vendor: 'x', attributeName: 'a' },
    ],
    NOW,
  )
  t.same(
    named.map(({ value }) => value),
    ['g', 'h', { type: 'TextString', value: 'one' }, { type: 'TextString', value: 'two' }],
  )
  t.end()
})

void test('1.4 §4.12, §11.12: the same name twice', (t) => {
  const twice =
    (...refs: Parameters<typeof attributesNamed>[1]) =>
    () =>
      attributesNamed(object, refs, NOW)
  for (const version of ['1.0', '1.4', '2.1'] as const) {
    t.equal(reasonFor(version, twice({ name: 'State' }, { name: 'State' })), 'InvalidMessage')
    t.equal(
      reasonFor(version, twice({ name: 'Unknown', label: 'a' }, { name: 'Unknown', label: 'a' })),
      'InvalidMessage',
    )
  }
  t.equal(reasonFor('1.4', twice({ name: 'Unknown', label: 'State' }, { name: 'State' })), undefined)
  t.end()
})

void test('1.4 §4.13 / 2.1 §6.1.21: each name once', (t) => {
  const list = attributeList(object, NOW)
  t.same(
    list.filter(({ name }) => name === 'ObjectGroup'),
    [{ name: 'ObjectGroup' }],
  )
  t.same(list.at(-1), { name: 'VendorAttribute', vendor: 'x', attributeName: 'a' })
  t.same(new Set(names(list)).size, list.length)
  t.end()
})

for (const version of VERSIONS) {
  void test(`1.4 §3.43 / 2.1 §4.38: Original Creation Date unasked for in ${version}`, (t) => {
    const told = names(announcedAttributes(object, NOW, version)).includes('OriginalCreationDate')
    t.equal(told, !['1.0', '1.1', '1.2'].includes(version), 'PyKMIP speaks 1.2 and cannot read it')
    t.equal(attributesNamed(object, [{ name: 'OriginalCreationDate' }], NOW).length, 1)
    t.end()
  })
}
