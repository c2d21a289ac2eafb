import fc from 'fast-check'
import { test } from 'tap'
import { valueOf } from '../../src/domain/attribute-set.ts'
import { allowsUsage, type Purpose, usableKey } from '../../src/domain/key-use.ts'
import type { ManagedObject } from '../../src/domain/managed-object.ts'
import { protecting, remainingUse } from '../../src/domain/usage-limits.ts'
import { withAttributes } from '../../src/domain/with-attributes.ts'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import {
  CRYPTOGRAPHIC_USAGE_MASK,
  type ObjectType,
  type State,
  type UsageLimitsUnit,
} from '../../src/protocol/enumerations.ts'
import type { Version } from '../../src/schema/version.ts'
import { NOW, objectWith, reasonFor, reasonOf } from '../helpers/objects.ts'

const ALL_BITS = CRYPTOGRAPHIC_USAGE_MASK.of(
  'Encrypt',
  'Decrypt',
  'Sign',
  'Verify',
  'MACGenerate',
  'MACVerify',
  'WrapKey',
  'UnwrapKey',
  'DeriveKey',
)

/** The attributes that bring a key into each state. */
const STATES: Readonly<Record<State, readonly Attribute[]>> = {
  PreActive: [],
  Active: [{ name: 'ActivationDate', value: NOW }],
  Deactivated: [
    { name: 'ActivationDate', value: NOW - 2 },
    { name: 'DeactivationDate', value: NOW },
  ],
  Compromised: [{ name: 'CompromiseDate', value: NOW }],
  Destroyed: [{ name: 'DestroyDate', value: NOW }],
  DestroyedCompromised: [
    { name: 'CompromiseDate', value: NOW },
    { name: 'DestroyDate', value: NOW },
  ],
}

const keyOf = (objectType: ObjectType, ...attributes: readonly Attribute[]): ManagedObject =>
  withAttributes(
    objectWith([], { objectType }),
    NOW,
    { name: 'CryptographicUsageMask', value: ALL_BITS },
    ...attributes,
  )

const active = (...attributes: readonly Attribute[]): ManagedObject =>
  keyOf('SymmetricKey', ...STATES.Active, ...attributes)

const PURPOSES: readonly (readonly [Purpose, ObjectType, 'protects' | 'processes'])[] = [
  ['Encrypt', 'SymmetricKey', 'protects'],
  ['Decrypt', 'SymmetricKey', 'processes'],
  ['Sign', 'PrivateKey', 'protects'],
  ['Verify', 'PublicKey', 'processes'],
  ['MACGenerate', 'SymmetricKey', 'protects'],
  ['MACVerify', 'SymmetricKey', 'processes'],
  ['WrapKey', 'SymmetricKey', 'protects'],
  ['UnwrapKey', 'SymmetricKey', 'processes'],
  ['DeriveKey', 'SymmetricKey', 'protects'],
]

const ALLOWED: Readonly<Record<'protects' | 'processes', readonly string[]>> = {
  protects: ['Active'],
  processes: ['Active', 'Deactivated', 'Compromised'],
}

for (const [purpose, objectType, kind] of PURPOSES) {
  void test(`1.4 §3.22 / 2.1 §4.57: ${purpose} ${kind}: ${ALLOWED[kind].join(', ')}`, (t) => {
    for (const [state, attributes] of Object.entries(STATES)) {
      const expected = ALLOWED[kind].includes(state) ? undefined : 'WrongKeyLifecycleState'
      t.equal(
        reasonOf(() => usableKey(keyOf(objectType, ...attributes), purpose, NOW)),
        expected,
        state,
      )
    }
    t.end()
  })
}

const DATES: readonly (readonly [what: string, Purpose, Attribute, string | undefined])[] = [
  [
    'before its Process Start Date a key does not process',
    'Decrypt',
    { name: 'ProcessStartDate', value: NOW + 1 },
    'WrongKeyLifecycleState',
  ],
  ['at its Process Start Date a key processes', 'Decrypt', { name: 'ProcessStartDate', value: NOW }, undefined],
  ['before its Process Start Date a key protects', 'Encrypt', { name: 'ProcessStartDate', value: NOW + 1 }, undefined],
  ['at its Protect Stop Date a key still protects', 'Encrypt', { name: 'ProtectStopDate', value: NOW }, undefined],
  [
    'after its Protect Stop Date a key does not protect',
    'Encrypt',
    { name: 'ProtectStopDate', value: NOW - 1 },
    'WrongKeyLifecycleState',
  ],
  ['after its Protect Stop Date a key processes', 'Decrypt', { name: 'ProtectStopDate', value: NOW - 1 }, undefined],
]

for (const [what, purpose, attribute, expected] of DATES) {
  void test(`1.4 §3.25, §3.26 / 2.1 §4.40, §4.41: ${what}`, (t) => {
    t.equal(
      reasonOf(() => usableKey(active(attribute), purpose, NOW)),
      expected,
    )
    t.end()
  })
}

const bits = (value: number): Attribute => ({ name: 'CryptographicUsageMask', value })

void test('1.4 §3.19 / 2.1 §4.17: a key is used for what its mask names and nothing else', (t) => {
  const reason = (mask: number, purpose: Purpose) => reasonOf(() => usableKey(active(bits(mask)), purpose, NOW))
  t.equal(reason(CRYPTOGRAPHIC_USAGE_MASK.of('Encrypt'), 'Encrypt'), undefined)
  t.equal(reason(CRYPTOGRAPHIC_USAGE_MASK.of('Encrypt'), 'Decrypt'), 'IncompatibleCryptographicUsageMask')
  t.equal(reason(0, 'Encrypt'), 'IncompatibleCryptographicUsageMask', 'an empty mask allows nothing')
  t.equal(reason(CRYPTOGRAPHIC_USAGE_MASK.of('Unrestricted'), 'Encrypt'), undefined)
  const maskless = withAttributes(objectWith(), NOW, ...STATES.Active)
  t.equal(
    reasonOf(() => usableKey(maskless, 'Encrypt', NOW)),
    'IncompatibleCryptographicUsageMask',
    'nor does none',
  )
  t.end()
})

void test('1.4 §4.10 / 2.1 §6.1.7: several uses are allowed where each of them is', (t) => {
  const mask = fc.integer({ min: 0, max: 0xfffff })
  fc.assert(
    fc.property(mask, mask, (allowed, wanted) => {
      const each = Array.from({ length: 20 }, (_, bit) => 1 << bit).filter((bit) => (wanted & bit) !== 0)
      const object = active(bits(allowed))
      return allowsUsage(object, wanted) === each.every((bit) => allowsUsage(object, bit))
    }),
    { interruptAfterTimeLimit: 500 },
  )
  t.end()
})

const REFUSALS: readonly (readonly [what: string, object: ManagedObject, v14: string, v21: string])[] = [
  ['archived', active({ name: 'ArchiveDate', value: NOW }), 'ObjectArchived', 'ObjectArchived'],
  ['of another type', keyOf('SecretData', ...STATES.Active), 'PermissionDenied', 'InvalidObjectType'],
  ['not active', keyOf('SymmetricKey'), 'PermissionDenied', 'WrongKeyLifecycleState'],
  ['of another use', active(bits(0)), 'PermissionDenied', 'IncompatibleCryptographicUsageMask'],
  ['without material', { ...active(), key: undefined }, 'KeyValueNotPresent', 'KeyValueNotPresent'],
]

for (const [what, object, v14, v21] of REFUSALS) {
  void test(`1.4 §11.30 / 2.1 §6.1.17.1: a key ${what} does not encrypt`, (t) => {
    const told = (version: Version) => reasonFor(version, () => usableKey(object, 'Encrypt', NOW))
    t.equal(told('1.4'), v14)
    t.equal(told('2.1'), v21)
    t.end()
  })
}

const limits = (total: bigint, usageLimitsUnit: UsageLimitsUnit): Attribute => ({
  name: 'UsageLimits',
  value: { usageLimitsTotal: total, usageLimitsCount: total, usageLimitsUnit },
})

const USES: readonly (readonly [UsageLimitsUnit, total: bigint, bytes: number, left: bigint | undefined])[] = [
  ['Byte', 16n, 16, 0n],
  ['Byte', 16n, 17, undefined],
  ['Byte', 16n, 0, 16n],
  ['Object', 2n, 1000, 1n],
  ['Object', 0n, 0, undefined],
]

for (const [unit, total, bytes, left] of USES) {
  void test(`1.4 §3.21 / 2.1 §4.59: ${bytes} bytes of a limit of ${total} ${unit}`, (t) => {
    const object = active(limits(total, unit))
    if (left === undefined)
      t.equal(
        reasonOf(() => protecting(object, bytes, NOW)),
        'PermissionDenied',
      )
    else {
      const after = protecting(object, bytes, NOW + 1)
      t.equal(remainingUse(after), left)
      t.match(valueOf(after.attributes, 'UsageLimits'), { usageLimitsTotal: total, usageLimitsUnit: unit })
      t.equal(valueOf(after.attributes, 'LastChangeDate'), NOW + 1)
    }
    t.end()
  })
}

void test('1.4 §3.21 / 2.1 §4.59: without a limit nothing is counted', (t) => {
  const object = active()
  t.equal(protecting(object, 1000, NOW), object)
  t.equal(remainingUse(object), undefined)
  t.end()
})
