import fc from 'fast-check'
import { test } from 'tap'
import { addAttribute, deleteAttribute, modifyAttribute, setAttribute } from '../../src/domain/attribute-changes.ts'
import { instancesNamed, valueOf, withValue } from '../../src/domain/attribute-set.ts'
import { LONGEST_VALUE, MOST_INSTANCES } from '../../src/domain/attribute-values.ts'
import { equalAttributes, equalValues } from '../../src/domain/equal-values.ts'
import type { ManagedObject } from '../../src/domain/managed-object.ts'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import type { Version } from '../../src/schema/version.ts'
import { arbitraryAttribute } from '../helpers/arbitrary.ts'
import { NOW, objectWith, reasonFor, reasonOf } from '../helpers/objects.ts'

const custom = (value: string, attributeName = 'a', vendor = 'x'): Attribute => ({
  name: 'VendorAttribute',
  vendor,
  attributeName,
  value: { type: 'TextString', value },
})
const name = (nameValue: string): Attribute => ({
  name: 'Name',
  value: { nameValue, nameType: 'UninterpretedTextString' },
})
const group = (value: string): Attribute => ({ name: 'ObjectGroup', value })

const adding = (object: ManagedObject, ...attributes: readonly Attribute[]): ManagedObject =>
  attributes.reduce((to, attribute) => addAttribute(to, attribute, NOW).object, object)

const indices = (object: ManagedObject, attribute: Attribute): readonly (number | undefined)[] =>
  instancesNamed(object.attributes, attribute).map(({ index }) => index)

void test('1.4 §2.1.1: an index names an instance as long as it lives', (t) => {
  const three = adding(objectWith(), group('a'), group('b'), group('c'))
  t.same(indices(three, group('')), [0, 1, 2])
  const { object, attribute } = deleteAttribute(three, { name: 'ObjectGroup' }, { by: 'index', index: 1 }, NOW)
  t.same(attribute, { ...group('b'), index: 1 }, 'the one that went is answered')
  t.same(indices(object, group('')), [0, 2])
  const changed = modifyAttribute(object, { by: 'index', index: 2 }, group('d'), NOW)
  t.same(changed.attribute, { ...group('d'), index: 2 })
  t.same(indices(adding(changed.object, group('e')), group('')), [0, 2, 3])
  const hole = (index: number) => () => modifyAttribute(object, { by: 'index', index }, group('z'), NOW)
  t.equal(reasonOf(hole(1)), 'AttributeInstanceNotFound')
  t.equal(reasonOf(hole(-1)), 'AttributeInstanceNotFound')
  t.end()
})

void test('1.4 §3.38 / 2.1 §4.29: every change is a change of Last Change Date', (t) => {
  const later = NOW + 9
  const object = adding(objectWith(), group('a'))
  const target = { by: 'index', index: 0 } as const
  const changes = [
    addAttribute(object, group('b'), later),
    setAttribute(object, group('b'), later),
    modifyAttribute(object, target, group('b'), later),
    deleteAttribute(object, { name: 'ObjectGroup' }, target, later),
  ]
  for (const change of changes) t.equal(valueOf(change.object.attributes, 'LastChangeDate'), later)
  t.equal(valueOf(object.attributes, 'LastChangeDate'), NOW, 'and the object before is untouched')
  t.end()
})

void test('2.1 §6.1.34, §6.1.13: an instance is named by its value', (t) => {
  const object = adding(objectWith(), custom('one'), custom('two'))
  const changed = modifyAttribute(object, { by: 'value', current: custom('two') }, custom('three'), NOW).object
  t.same(
    instancesNamed(changed.attributes, custom('')).map(({ value }) => value),
    [
      { type: 'TextString', value: 'one' },
      { type: 'TextString', value: 'three' },
    ],
  )
  const left = deleteAttribute(changed, custom('one'), { by: 'value', current: custom('one') }, NOW).object
  t.same(indices(left, custom('')), [1])
  const all = deleteAttribute(object, custom(''), { by: 'all' }, NOW).object
  t.same(indices(all, custom('')), [])
  t.equal(
    reasonOf(() => modifyAttribute(object, { by: 'value', current: custom('four') }, custom('five'), NOW)),
    'AttributeInstanceNotFound',
  )
  t.equal(
    reasonOf(() => modifyAttribute(object, { by: 'only' }, custom('five'), NOW)),
    'AttributeInstanceNotFound',
    'several, and none is named',
  )
  t.end()
})

const archived = {
  ...objectWith(),
  attributes: [...objectWith().attributes, { name: 'ArchiveDate', value: NOW } as const],
}
const withLimits: ManagedObject = adding(objectWith(), {
  name: 'UsageLimits',
  value: { usageLimitsTotal: 10n, usageLimitsUnit: 'Object' },
})
const used: ManagedObject = {
  ...withLimits,
  attributes: withValue(withLimits.attributes, {
    name: 'UsageLimits',
    value: { usageLimitsTotal: 10n, usageLimitsCount: 9n, usageLimitsUnit: 'Object' },
  }),
}
const limits = (total: bigint): Attribute => ({
  name: 'UsageLimits',
  value: { usageLimitsTotal: total, usageLimitsCount: 1n, usageLimitsUnit: 'Byte' },
})

type Failing = readonly [clause: string, run: () => unknown, of21: string, of14: string]

const FIRST = { by: 'index', index: 0 } as const

const FAILURES: readonly Failing[] = [
  [
    '1.4 §11.14 / 2.1 §6.1.2: a read-only attribute is added',
    () => addAttribute(objectWith(), { name: 'State', value: 'Active' }, NOW),
    'ReadOnlyAttribute',
    'PermissionDenied',
  ],
  [
    '1.4 §11.14: an attribute that the object cannot have is added',
    () => addAttribute(objectWith(), { name: 'CryptographicDomainParameters', value: { qlength: 160 } }, NOW),
    'InvalidAttribute',
    'PermissionDenied',
  ],
  [
    '1.4 §11.14 / 2.1 §6.1.2: the attribute exists',
    () => adding(objectWith(), { name: 'Comment', value: 'a' }, { name: 'Comment', value: 'b' }),
    'AttributeSingleValued',
    'IllegalOperation',
  ],
  [
    '1.4 §11.14: the new attribute has an index',
    () => addAttribute(objectWith(), { ...group('a'), index: 1 }, NOW),
    'InvalidField',
    'InvalidField',
  ],
  [
    '1.4 §11.14 / 2.1 §6.1.2: the Name is in use',
    () => adding(objectWith(), name('a'), name('a')),
    'NonUniqueNameAttribute',
    'IllegalOperation',
  ],
  [
    '1.4 §11.15 / 2.1 §6.1.34: the Name is in use',
    () => modifyAttribute(adding(objectWith(), name('a'), name('b')), { by: 'index', index: 1 }, name('a'), NOW),
    'NonUniqueNameAttribute',
    'IllegalOperation',
  ],
  [
    '1.4 §11.14: Application Data is left to the server',
    () =>
      addAttribute(
        objectWith(),
        { name: 'ApplicationSpecificInformation', value: { applicationNamespace: 'ssl' } },
        NOW,
      ),
    'ApplicationNamespaceNotSupported',
    'ApplicationNamespaceNotSupported',
  ],
  ['1.4 §11.14: archived', () => addAttribute(archived, group('a'), NOW), 'ObjectArchived', 'ObjectArchived'],
  ['2.1 §6.1.51: archived', () => setAttribute(archived, group('a'), NOW), 'ObjectArchived', 'ObjectArchived'],
  ['1.4 §11.15: archived', () => modifyAttribute(archived, FIRST, group('a'), NOW), 'ObjectArchived', 'ObjectArchived'],
  [
    '1.4 §11.16: archived',
    () => deleteAttribute(archived, { name: 'ObjectGroup' }, FIRST, NOW),
    'ObjectArchived',
    'ObjectArchived',
  ],
  [
    '1.4 §11.15 / 2.1 §6.1.34: the attribute does not exist',
    () => modifyAttribute(objectWith(), FIRST, group('a'), NOW),
    'AttributeNotFound',
    'InvalidField',
  ],
  [
    '1.4 §11.15 / 2.1 §6.1.34: the instance does not exist',
    () => modifyAttribute(adding(objectWith(), group('a')), { by: 'index', index: 5 }, group('b'), NOW),
    'AttributeInstanceNotFound',
    'ItemNotFound',
  ],
  [
    '1.4 §11.15 / 2.1 §6.1.34: a read-only attribute is changed',
    () => modifyAttribute(objectWith(), FIRST, { name: 'CertificateLength', value: 1 }, NOW),
    'AttributeReadOnly',
    'PermissionDenied',
  ],
  [
    '1.4 §11.16 / 2.1 §6.1.13: a required attribute is deleted',
    () => deleteAttribute(objectWith(), { name: 'InitialDate' }, FIRST, NOW),
    'AttributeReadOnly',
    'PermissionDenied',
  ],
  [
    '1.4 §11.16 / 2.1 §6.1.13: the attribute does not exist',
    () => deleteAttribute(objectWith(), { name: 'Comment' }, FIRST, NOW),
    'AttributeNotFound',
    'ItemNotFound',
  ],
  [
    '1.4 §11.16 / 2.1 §6.1.13: no version has the attribute',
    () => deleteAttribute(objectWith(), { name: 'Unknown', label: 'Colour' }, FIRST, NOW),
    'AttributeNotFound',
    'ItemNotFound',
  ],
  [
    '1.4 §11.16 / 2.1 §6.1.13: the instance does not exist',
    () => deleteAttribute(adding(objectWith(), group('a')), { name: 'ObjectGroup' }, { by: 'index', index: 1 }, NOW),
    'AttributeInstanceNotFound',
    'ItemNotFound',
  ],
  [
    '2.1 §6.1.51: several instances are set',
    () => setAttribute(adding(objectWith(), custom('a'), custom('b')), custom('c'), NOW),
    'MultiValuedAttribute',
    'InvalidField',
  ],
  [
    '2.1 §6.1.51: a read-only attribute is set',
    () => setAttribute(objectWith(), { name: 'Fresh', value: false }, NOW),
    'ReadOnlyAttribute',
    'PermissionDenied',
  ],
  [
    '1.4 §3.39: a client makes a y- attribute',
    () => addAttribute(objectWith(), custom('a', 'a', 'y'), NOW),
    'ReadOnlyAttribute',
    'PermissionDenied',
  ],
  [
    '1.4 §3.39: a client changes a y- attribute',
    () => modifyAttribute(objectWith(), FIRST, custom('a', 'a', 'y'), NOW),
    'AttributeReadOnly',
    'PermissionDenied',
  ],
  [
    '1.4 §3.39: a custom attribute without a name',
    () => addAttribute(objectWith(), custom('a', ''), NOW),
    'InvalidAttribute',
    'InvalidField',
  ],
  [
    '1.4 §3.39: a structure in the structure of a custom attribute',
    () =>
      addAttribute(
        objectWith(),
        {
          name: 'VendorAttribute',
          vendor: 'x',
          attributeName: 'a',
          value: { type: 'Structure', value: Buffer.from('540001020000000454000201000000005400020100000000', 'hex') },
        },
        NOW,
      ),
    'InvalidAttributeValue',
    'InvalidField',
  ],
  ['1.4 §3.2: an empty Name', () => addAttribute(objectWith(), name(''), NOW), 'InvalidAttributeValue', 'InvalidField'],
  [
    '1.4 §9.1.3.3.1: a usage that no version has',
    () => addAttribute(objectWith(), { name: 'CryptographicUsageMask', value: 0x4000_0000 }, NOW),
    'InvalidAttributeValue',
    'InvalidField',
  ],
  [
    '1.4 §3.21: Usage Limits are changed in use',
    () => modifyAttribute(used, FIRST, limits(20n), NOW),
    'WrongKeyLifecycleState',
    'PermissionDenied',
  ],
  [
    '1.4 §3.21: Usage Limits are deleted in use',
    () => deleteAttribute(used, { name: 'UsageLimits' }, FIRST, NOW),
    'WrongKeyLifecycleState',
    'PermissionDenied',
  ],
  [
    'a value is longer than the server keeps',
    () => addAttribute(objectWith(), group('a'.repeat(LONGEST_VALUE + 1)), NOW),
    'ServerLimitExceeded',
    'IndexOutOfBounds',
  ],
  [
    'a text is longer than the server keeps, deep inside',
    () => addAttribute(objectWith(), name('é'.repeat(LONGEST_VALUE / 2 + 1)), NOW),
    'ServerLimitExceeded',
    'IndexOutOfBounds',
  ],
]

for (const [clause, run, of21, of14] of FAILURES) {
  void test(clause, (t) => {
    const versions: readonly (readonly [Version, string])[] = [
      ['2.1', of21],
      ['1.4', of14],
    ]
    for (const [version, reason] of versions) t.equal(reasonFor(version, run), reason, version)
    t.end()
  })
}

void test('1.4 §11.14 / 2.1 §6.1.2: an object has room for so many attributes and no more', (t) => {
  let object = objectWith()
  while (object.attributes.length < MOST_INSTANCES) {
    const attributes = [
      ...object.attributes,
      { ...group(`${object.attributes.length}`), index: object.attributes.length },
    ]
    object = { ...object, attributes }
  }
  const add = () => addAttribute(object, group('more'), NOW)
  t.equal(reasonFor('2.1', add), 'ServerLimitExceeded')
  t.equal(reasonFor('1.4', add), 'IndexOutOfBounds')
  t.equal(
    reasonFor('1.4', () => setAttribute(object, { name: 'Sensitive', value: true }, NOW)),
    undefined,
  )
  t.end()
})

void test('1.4 §3.21 / 2.1 §4.59: the Count is the server’s and starts at the Total', (t) => {
  const counted = { usageLimitsTotal: 10n, usageLimitsCount: 10n, usageLimitsUnit: 'Object' }
  t.same(valueOf(withLimits.attributes, 'UsageLimits'), counted)
  const changed = modifyAttribute(withLimits, FIRST, limits(20n), NOW)
  t.same(changed.attribute.value, { usageLimitsTotal: 20n, usageLimitsCount: 20n, usageLimitsUnit: 'Byte' })
  t.equal(
    reasonOf(() => deleteAttribute(withLimits, { name: 'UsageLimits' }, FIRST, NOW)),
    undefined,
  )
  t.end()
})

void test('1.4 §3.18: Operation Policy Name may be added again', (t) => {
  const object = adding(
    objectWith(),
    { name: 'OperationPolicyName', value: 'default' },
    { name: 'OperationPolicyName', value: 'other' },
  )
  t.equal(valueOf(object.attributes, 'OperationPolicyName'), 'other')
  t.equal(instancesNamed(object.attributes, { name: 'OperationPolicyName' }).length, 1)
  t.end()
})

void test('1.4 §3.48-3.51 / 2.1 §4.3, §4.33: what has once been otherwise is remembered', (t) => {
  const start = objectWith([
    { name: 'Sensitive', value: true },
    { name: 'Extractable', value: false },
  ])
  const flags = ({ attributes }: ManagedObject) => [
    valueOf(attributes, 'Sensitive'),
    valueOf(attributes, 'AlwaysSensitive'),
    valueOf(attributes, 'Extractable'),
    valueOf(attributes, 'NeverExtractable'),
  ]
  const set = (object: ManagedObject, ...attributes: readonly Attribute[]): ManagedObject =>
    attributes.reduce((to, attribute) => setAttribute(to, attribute, NOW).object, object)
  t.same(flags(start), [true, true, false, true])
  const open = set(start, { name: 'Sensitive', value: false }, { name: 'Extractable', value: true })
  t.same(flags(open), [false, false, true, false])
  t.same(flags(set(open, { name: 'Sensitive', value: true }, { name: 'Extractable', value: false })), [
    true,
    false,
    false,
    false,
  ])
  t.same(flags(set(start, { name: 'Sensitive', value: true }, { name: 'Extractable', value: false })), flags(start))
  t.end()
})

void test('1.4 §3.24-3.27 / 2.1 §4.1: dates that contradict each other are refused, whatever else changes', (t) => {
  const object = objectWith([
    { name: 'ActivationDate', value: NOW + 10 },
    { name: 'DeactivationDate', value: NOW + 20 },
  ])
  const late = () => modifyAttribute(object, FIRST, { name: 'ActivationDate', value: NOW + 21 }, NOW)
  const early = () => addAttribute(object, { name: 'ProcessStartDate', value: NOW + 9 }, NOW)
  for (const run of [late, early]) {
    t.equal(reasonFor('2.1', run), 'InvalidAttributeValue')
    t.equal(reasonFor('1.4', run), 'InvalidField')
  }
  const broken = {
    ...object,
    attributes: withValue(object.attributes, { name: 'DeactivationDate', value: NOW - 1 }),
  }
  t.equal(
    reasonOf(() => addAttribute(broken, group('a'), NOW)),
    undefined,
    'Revoke may have deactivated it before its time',
  )
  t.end()
})

void test('a stored attribute owns its bytes: the message goes', (t) => {
  const message = Buffer.from('abcd')
  const { object } = addAttribute(
    objectWith(),
    {
      name: 'VendorAttribute',
      vendor: 'ACME',
      attributeName: 'b',
      value: { type: 'ByteString', value: message.subarray(0, 2) },
    },
    NOW,
  )
  message.fill(0)
  const ref = { name: 'VendorAttribute', vendor: 'ACME', attributeName: 'b' } as const
  const [kept] = instancesNamed(object.attributes, ref)
  t.same(kept?.value, { type: 'ByteString', value: Buffer.from('ab') })
  t.end()
})

void test('2.1 §6.1.34: equal values are equal by what they say', (t) => {
  t.ok(equalValues({ a: 1, b: undefined }, { a: 1 }))
  t.ok(equalValues([Buffer.from('a'), 1n], [Buffer.from('a'), 1n]))
  const different: readonly (readonly [unknown, unknown])[] = [
    [1, 1n],
    [{ a: 1 }, { a: 1, b: 2 }],
    [Buffer.from('a'), Buffer.from('b')],
    [Buffer.from('a'), 'a'],
    [{ 0: 97 }, Buffer.from('a')],
    [[1], { 0: 1 }],
    [[1], [1, 2]],
    [null, {}],
    [undefined, 0],
  ]
  for (const [a, b] of different) t.notOk(equalValues(a, b))
  fc.assert(
    fc.property(arbitraryAttribute('2.1'), (attribute) => {
      const given = attribute as Attribute
      return equalAttributes(given, { ...given, index: 7 })
    }),
    { interruptAfterTimeLimit: 500 },
  )
  t.end()
})
