import { test } from 'tap'
import { valueOf } from '../../src/domain/attribute-set.ts'
import { activated, destroyed, revoked } from '../../src/domain/life-cycle.ts'
import { type ManagedObject, stateOf } from '../../src/domain/managed-object.ts'
import { withAttributes } from '../../src/domain/with-attributes.ts'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import type { RevocationReasonCode, State } from '../../src/protocol/enumerations.ts'
import type { Version } from '../../src/schema/version.ts'
import { NOW, objectWith, reasonFor, reasonOf } from '../helpers/objects.ts'

/** When it happens: some time after the object was made. */
const LATER = NOW + 1000

const revoke =
  (revocationReasonCode: RevocationReasonCode | number, compromiseOccurrenceDate?: number) =>
  (object: ManagedObject): ManagedObject =>
    revoked(object, { reason: { revocationReasonCode }, compromiseOccurrenceDate }, LATER)

const ACTIONS = {
  Activate: (object: ManagedObject) => activated(object, LATER),
  'Revoke (compromise)': revoke('KeyCompromise'),
  'Revoke (CA compromise)': revoke('CACompromise'),
  'Revoke (other reason)': revoke('CessationOfOperation'),
  Destroy: (object: ManagedObject) => destroyed(object, LATER),
} as const

const keyWith = (...attributes: readonly Attribute[]): ManagedObject => withAttributes(objectWith(), NOW, ...attributes)

const activation: Attribute = { name: 'ActivationDate', value: NOW }
const compromise: Attribute = { name: 'CompromiseDate', value: NOW }

const BEFORE: Readonly<Record<State, ManagedObject>> = {
  PreActive: keyWith(),
  Active: keyWith(activation),
  Deactivated: keyWith(activation, { name: 'DeactivationDate', value: NOW + 1 }),
  Compromised: keyWith(activation, compromise),
  Destroyed: { ...keyWith({ name: 'DestroyDate', value: NOW }), key: undefined },
  DestroyedCompromised: { ...keyWith(compromise, { name: 'DestroyDate', value: NOW }), key: undefined },
}

type Outcomes = Readonly<Partial<Record<State, State>>>

const COMPROMISED: Outcomes = {
  PreActive: 'Compromised',
  Active: 'Compromised',
  Deactivated: 'Compromised',
  Destroyed: 'DestroyedCompromised',
}

/** Every transition that a client can ask for: those that are not here are refused. */
const TRANSITIONS: Readonly<Record<keyof typeof ACTIONS, Outcomes>> = {
  Activate: { PreActive: 'Active' },
  'Revoke (compromise)': COMPROMISED,
  'Revoke (CA compromise)': COMPROMISED,
  'Revoke (other reason)': { Active: 'Deactivated' },
  Destroy: { PreActive: 'Destroyed', Deactivated: 'Destroyed', Compromised: 'DestroyedCompromised' },
}

const isAction = (name: string): name is keyof typeof ACTIONS => name in ACTIONS
const isState = (name: string): name is State => name in BEFORE

for (const action of Object.keys(ACTIONS).filter(isAction)) {
  for (const state of Object.keys(BEFORE).filter(isState)) {
    const outcome = TRANSITIONS[action][state]
    void test(`1.4 §3.22 / 2.1 §4.57: ${action} of an object that is ${state}`, (t) => {
      const before = BEFORE[state]
      t.equal(stateOf(before, LATER), state)
      if (outcome === undefined) {
        t.match(
          reasonOf(() => ACTIONS[action](before)),
          /^(WrongKeyLifecycleState|ObjectDestroyed)$/,
        )
        t.equal(
          reasonFor('1.4', () => ACTIONS[action](before)),
          'PermissionDenied',
        )
      } else {
        const after = ACTIONS[action](before)
        t.equal(stateOf(after, LATER), outcome)
        t.equal(valueOf(after.attributes, 'LastChangeDate'), LATER)
      }
      t.end()
    })
  }
}

void test('1.4 §4.19 / 2.1 §6.1.1: Activate sets the Activation Date, also where one was to come', (t) => {
  const object = keyWith({ name: 'ActivationDate', value: LATER + 1 })
  t.equal(valueOf(activated(object, LATER).attributes, 'ActivationDate'), LATER)
  t.end()
})

void test('1.4 §4.20 / 2.1 §6.1.44: a compromise has its two dates and its reason', (t) => {
  const given = revoke('KeyCompromise', NOW + 7)(BEFORE.Active)
  t.equal(valueOf(given.attributes, 'CompromiseDate'), LATER)
  t.equal(valueOf(given.attributes, 'CompromiseOccurrenceDate'), NOW + 7)
  t.same(valueOf(given.attributes, 'RevocationReason'), { revocationReasonCode: 'KeyCompromise' })
  t.equal(valueOf(given.attributes, 'DeactivationDate'), undefined)
  const silent = revoke('KeyCompromise')(BEFORE.Active)
  t.equal(valueOf(silent.attributes, 'CompromiseOccurrenceDate'), NOW, 'the Initial Date where the client gives none')
  t.end()
})

void test('1.4 §4.20 / 2.1 §6.1.44: any other reason ends the active life now', (t) => {
  const object = revoke('Superseded')(keyWith(activation, { name: 'DeactivationDate', value: LATER + 1 }))
  t.equal(valueOf(object.attributes, 'DeactivationDate'), LATER)
  t.equal(valueOf(object.attributes, 'CompromiseDate'), undefined)
  t.end()
})

void test('1.4 §4.21 / 2.1 §6.1.15: Destroy takes the material and leaves the attributes', (t) => {
  const before = keyWith({ name: 'ObjectGroup', value: 'tapes' })
  const after = destroyed(before, LATER)
  t.ok(before.key)
  t.equal(after.key, undefined)
  t.equal(valueOf(after.attributes, 'ObjectGroup'), 'tapes')
  t.equal(valueOf(after.attributes, 'DestroyDate'), LATER)
  t.end()
})

void test('1.4 §4.21: of a Template nothing is left', (t) => {
  const template = objectWith([{ name: 'Name', value: { nameValue: 'T', nameType: 'UninterpretedTextString' } }], {
    objectType: 'Template',
  })
  const after = destroyed(template, LATER)
  t.same(after.attributes, [{ name: 'DestroyDate', value: LATER, index: 0 }])
  t.equal(after.key, undefined)
  t.end()
})

type Refusal = readonly [what: string, act: () => unknown, v14: string, v21: string]

const template = objectWith([], { objectType: 'Template' })
const archived = keyWith(activation, { name: 'ArchiveDate', value: NOW })

const REFUSALS: readonly Refusal[] = [
  ['Activate of a Template', () => ACTIONS.Activate(template), 'IllegalOperation', 'InvalidObjectType'],
  ['Revoke of a Template', () => revoke('KeyCompromise')(template), 'IllegalOperation', 'InvalidObjectType'],
  ['Activate of an archived object', () => ACTIONS.Activate(archived), 'ObjectArchived', 'ObjectArchived'],
  ['Revoke of an archived object', () => revoke('KeyCompromise')(archived), 'ObjectArchived', 'ObjectArchived'],
  ['Destroy of an archived object', () => ACTIONS.Destroy(archived), 'ObjectArchived', 'ObjectArchived'],
  [
    'a compromise in the future',
    () => revoke('KeyCompromise', LATER + 1)(BEFORE.Active),
    'InvalidField',
    'InvalidField',
  ],
  [
    'an occurrence without a compromise',
    () => revoke('Superseded', NOW)(BEFORE.Active),
    'InvalidField',
    'InvalidField',
  ],
  ['a reason of a vendor', () => revoke(0x80000001)(BEFORE.Active), 'InvalidField', 'InvalidField'],
  ['a second Destroy', () => ACTIONS.Destroy(BEFORE.Destroyed), 'PermissionDenied', 'ObjectDestroyed'],
]

for (const [what, act, v14, v21] of REFUSALS) {
  void test(`1.4 §11.20 to §11.22 / 2.1 §6.1.1.1, §6.1.15.1, §6.1.44.1: ${what} is refused`, (t) => {
    const told = (version: Version) => reasonFor(version, act)
    t.equal(told('1.4'), v14)
    t.equal(told('2.1'), v21)
    t.end()
  })
}
