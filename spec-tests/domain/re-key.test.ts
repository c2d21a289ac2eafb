import fc from 'fast-check'
import { test } from 'tap'
import { UNSPECIFIED } from '../../src/domain/random-generator.ts'
import { instancesOf, valueOf } from '../../src/domain/attribute-set.ts'
import type { ManagedObject } from '../../src/domain/managed-object.ts'
import { newObject } from '../../src/domain/new-object.ts'
import { checkOffset, checkReplaceable, publicHalf, superseded, takenOver } from '../../src/domain/re-key.ts'
import { withAttributes } from '../../src/domain/with-attributes.ts'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import { NOW, objectWith, reasonFor, reasonOf } from '../helpers/objects.ts'
import { equalValues } from '../../src/domain/equal-values.ts'
import { shortIdentifier } from '../../src/system.ts'

/** When the key is replaced. */
const LATER = NOW + 5000
const NEW_ID = '01890a5d-ac96-774b-bcce-b302099a8058'
const principal = { id: 'alice', name: 'Alice', tenant: 'default', role: 'client', groups: [] } as const

const named = (nameValue: string): Attribute => ({
  name: 'Name',
  value: { nameValue, nameType: 'UninterpretedTextString' },
})

/** A replacement as Re-key makes it. */
const replacement = (existing: ManagedObject, offset?: number, given: readonly Attribute[] = []): ManagedObject =>
  newObject({
    context: { now: LATER, principal, ids: { next: () => NEW_ID, short: shortIdentifier } },
    id: NEW_ID,
    objectType: existing.objectType,
    deposit: undefined,
    generator: UNSPECIFIED,
    given,
    own: takenOver(existing, offset, LATER),
  })

type Dates = Readonly<
  Partial<Record<'ActivationDate' | 'ProcessStartDate' | 'ProtectStopDate' | 'DeactivationDate', number>>
>

const DATE_NAMES = ['ActivationDate', 'ProcessStartDate', 'ProtectStopDate', 'DeactivationDate'] as const

const keyWithDates = (dates: Dates): ManagedObject =>
  objectWith(DATE_NAMES.flatMap((name) => (dates[name] === undefined ? [] : [{ name, value: dates[name] }])))

const datesOf = ({ attributes }: ManagedObject): Dates =>
  Object.fromEntries(
    DATE_NAMES.flatMap((name) => (valueOf(attributes, name) === undefined ? [] : [[name, valueOf(attributes, name)]])),
  )

const OLD: Dates = {
  ActivationDate: NOW,
  ProcessStartDate: NOW + 10,
  ProtectStopDate: NOW + 90,
  DeactivationDate: NOW + 100,
}

const MOVED: readonly (readonly [what: string, existing: Dates, offset: number | undefined, expected: Dates])[] = [
  ['without an Offset the dates are copied', OLD, undefined, OLD],
  [
    'with an Offset they keep their distances',
    OLD,
    60,
    {
      ActivationDate: LATER + 60,
      ProcessStartDate: LATER + 70,
      ProtectStopDate: LATER + 150,
      DeactivationDate: LATER + 160,
    },
  ],
  ['an Offset of 0 activates now', { ActivationDate: NOW }, 0, { ActivationDate: LATER }],
  ['an Offset activates a key that had no dates', {}, 5, { ActivationDate: LATER + 5 }],
]

for (const [what, existing, offset, expected] of MOVED) {
  void test(`1.4 §4.4 Table 172 / 2.1 §6.1.46 Table 303: ${what}`, (t) => {
    t.same(datesOf(replacement(keyWithDates(existing), offset)), expected)
    t.end()
  })
}

void test('1.4 §4.4 / 2.1 §6.1.46: whatever the dates, an Offset moves all of them by the same time', (t) => {
  const gap = fc.nat({ max: 1_000_000 })
  fc.assert(
    fc.property(gap, gap, gap, gap, (a, b, c, offset) => {
      const activation = NOW + a
      const deactivation = activation + b + c
      const moved = datesOf(
        replacement(keyWithDates({ ActivationDate: activation, DeactivationDate: deactivation }), offset),
      )
      return moved.ActivationDate === LATER + offset && moved.DeactivationDate === LATER + offset + b + c
    }),
    { interruptAfterTimeLimit: 500 },
  )
  t.end()
})

for (const name of ['ProcessStartDate', 'ProtectStopDate', 'DeactivationDate'] as const) {
  void test(`1.4 §11.5 / 2.1 §6.1.46.1: an Offset cannot move a ${name} that has no Activation Date`, (t) => {
    const run = () => takenOver(keyWithDates({ [name]: NOW + 100 }), 10, LATER)
    t.equal(reasonFor('1.4', run), 'IllegalOperation')
    t.equal(reasonFor('2.1', run), 'InvalidField')
    t.same(datesOf(replacement(keyWithDates({ [name]: NOW + 100 }))), { [name]: NOW + 100 }, 'it is copied without one')
    t.end()
  })
}

void test('1.4 §11.5 / 2.1 §6.1.46.1: an Offset is not given together with dates', (t) => {
  for (const name of DATE_NAMES)
    t.equal(
      reasonOf(() => checkOffset(0, [{ name, value: NOW }])),
      'InvalidMessage',
    )
  t.equal(
    reasonOf(() => checkOffset(undefined, [{ name: 'ActivationDate', value: NOW }])),
    undefined,
  )
  t.equal(
    reasonOf(() => checkOffset(10, [named('n')])),
    undefined,
  )
  t.end()
})

const vendor: Attribute = {
  name: 'VendorAttribute',
  vendor: 'x',
  attributeName: 'Barcode',
  value: { type: 'TextString', value: 'A1' },
}

const COPIED: readonly Attribute[] = [
  named('first'),
  named('second'),
  { name: 'ObjectGroup', value: 'tapes' },
  { name: 'OperationPolicyName', value: 'default' },
  { name: 'CryptographicUsageMask', value: 12 },
  { name: 'CryptographicParameters', value: { blockCipherMode: 'CBC' } },
  { name: 'ContactInformation', value: 'someone' },
  { name: 'Sensitive', value: true },
  vendor,
]

void test('1.4 §4.4 / 2.1 §6.1.46: attributes are copied, Names and custom ones among them', (t) => {
  const { attributes } = replacement(objectWith(COPIED))
  for (const { name, value } of COPIED) {
    t.ok(
      attributes.some((other) => other.name === name && JSON.stringify(other.value) === JSON.stringify(value)),
      name,
    )
  }
  t.same(
    instancesOf(attributes, 'Name').map(({ index }) => index),
    [0, 1],
  )
  t.end()
})

const OWN_LIFE: readonly Attribute[] = [
  { name: 'CompromiseDate', value: NOW },
  { name: 'CompromiseOccurrenceDate', value: NOW },
  { name: 'DestroyDate', value: NOW },
  { name: 'RevocationReason', value: { revocationReasonCode: 'KeyCompromise' } },
  { name: 'Digest', value: { hashingAlgorithm: 'SHA_256', digestValue: Buffer.from('old') } },
  { name: 'KeyValuePresent', value: false },
  { name: 'LeaseTime', value: 60 },
]

const plainOf = ({ name, value }: Attribute) => ({ name, value })

for (const attribute of OWN_LIFE) {
  void test(`1.4 §4.4 Table 173 / 2.1 §6.1.46 Table 304: ${attribute.name} is not copied`, (t) => {
    const existing = withAttributes(objectWith(), NOW, attribute)
    t.notOk(replacement(existing).attributes.some((other) => equalValues(plainOf(other), plainOf(attribute))))
    t.end()
  })
}

void test('1.4 §4.4 Table 173 / 2.1 §6.1.46 Table 304: what is made anew', (t) => {
  const existing = withAttributes(
    objectWith(),
    NOW,
    { name: 'Fresh', value: false },
    { name: 'AlwaysSensitive', value: true },
  )
  const { attributes } = replacement(existing)
  t.equal(valueOf(attributes, 'InitialDate'), LATER)
  t.equal(valueOf(attributes, 'LastChangeDate'), LATER)
  t.equal(valueOf(attributes, 'OriginalCreationDate'), LATER)
  t.equal(valueOf(attributes, 'Fresh'), true)
  t.equal(valueOf(attributes, 'AlwaysSensitive'), false)
  t.end()
})

void test('1.4 §4.4 Table 173 / 2.1 §6.1.46 Table 304: the Usage Limits of the replacement are whole again', (t) => {
  const value = { usageLimitsTotal: 100n, usageLimitsCount: 3n, usageLimitsUnit: 'Byte' } as const
  const existing = withAttributes(objectWith(), NOW, { name: 'UsageLimits', value })
  t.same(valueOf(replacement(existing).attributes, 'UsageLimits'), { ...value, usageLimitsCount: 100n })
  t.same(valueOf(superseded(existing, NEW_ID, LATER).attributes, 'UsageLimits'), value)
  t.end()
})

void test('1.4 §4.4 / 2.1 §6.1.46: what the client gives comes first, but adds to lists', (t) => {
  const existing = objectWith([named('old'), { name: 'CryptographicUsageMask', value: 12 }])
  const { attributes } = replacement(existing, undefined, [named('new'), { name: 'CryptographicUsageMask', value: 4 }])
  t.equal(valueOf(attributes, 'CryptographicUsageMask'), 4)
  t.same(
    instancesOf(attributes, 'Name').map(({ index, value }) => [index, value.nameValue]),
    [
      [0, 'old'],
      [1, 'new'],
    ],
  )
  t.end()
})

void test('1.4 §4.4 / 2.1 §6.1.46: the keys point to each other, and the old one has given its Names away', (t) => {
  const existing = objectWith([named('n'), { name: 'ObjectGroup', value: 'g' }])
  const old = superseded(existing, NEW_ID, LATER)
  t.match(valueOf(replacement(existing).attributes, 'Link'), {
    linkType: 'ReplacedObjectLink',
    linkedObjectIdentifier: { by: 'id', id: existing.id },
  })
  t.match(valueOf(old.attributes, 'Link'), {
    linkType: 'ReplacementObjectLink',
    linkedObjectIdentifier: { by: 'id', id: NEW_ID },
  })
  t.same(instancesOf(old.attributes, 'Name'), [])
  t.equal(valueOf(old.attributes, 'ObjectGroup'), 'g')
  t.equal(valueOf(old.attributes, 'LastChangeDate'), LATER)
  t.equal(old.key, existing.key)
  t.end()
})

void test('2.1 §4.49, §4.50, §4.52: the row of replacements is counted', (t) => {
  const first = objectWith()
  const second = replacement(first)
  const third = replacement(second)
  t.equal(valueOf(second.attributes, 'RotateGeneration'), 1)
  t.equal(valueOf(third.attributes, 'RotateGeneration'), 2)
  t.equal(valueOf(third.attributes, 'RotateLatest'), true)
  const old = superseded(second, NEW_ID, LATER)
  t.equal(valueOf(old.attributes, 'RotateLatest'), false)
  t.equal(valueOf(old.attributes, 'RotateDate'), LATER)
  t.end()
})

const REFUSALS: readonly (readonly [what: string, ManagedObject, v14: string, v21: string])[] = [
  ['of another type', objectWith([], { objectType: 'SecretData' }), 'PermissionDenied', 'InvalidObjectType'],
  ['without material', { ...objectWith(), key: undefined }, 'KeyValueNotPresent', 'KeyValueNotPresent'],
  [
    'that is archived',
    withAttributes(objectWith(), NOW, { name: 'ArchiveDate', value: NOW }),
    'ObjectArchived',
    'ObjectArchived',
  ],
]

for (const [what, object, v14, v21] of REFUSALS) {
  void test(`1.4 §11.5 / 2.1 §6.1.46.1: an object ${what} is not replaced`, (t) => {
    const run = () => {
      checkReplaceable(object, 'SymmetricKey')
    }
    t.equal(reasonFor('1.4', run), v14)
    t.equal(reasonFor('2.1', run), v21)
    t.end()
  })
}

void test('1.4 §4.5 / 2.1 §6.1.47: a private key without a public one is no pair', (t) => {
  t.equal(
    reasonOf(() => publicHalf(objectWith([], { objectType: 'PrivateKey' }))),
    'InvalidObjectType',
  )
  t.end()
})
