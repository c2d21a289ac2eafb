import fc from 'fast-check'
import { test } from 'tap'
import { type RngParameters, UNSPECIFIED } from '../../src/domain/random-generator.ts'
import { instancesOf, valueOf } from '../../src/domain/attribute-set.ts'
import { MOST_INSTANCES } from '../../src/domain/attribute-values.ts'
import { mergeLayers, withLinkResolved } from '../../src/domain/given-attributes.ts'
import { checkStorage } from '../../src/domain/storage-masks.ts'
import { stateOf } from '../../src/domain/managed-object.ts'
import { unpacked } from '../../src/domain/registered-object.ts'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import type { AttributeName } from '../../src/protocol/attributes.ts'
import { PROTECTION_STORAGE_MASK } from '../../src/protocol/enumerations.ts'
import type { ObjectValue } from '../../src/protocol/structures/managed-objects.ts'
import type { Version } from '../../src/schema/version.ts'
import { depositOf, NOW, OBJECT_ID, objectWith, reasonFor, reasonOf } from '../helpers/objects.ts'

const FACTS: readonly Attribute[] = [
  { name: 'CryptographicAlgorithm', value: 'AES' },
  { name: 'CryptographicLength', value: 256 },
  { name: 'Digest', value: { hashingAlgorithm: 'SHA_256', digestValue: Buffer.from('d') } },
]

const group = (value: string): Attribute => ({ name: 'ObjectGroup', value })

/** SHA-256 of `OBJECT_ID`, by another program. */
const SHORT = Buffer.from('87bd6ad8b1f005dafd3f23099976a7efa88dc7d16776b58a0572a01b81fcd433', 'hex')

/** What the standard sets where nobody says anything: the value on a key that the server made, and on one it was given. */
const IMPLICIT: readonly (readonly [AttributeName, made: unknown, brought: unknown])[] = [
  ['InitialDate', NOW, NOW],
  ['LastChangeDate', NOW, NOW],
  ['OriginalCreationDate', NOW, undefined],
  ['RandomNumberGenerator', { rngAlgorithm: 'Unspecified' }, undefined],
  ['Fresh', true, true],
  ['Sensitive', false, false],
  ['AlwaysSensitive', false, false],
  ['Extractable', true, true],
  ['NeverExtractable', false, false],
  ['ShortUniqueIdentifier', SHORT, SHORT],
  ['ProtectionStorageMask', 1, 1],
  ['CryptographicAlgorithm', 'AES', 'AES'],
  ['CryptographicLength', 256, 256],
  ['CryptographicUsageMask', undefined, undefined],
  ['LeaseTime', 3600, 3600],
  ['ActivationDate', undefined, undefined],
  ['KeyValuePresent', undefined, undefined],
]

for (const [name, made, brought] of IMPLICIT) {
  void test(`1.4 §3 / 2.1 §4: ${name} where nobody sets it`, (t) => {
    const value = (generator: RngParameters | undefined) =>
      valueOf(objectWith([], { deposit: depositOf(...FACTS), generator }).attributes, name)
    t.same(value(UNSPECIFIED), made)
    t.same(value(undefined), brought)
    t.end()
  })
}

void test('1.4 §3.1 / 2.1 §4.58: a new object belongs to whoever makes it', (t) => {
  const object = objectWith()
  t.match(object, { id: OBJECT_ID, tenant: 'default', owner: 'alice', objectType: 'SymmetricKey', rowVersion: 0 })
  t.equal(object.key?.sealVersion, 1)
  t.equal(objectWith([], { deposit: undefined }).key, undefined)
  t.end()
})

void test('2.1 §4.56: an identifier that is no UUID has a Short Unique Identifier as well', (t) => {
  const short = valueOf(objectWith([], { id: 'chosen-by-a-client' }).attributes, 'ShortUniqueIdentifier')
  t.same(short, Buffer.from('8456fdd3c1093c220786f61e4d86b496c0f39acdb977819e5b70c73023e9a361', 'hex'))
  t.end()
})

void test('1.4 §3.34 / 2.1 §4.24: only an object that a client brings may have been served before', (t) => {
  const served: Attribute = { name: 'Fresh', value: false }
  t.equal(valueOf(objectWith([served]).attributes, 'Fresh'), false)
  t.equal(
    reasonOf(() => objectWith([served], { generator: UNSPECIFIED })),
    'InvalidAttributeValue',
  )
  t.equal(valueOf(objectWith([{ name: 'Fresh', value: true }], { generator: UNSPECIFIED }).attributes, 'Fresh'), true)
  t.end()
})

void test('2.1 §4.44: a key that stays in a module is kept in hardware', (t) => {
  const ref = { kind: 'resident', token: 't', keyId: Buffer.from([1]) } as const
  const deposit = { key: { objectId: OBJECT_ID, sealVersion: 1, ref }, attributes: [] }
  t.equal(valueOf(objectWith([], { deposit }).attributes, 'ProtectionStorageMask'), 2)
  t.end()
})

void test('1.4 §3.48-3.51 / 2.1 §4.3, §4.33: the twins of Sensitive and Extractable', (t) => {
  const { attributes } = objectWith([
    { name: 'Sensitive', value: true },
    { name: 'Extractable', value: false },
  ])
  t.equal(valueOf(attributes, 'AlwaysSensitive'), true)
  t.equal(valueOf(attributes, 'NeverExtractable'), true)
  t.end()
})

void test('1.4 §4, §2.1.1: instances have indices, and equal ones are one', (t) => {
  const { attributes } = objectWith([group('a'), { ...group('b'), index: 5 }, group('a')])
  t.same(instancesOf(attributes, 'ObjectGroup'), [
    { name: 'ObjectGroup', value: 'a', index: 0 },
    { name: 'ObjectGroup', value: 'b', index: 1 },
  ])
  t.ok(attributes.every(({ index }) => index !== undefined))
  t.end()
})

/** What a client states of the material: alone, and the facts of the material. */
const STATED: readonly (readonly [Attribute, Attribute, agrees: boolean])[] = [
  [{ name: 'CryptographicAlgorithm', value: 'AES' }, { name: 'CryptographicAlgorithm', value: 'AES' }, true],
  [{ name: 'CryptographicAlgorithm', value: 'DES3' }, { name: 'CryptographicAlgorithm', value: 'AES' }, false],
  [{ name: 'CryptographicAlgorithm', value: 'ECDSA' }, { name: 'CryptographicAlgorithm', value: 'EC' }, true],
  [{ name: 'CryptographicAlgorithm', value: 'EC' }, { name: 'CryptographicAlgorithm', value: 'RSA' }, false],
  [{ name: 'CryptographicLength', value: 128 }, { name: 'CryptographicLength', value: 256 }, false],
  [{ name: 'KeyFormatType', value: 'Raw' }, { name: 'KeyFormatType', value: 'Opaque' }, false],
]

const plain = ({ name, value }: Attribute): string => `${name} ${typeof value === 'object' ? '' : String(value)}`

for (const [attribute, fact, agrees] of STATED) {
  void test(`1.4 §4.3 / 2.1 §6.1.43: ${plain(attribute)} stated of ${plain(fact)}`, (t) => {
    const run = () => objectWith([attribute], { deposit: depositOf(fact) })
    t.equal(reasonFor('2.1', run), agrees ? undefined : 'InvalidAttributeValue')
    t.equal(reasonFor('1.4', run), agrees ? undefined : 'InvalidField')
    if (agrees) t.same(run().attributes.find(({ name }) => name === attribute.name)?.value, attribute.value)
    t.same(
      objectWith([attribute]).attributes.find(({ name }) => name === attribute.name)?.value,
      attribute.value,
      'kept where the material tells nothing',
    )
    t.end()
  })
}

type Failing = readonly [clause: string, run: () => unknown, of21: string, of14: string]

const FAILURES: readonly Failing[] = [
  [
    '2.1 §6.1.8: an attribute with one value is given twice',
    () =>
      objectWith([
        { name: 'Comment', value: 'a' },
        { name: 'Comment', value: 'a' },
      ]),
    'AttributeSingleValued',
    'InvalidField',
  ],
  [
    '2.1 §6.1.8: the server’s own attribute',
    () => objectWith([{ name: 'State', value: 'Active' }]),
    'AttributeReadOnly',
    'PermissionDenied',
  ],
  [
    '1.4 §3.39: a y- attribute',
    () =>
      objectWith([
        { name: 'VendorAttribute', vendor: 'y', attributeName: 'a', value: { type: 'TextString', value: '' } },
      ]),
    'AttributeReadOnly',
    'PermissionDenied',
  ],
  [
    '1.4 §3.24-3.27: dates that contradict each other',
    () =>
      objectWith([
        { name: 'ActivationDate', value: NOW },
        { name: 'DeactivationDate', value: NOW - 1 },
      ]),
    'InvalidAttributeValue',
    'InvalidField',
  ],
  [
    '1.4 §11.2: more instances than the server keeps',
    () => objectWith(Array.from({ length: MOST_INSTANCES + 1 }, (_, index) => group(`${index}`))),
    'ServerLimitExceeded',
    'IndexOutOfBounds',
  ],
  [
    '1.4 §11.2: no room for what the server adds',
    () => objectWith(Array.from({ length: MOST_INSTANCES }, (_, index) => group(`${index}`))),
    'ServerLimitExceeded',
    'IndexOutOfBounds',
  ],
  [
    '1.4 §11.2: Application Data is left to the server',
    () => objectWith([{ name: 'ApplicationSpecificInformation', value: { applicationNamespace: 'ssl' } }]),
    'ApplicationNamespaceNotSupported',
    'ApplicationNamespaceNotSupported',
  ],
  [
    '2.1 §4.45: AES with 128 bits is not quantum safe',
    () =>
      objectWith([
        { name: 'QuantumSafe', value: true },
        { name: 'CryptographicAlgorithm', value: 'AES' },
        { name: 'CryptographicLength', value: 128 },
      ]),
    'GeneralFailure',
    'GeneralFailure',
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

void test('2.1 §4.45: what is quantum safe', (t) => {
  const made = (
    value: boolean,
    algorithm: 'AES' | 'RSA' | 'XMSS',
    length: number,
    objectType: 'SymmetricKey' | 'PublicKey',
  ) =>
    reasonOf(() =>
      objectWith(
        [
          { name: 'QuantumSafe', value },
          { name: 'CryptographicAlgorithm', value: algorithm },
          { name: 'CryptographicLength', value: length },
        ],
        { objectType },
      ),
    )
  t.equal(made(true, 'AES', 256, 'SymmetricKey'), undefined)
  t.equal(made(false, 'AES', 128, 'SymmetricKey'), undefined)
  t.equal(made(true, 'XMSS', 256, 'PublicKey'), undefined)
  t.equal(made(true, 'RSA', 4096, 'PublicKey'), 'GeneralFailure')
  t.equal(
    reasonOf(() => objectWith([{ name: 'QuantumSafe', value: true }])),
    undefined,
    'nothing is known of it',
  )
  t.end()
})

void test('1.4 §3.24 / 2.1 §4.1: the state follows from the dates that are given', (t) => {
  const state = (value: number) => stateOf(objectWith([{ name: 'ActivationDate', value }]), NOW)
  t.equal(state(NOW + 1), 'PreActive')
  t.equal(state(NOW), 'Active')
  t.equal(state(0), 'Active')
  t.end()
})

void test('1.4 §4, §4.2: the first list takes precedence, values of several are joined', (t) => {
  const comment = (value: string): Attribute => ({ name: 'Comment', value })
  t.same(mergeLayers([comment('a'), group('a')], [comment('b'), group('b'), group('a')], [comment('c'), group('c')]), [
    comment('a'),
    group('a'),
    group('b'),
    group('c'),
  ])
  const lists = fc.array(
    fc.array(fc.constantFrom(comment('a'), comment('b'), group('a'), group('b')), { maxLength: 3 }),
  )
  fc.assert(
    fc.property(lists, (layers) => {
      const merged = mergeLayers(...layers)
      t.same(mergeLayers(merged, ...layers), merged, 'nothing is left to add')
    }),
    { interruptAfterTimeLimit: 300, numRuns: 50 },
  )
  t.end()
})

void test('what the server sets gives way to what the client gives', (t) => {
  const link = (id: string): Attribute => ({
    name: 'Link',
    value: { linkType: 'ReplacedObjectLink', linkedObjectIdentifier: { by: 'id', id } },
  })
  const { attributes } = objectWith([{ name: 'ContactInformation', value: 'new' }, link('a')], {
    own: [{ name: 'ContactInformation', value: 'old' }, { name: 'Comment', value: 'taken over' }, link('a'), link('b')],
  })
  t.equal(valueOf(attributes, 'ContactInformation'), 'new')
  t.equal(valueOf(attributes, 'Comment'), 'taken over')
  t.same(
    instancesOf(attributes, 'Link').map(({ value }) => value),
    [link('a').value, link('b').value],
  )
  t.end()
})

void test('2.1 §4.31, §11.58: a Link by reference to the batch becomes one by identifier', (t) => {
  const batch = { resolve: () => OBJECT_ID, produced: () => undefined, clear: () => undefined }
  const link = (linkedObjectIdentifier: { by: 'result'; of: 'Create' } | { by: 'id'; id: string }): Attribute => ({
    name: 'Link',
    value: { linkType: 'ParentLink', linkedObjectIdentifier },
  })
  t.same(withLinkResolved(link({ by: 'result', of: 'Create' }), batch), link({ by: 'id', id: OBJECT_ID }))
  t.same(withLinkResolved(link({ by: 'id', id: 'other' }), batch), link({ by: 'id', id: 'other' }))
  t.same(withLinkResolved(group('a'), batch), group('a'))
  t.end()
})

/** Masks that a client accepts, and whether one of them can be met. */
const MASKS: readonly (readonly [readonly number[] | undefined, boolean])[] = [
  [undefined, true],
  [[], true],
  [[PROTECTION_STORAGE_MASK.code.Software], true],
  [[0], true],
  [[PROTECTION_STORAGE_MASK.code.Hardware], false],
  [[PROTECTION_STORAGE_MASK.of('Software', 'Hardware')], false],
  [[PROTECTION_STORAGE_MASK.code.Hardware, PROTECTION_STORAGE_MASK.code.Software], true],
]

for (const [masks, met] of MASKS) {
  void test(`2.1 §7.33: Protection Storage Masks ${JSON.stringify(masks)}`, (t) => {
    const given = masks === undefined ? undefined : { masks }
    t.equal(
      reasonOf(() => checkStorage(given)),
      met ? undefined : 'ProtectionStorageUnavailable',
    )
    const halves = ['PrivateProtectionStorageUnavailable', 'PublicProtectionStorageUnavailable'] as const
    for (const reason of halves)
      t.equal(
        reasonOf(() => checkStorage(given, reason)),
        met ? undefined : reason,
      )
    t.end()
  })
}

const keyValue = { keyMaterial: Buffer.from('k'), attributes: [group('a')] }
const nothing = { algorithm: undefined, length: undefined }

void test('1.4 §2.1.4 / 2.1 §3.2: attributes inside a Key Value are the object’s', (t) => {
  const brought: ObjectValue = { objectType: 'SymmetricKey', value: { keyBlock: { keyFormatType: 'Raw', keyValue } } }
  const { object, attributes } = unpacked(brought, { algorithm: 'AES', length: 128 })
  t.same(attributes, [group('a')])
  t.match(object.value, {
    keyBlock: { keyValue: { attributes: [] }, cryptographicAlgorithm: 'AES', cryptographicLength: 128 },
  })
  const wrapped: ObjectValue = {
    objectType: 'SplitKey',
    value: {
      splitKeyParts: 2,
      keyPartIdentifier: 1,
      splitKeyThreshold: 2,
      splitKeyMethod: 'XOR',
      keyBlock: { keyFormatType: 'Raw', keyValue: Buffer.from('w'), cryptographicLength: 192 },
    },
  }
  const kept = unpacked(wrapped, { algorithm: 'AES', length: 128 })
  t.same(kept.attributes, [])
  t.match(kept.object.value, { splitKeyParts: 2, keyBlock: { keyValue: Buffer.from('w'), cryptographicLength: 192 } })
  t.end()
})

void test('1.4 §2.2.6, §11.4: what a Template may hold for others', (t) => {
  const template = (...attributes: readonly Attribute[]): (() => unknown) => {
    const object: ObjectValue = { objectType: 'Template', value: { attributes } }
    return () => unpacked(object, nothing)
  }
  const name: Attribute = { name: 'Name', value: { nameValue: 'n', nameType: 'URI' } }
  t.equal(reasonOf(template(group('a'), { name: 'CryptographicLength', value: 128 })), undefined)
  t.equal(reasonOf(template(name)), undefined, 'a Name is its own')
  t.equal(reasonFor('1.4', template({ name: 'State', value: 'Active' })), 'PermissionDenied')
  t.end()
})
