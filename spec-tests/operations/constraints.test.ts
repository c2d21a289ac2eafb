import { join } from 'node:path'
import { test } from 'tap'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import { CRYPTOGRAPHIC_USAGE_MASK, type ObjectType } from '../../src/protocol/enumerations.ts'
import { openDatabase } from '../../src/store/sqlite/connection.ts'
import {
  attributeOf,
  attributesOf,
  createKey,
  idIn,
  of,
  openServer,
  refusal,
  registerKey,
  usage,
  group,
} from '../helpers/calls.ts'
import { type Payload, randomKey, type TestClient } from '../helpers/harness.ts'

const { client, harness } = await openServer()
const admin = harness.client('root', 'admin')

type Rule = {
  readonly types?: readonly ObjectType[]
  readonly groups?: readonly string[]
  readonly demanded?: readonly Attribute[]
}

const constraint = ({ types, groups, demanded }: Rule): Payload => ({
  ...(types === undefined ? {} : { objectTypes: { types } }),
  ...(groups === undefined ? {} : { objectGroups: { groups } }),
  ...(demanded === undefined ? {} : { attributes: attributesOf(...demanded) }),
})

const constrain = (...rules: readonly Rule[]): Promise<Payload> =>
  admin.call('2.1', 'SetConstraints', { constraints: { constraints: rules.map(constraint) } })

const algorithm = (value: 'AES' | 'DES3'): Attribute => ({ name: 'CryptographicAlgorithm', value })
const length = (value: number): Attribute => ({ name: 'CryptographicLength', value })

const told = async (attributes: readonly Attribute[], by: TestClient = client): Promise<string> =>
  refusal(
    await by.attempt('2.1', 'Create', {
      objectType: 'SymmetricKey',
      attributes: attributesOf(usage('Encrypt'), ...attributes),
    }),
  )

const AES_128 = [algorithm('AES'), length(128)]
const AES_192 = [algorithm('AES'), length(192)]
const AES_256 = [algorithm('AES'), length(256)]
const SYMMETRIC: readonly ObjectType[] = ['SymmetricKey']

void test('2.1 §6.1.22, §6.1.52: Constraints are set, told and lifted', async (t) => {
  t.same(await client.call('2.1', 'GetConstraints', {}), { constraints: { constraints: [] } })
  const rules = [
    { types: SYMMETRIC, groups: ['Group1'], demanded: AES_256 },
    { types: SYMMETRIC, demanded: AES_192 },
  ]
  t.same(await constrain(...rules), {})
  t.match(await client.call('2.1', 'GetConstraints', {}), { constraints: { constraints: rules.map(constraint) } })
  await harness.restart()
  t.match(await client.call('2.1', 'GetConstraints', {}), { constraints: { constraints: rules.map(constraint) } })
  await constrain({ types: SYMMETRIC })
  t.match(await client.call('2.1', 'GetConstraints', {}), {
    constraints: { constraints: [constraint({ types: SYMMETRIC })] },
  })
  await admin.call('2.1', 'SetConstraints', {})
  t.same(await client.call('2.1', 'GetConstraints', {}), { constraints: { constraints: [] } })
})

void test('2.1 §6.1.52: an administrator sets them, and who is none does not', async (t) => {
  t.equal(refusal(await client.attempt('2.1', 'SetConstraints', {})), 'PermissionDenied')
  t.equal(refusal(await client.attempt('2.1', 'SetDefaults', {})), 'PermissionDenied')
})

void test('2.1 §7.6: every field of a Constraint', async (t) => {
  const CASES: readonly (readonly [
    what: string,
    rules: readonly Rule[],
    good: readonly Attribute[][],
    bad: readonly Attribute[][],
  ])[] = [
    ['attributes of all objects', [{ demanded: AES_256 }], [AES_256], [AES_128, [algorithm('DES3'), length(168)]]],
    ['of a type', [{ types: SYMMETRIC, demanded: AES_256 }], [AES_256], [AES_128]],
    ['of another type', [{ types: ['Certificate'], demanded: [length(4096)] }], [AES_128], []],
    [
      'of a group',
      [{ groups: ['tapes'], demanded: AES_256 }],
      [AES_128, [...AES_256, group('tapes')]],
      [[...AES_128, group('tapes')]],
    ],
    ['a choice of values', [{ demanded: [algorithm('AES'), length(192), length(256)] }], [AES_192, AES_256], [AES_128]],
    [
      'a choice of Constraints',
      [{ demanded: AES_256 }, { demanded: [algorithm('DES3')] }],
      [AES_256, [algorithm('DES3'), length(168)]],
      [AES_128],
    ],
    [
      'a group comes before all others',
      [
        { types: SYMMETRIC, groups: ['Group1'], demanded: AES_256 },
        { types: SYMMETRIC, demanded: AES_192 },
      ],
      [AES_192, [...AES_256, group('Group1')]],
      [AES_256, [...AES_192, group('Group1')]],
    ],
    [
      'what the closer one leaves open',
      [{ types: SYMMETRIC, demanded: AES_256 }, { demanded: [{ name: 'Sensitive', value: true }] }],
      [[...AES_256, { name: 'Sensitive', value: true }]],
      [AES_256],
    ],
    [
      'two groups at once',
      [
        { groups: ['a'], demanded: AES_256 },
        { groups: ['b'], demanded: AES_256 },
        { groups: ['c'], demanded: AES_128 },
      ],
      [[...AES_256, group('a'), group('b')]],
      [[...AES_256, group('a'), group('c')]],
    ],
    [
      'an attribute that is missing',
      [{ demanded: [{ name: 'Comment', value: 'checked' }] }],
      [[...AES_256, { name: 'Comment', value: 'checked' }]],
      [AES_256, [...AES_256, { name: 'Comment', value: 'so so' }]],
    ],
    ['a mask that allows more', [{ demanded: [usage('Encrypt', 'Decrypt')] }], [AES_256], []],
    ['a mask that allows less', [{ demanded: [usage('Sign')] }], [], [AES_256]],
    ['nothing demanded', [{ types: SYMMETRIC }, {}], [AES_128], []],
  ]
  for (const [what, rules, good, bad] of CASES) {
    await constrain(...rules)
    for (const attributes of good) t.equal(await told(attributes), 'Success', what)
    for (const attributes of bad) t.equal(await told(attributes), 'ConstraintViolation', what)
  }
  await constrain()
})

void test('2.1 §7.6: every operation that makes an object keeps to them', async (t) => {
  const short = await createKey(client, '2.1', usage('DeriveKey', 'Encrypt'), {
    name: 'ActivationDate',
    value: harness.clock.now(),
  })
  const pair = await client.call('2.1', 'CreateKeyPair', {
    common: attributesOf({ name: 'CryptographicAlgorithm', value: 'RSA' }, length(1024)),
  })
  await constrain({ demanded: [length(2048)] })
  const reason = async (operation: Parameters<TestClient['attempt']>[1], request: Payload): Promise<string> =>
    refusal(await client.attempt('2.1', operation, request))
  const SymmetricKey = {
    keyBlock: {
      keyFormatType: 'Raw',
      keyValue: { keyMaterial: randomKey(32), attributes: [] },
      cryptographicAlgorithm: 'AES',
      cryptographicLength: 256,
    },
  }
  const registered = { objectType: 'SymmetricKey', attributes: attributesOf(), SymmetricKey }
  t.equal(await reason('Register', registered), 'ConstraintViolation')
  const imported = { uniqueIdentifier: 'brought', objectType: 'SymmetricKey', attributes: [], SymmetricKey }
  t.equal(await reason('Import', imported), 'ConstraintViolation')
  t.equal(await reason('ReKey', of(short)), 'ConstraintViolation')
  const privateKeyUniqueIdentifier = { by: 'id', id: idIn(pair, 'privateKeyUniqueIdentifier') }
  t.equal(await reason('ReKeyKeyPair', { privateKeyUniqueIdentifier }), 'ConstraintViolation')
  const common = attributesOf({ name: 'CryptographicAlgorithm', value: 'RSA' }, length(1024))
  t.equal(await reason('CreateKeyPair', { common }), 'ConstraintViolation')
  const splitting = {
    objectType: 'SplitKey',
    ...of(short),
    splitKeyParts: 2,
    splitKeyThreshold: 2,
    splitKeyMethod: 'XOR',
  }
  t.equal(await reason('CreateSplitKey', { ...splitting, attributes: attributesOf() }), 'ConstraintViolation')
  const derivation = {
    objectType: 'SymmetricKey',
    uniqueIdentifiers: [{ by: 'id', id: short }],
    derivationMethod: 'HASH',
    derivationParameters: { derivationData: [], cryptographicParameters: { hashingAlgorithm: 'SHA_256' } },
    attributes: attributesOf(...AES_256),
  }
  t.equal(await reason('DeriveKey', derivation), 'ConstraintViolation')
  const undone = await client.batch(
    '2.1',
    [
      {
        operation: 'Create',
        request: { objectType: 'SymmetricKey', attributes: attributesOf(algorithm('AES'), length(256)) },
      },
    ],
    { option: 'Undo' },
  )
  t.equal(undone[0]?.reason, 'ConstraintViolation')
  await constrain()
  t.equal(await reason('Import', imported), 'Success')
  await constrain({ demanded: [length(2048)] })
  t.equal(await reason('Import', { ...imported, replaceExisting: true }), 'ConstraintViolation', 'in place of another')
  t.equal((await reason('Activate', of(short))) === 'ConstraintViolation', false, 'what is there is left alone')
  await constrain()
  t.equal(refusal(await client.attempt('1.4', 'ReKey', of(short))), 'Success')
})

void test('2.1 §6.1.52: 1.x says Invalid Field', async (t) => {
  await constrain({ demanded: AES_256 })
  const request = { objectType: 'SymmetricKey', attributes: attributesOf(...AES_128) }
  t.equal(refusal(await client.attempt('1.4', 'Create', request)), 'InvalidField')
  await constrain()
})

void test('2.1 §6.1.52.1, §6.1.53.1: what cannot be set', async (t) => {
  const reason = async (operation: 'SetConstraints' | 'SetDefaults', request: Payload): Promise<string> =>
    refusal(await admin.attempt('2.1', operation, request))
  const many = Array.from({ length: 257 }, () => constraint({ types: SYMMETRIC }))
  t.equal(await reason('SetConstraints', { constraints: { constraints: many } }), 'InvalidField')
  const mask: Attribute = { name: 'CryptographicUsageMask', value: ~CRYPTOGRAPHIC_USAGE_MASK.all }
  const strange = [constraint({ demanded: [mask] })]
  t.equal(await reason('SetConstraints', { constraints: { constraints: strange } }), 'InvalidAttributeValue')
  const defaults = (objectDefaults: readonly Payload[]) =>
    reason('SetDefaults', { defaultsInformation: { objectDefaults } })
  t.equal(await defaults([{ attributes: attributesOf(length(256)) }]), 'InvalidField', 'no Object Type')
  const readOnly = attributesOf({ name: 'InitialDate', value: 0 })
  t.equal(await defaults([{ objectType: 'SymmetricKey', attributes: readOnly }]), 'InvalidField')
  const foreign = attributesOf({ name: 'CertificateType', value: 'X_509' })
  t.equal(await defaults([{ objectType: 'SymmetricKey', attributes: foreign }]), 'InvalidField')
  const one = { objectType: 'SymmetricKey', attributes: attributesOf() }
  t.equal(await defaults(Array.from({ length: 257 }, () => one)), 'InvalidField')
})

const DEFAULTS: readonly Payload[] = [
  {
    objectType: 'SymmetricKey',
    attributes: attributesOf(...AES_256, usage('Encrypt', 'Decrypt'), { name: 'Comment', value: 'plain' }),
  },
  {
    objectTypes: { types: ['SymmetricKey', 'SecretData'] },
    attributes: attributesOf(length(128), { name: 'Comment', value: 'of a tape' }),
    objectGroups: { groups: ['tapes'] },
  },
  {
    objectTypes: { types: ['PrivateKey', 'PublicKey'] },
    attributes: attributesOf({ name: 'CryptographicAlgorithm', value: 'RSA' }, length(2048)),
  },
]

const queried = async (objectGroups?: readonly string[]): Promise<unknown> => {
  const functions = ['QueryDefaultsInformation']
  const groups = objectGroups === undefined ? {} : { objectGroups: { groups: objectGroups } }
  const { defaultsInformation } = await client.call('2.1', 'Query', { functions, ...groups })
  return (defaultsInformation as { objectDefaults: unknown }).objectDefaults
}

void test('2.1 §6.1.53, §7.22: defaults fill in what a client leaves out', async (t) => {
  await admin.call('2.1', 'SetDefaults', { defaultsInformation: { objectDefaults: DEFAULTS } })
  await harness.restart()
  t.match(await queried(), DEFAULTS)
  t.match(await queried(['disks']), [DEFAULTS[0], DEFAULTS[2]])
  const make = async (...given: readonly Attribute[]): Promise<string> =>
    idIn(await client.call('2.1', 'Create', { objectType: 'SymmetricKey', attributes: attributesOf(...given) }))
  const plain = await make()
  const CASES: readonly (readonly [id: string, Attribute['name'], value: unknown])[] = [
    [plain, 'CryptographicLength', 256],
    [plain, 'CryptographicUsageMask', usage('Encrypt', 'Decrypt').value],
    [plain, 'Comment', 'plain'],
    [await make(length(192), { name: 'Comment', value: 'mine' }), 'CryptographicLength', 192],
    [await make({ name: 'Comment', value: 'mine' }), 'Comment', 'mine'],
    [await make(group('tapes')), 'CryptographicLength', 128],
    [await make(group('tapes')), 'Comment', 'of a tape'],
    [await make(group('tapes')), 'CryptographicAlgorithm', 'AES'],
  ]
  for (const [id, name, value] of CASES) t.equal(await attributeOf(client, '2.1', id, name), value, name)
  const registered = await registerKey(client, '2.1', randomKey(16))
  t.equal(await attributeOf(client, '2.1', registered, 'CryptographicLength'), 128, 'the material tells')
  t.equal(await attributeOf(client, '2.1', registered, 'Comment'), 'plain')
  const { privateKeyUniqueIdentifier: id } = await client.call('2.1', 'CreateKeyPair', {
    public: attributesOf(length(1024)),
  })
  t.equal(
    await attributeOf(client, '2.1', String(id), 'CryptographicLength'),
    1024,
    'what is said of one key of a pair',
  )
  const old = await client.call('1.0', 'Create', { objectType: 'SymmetricKey', attributes: attributesOf() })
  t.equal(await attributeOf(client, '1.4', idIn(old), 'CryptographicLength'), 256, 'clients of all versions')
})

void test('2.1 §6.1.52: a rule that somebody has changed in the database is noticed: nothing is made', async (t) => {
  await constrain({ demanded: AES_256 })
  const database = openDatabase(join(harness.directory, 'kmipd.db'), 'read-write')
  database.prepare("UPDATE records SET document = zeroblob(length(document)) WHERE kind = 'constraints'").run()
  database.close()
  await harness.restart()
  t.equal(await told(AES_256), 'CryptographicFailure')
  const again = openDatabase(join(harness.directory, 'kmipd.db'), 'read-write')
  again.prepare("DELETE FROM records WHERE kind = 'constraints'").run()
  again.close()
  await harness.restart()
})

void test('2.1 §6.1.53: defaults obey Constraints, and are removed by an empty request', async (t) => {
  await constrain({ types: SYMMETRIC, demanded: [length(128)] })
  t.equal(
    refusal(await client.attempt('2.1', 'Create', { objectType: 'SymmetricKey', attributes: attributesOf() })),
    'ConstraintViolation',
  )
  await constrain()
  await admin.call('2.1', 'SetDefaults', {})
  t.same(await queried(), [])
  t.equal(
    refusal(await client.attempt('2.1', 'Create', { objectType: 'SymmetricKey', attributes: attributesOf() })),
    'InvalidMessage',
  )
})
