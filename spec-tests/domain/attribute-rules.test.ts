import { test } from 'tap'
import { UNSPECIFIED } from '../../src/domain/random-generator.ts'
import { addAttribute, deleteAttribute, modifyAttribute, setAttribute } from '../../src/domain/attribute-changes.ts'
import { instancesNamed, withValue } from '../../src/domain/attribute-set.ts'
import type { ManagedObject } from '../../src/domain/managed-object.ts'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import { ATTRIBUTE_NAMES, attributeRow } from '../../src/protocol/attribute-lookup.ts'
import { OBJECT_TYPE, type ObjectType, type State } from '../../src/protocol/enumerations.ts'
import { stateOf } from '../../src/domain/managed-object.ts'
import { NOW, objectWith, reasonFor, reasonOf, sampleOf, typeFor } from '../helpers/objects.ts'

/*
 * Every attribute against every way in which a client may touch it: what is expected comes from the rows of the table,
 * which are compared with the texts elsewhere.
 */

const bare = (objectType: ObjectType): ManagedObject => objectWith([], { objectType })

/** Puts an attribute on an object as the server would. */
const having = (object: ManagedObject, attribute: Attribute): ManagedObject => ({
  ...object,
  attributes: withValue(object.attributes, attribute),
})

const has = (object: ManagedObject, attribute: Attribute): boolean =>
  instancesNamed(object.attributes, attribute).length > 0

for (const name of ATTRIBUTE_NAMES) {
  const row = attributeRow(name)
  const sample = sampleOf(name)
  const objectType = typeFor(name)
  // With its own date the object is archived, and then nothing of it is changed.
  const refusal = (refused: boolean, reason: string): string | undefined =>
    name === 'ArchiveDate' ? 'ObjectArchived' : refused ? reason : undefined

  void test(`1.4 §3 / 2.1 §4: ${row.label} set where an object is made`, (t) => {
    const server = row.setBy === 'server' && row.stated !== true
    const registered = () => objectWith([sample], { objectType })
    t.equal(reasonOf(registered), server ? 'AttributeReadOnly' : undefined)
    if (!server) t.ok(has(registered(), sample))
    const made = reasonOf(() => objectWith([sample], { objectType, generator: UNSPECIFIED }))
    // Which generator is to be used is a wish (1.4 section 3.44), and this one is not there.
    const refused = name === 'RandomNumberGenerator' ? 'InvalidAttributeValue' : 'AttributeReadOnly'
    t.equal(made, server || row.origin === true ? refused : undefined)
    const strange = OBJECT_TYPE.names.find((type) => !row.objectTypes.includes(type))
    if (strange !== undefined) {
      t.equal(
        reasonOf(() => objectWith([sample], { objectType: strange })),
        'InvalidAttribute',
      )
    }
    t.end()
  })

  void test(`1.4 §4.14 / 2.1 §6.1.2: ${row.label} added`, (t) => {
    const object = bare(objectType)
    const add = (to: ManagedObject) => addAttribute(to, sample, NOW)
    if (row.setBy === 'server')
      t.equal(
        reasonOf(() => add(object)),
        'ReadOnlyAttribute',
      )
    else if (has(object, sample))
      t.equal(
        reasonOf(() => add(object)),
        'AttributeSingleValued',
      )
    else {
      const once = add(object)
      t.equal(once.attribute.index, 0)
      t.ok(has(once.object, sample))
      const single = row.multiple || row.addedAgain === true ? undefined : 'AttributeSingleValued'
      const expected = name === 'Name' ? 'NonUniqueNameAttribute' : single
      t.equal(
        reasonOf(() => add(once.object)),
        expected,
      )
    }
    t.end()
  })

  void test(`1.4 §4.15 / 2.1 §6.1.34, §6.1.51: ${row.label} modified and set`, (t) => {
    const object = having(bare(objectType), sample)
    const readOnly = row.clientModifies === 'no'
    t.equal(
      reasonOf(() => modifyAttribute(object, { by: 'only' }, sample, NOW)),
      refusal(readOnly, 'AttributeReadOnly'),
    )
    t.equal(
      reasonOf(() => setAttribute(object, sample, NOW)),
      refusal(readOnly, 'ReadOnlyAttribute'),
    )
    t.end()
  })

  void test(`1.4 §4.16 / 2.1 §6.1.13: ${row.label} deleted`, (t) => {
    const object = having(bare(objectType), sample)
    const run = () => deleteAttribute(object, { name }, { by: 'all' }, NOW)
    const refused = row.always || row.clientDeletes === 'no'
    t.equal(reasonOf(run), refusal(refused, 'AttributeReadOnly'))
    if (!refused) t.notOk(has(run().object, sample))
    t.end()
  })
}

/** Dates that bring an object into a state. */
const IN_STATE: Readonly<Partial<Record<State, readonly Attribute[]>>> = {
  PreActive: [],
  Active: [{ name: 'ActivationDate', value: NOW - 10 }],
  Deactivated: [
    { name: 'ActivationDate', value: NOW - 10 },
    { name: 'DeactivationDate', value: NOW - 5 },
  ],
  Compromised: [{ name: 'CompromiseDate', value: NOW - 5 }],
  Destroyed: [{ name: 'DestroyDate', value: NOW - 5 }],
  DestroyedCompromised: [
    { name: 'DestroyDate', value: NOW - 5 },
    { name: 'CompromiseDate', value: NOW - 5 },
  ],
}

/** Attribute, its value before, and the states in which a client may change it. */
const CONDITIONS: readonly (readonly [Attribute, number, readonly State[]])[] = [
  [{ name: 'ActivationDate', value: NOW + 20 }, NOW + 30, ['PreActive']],
  [{ name: 'DeactivationDate', value: NOW + 60 }, NOW + 50, ['PreActive', 'Active']],
  [{ name: 'ProcessStartDate', value: NOW + 45 }, NOW + 40, ['PreActive', 'Active']],
  [{ name: 'ProcessStartDate', value: NOW + 45 }, NOW, []],
  [{ name: 'ProtectStopDate', value: NOW + 45 }, NOW + 40, ['PreActive', 'Active']],
  [{ name: 'ProtectStopDate', value: NOW + 45 }, NOW - 1, []],
]

for (const [attribute, before, allowed] of CONDITIONS) {
  const label = attribute.name === 'VendorAttribute' ? '' : attributeRow(attribute.name).label
  void test(`1.4 §3.24-3.27 / 2.1 §4.1, §4.18, §4.40, §4.41: ${label} of ${before - NOW} s from now by state`, (t) => {
    for (const [state, dates] of Object.entries(IN_STATE)) {
      const start = having(bare('SymmetricKey'), { ...attribute, value: before } as Attribute)
      const object = dates.reduce(having, start)
      if (attribute.name === 'ActivationDate' && state !== 'Compromised' && state !== 'PreActive') {
        t.not(stateOf(object, NOW), 'PreActive')
      }
      const run = () => modifyAttribute(object, { by: 'index', index: 0 }, attribute, NOW)
      const expected = allowed.some((name) => name === state) ? undefined : 'WrongKeyLifecycleState'
      t.equal(reasonOf(run), expected, state)
      t.equal(reasonFor('1.4', run), expected === undefined ? undefined : 'PermissionDenied', `${state} in 1.4`)
    }
    t.end()
  })
}

void test('1.4 §3.24 / 2.1 §4.1: a date that has come changes the state', (t) => {
  const object = bare('SymmetricKey')
  t.equal(stateOf(object, NOW), 'PreActive')
  const active = addAttribute(object, { name: 'ActivationDate', value: NOW }, NOW).object
  t.equal(stateOf(active, NOW), 'Active')
  const ending = addAttribute(active, { name: 'DeactivationDate', value: NOW + 5 }, NOW).object
  t.equal(stateOf(ending, NOW + 4), 'Active')
  t.equal(stateOf(ending, NOW + 5), 'Deactivated')
  const ended = modifyAttribute(ending, { by: 'index', index: 0 }, { name: 'DeactivationDate', value: NOW }, NOW).object
  t.equal(stateOf(ended, NOW), 'Deactivated')
  t.equal(stateOf(objectWith([{ name: 'ActivationDate', value: NOW - 1 }]), NOW), 'Active', 'from the start')
  t.end()
})
