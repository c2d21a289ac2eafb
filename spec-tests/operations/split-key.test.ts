import { test } from 'tap'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import type { Version } from '../../src/schema/version.ts'
import {
  attributeOf,
  attributesOf,
  byId,
  createKey,
  FAMILIES,
  idIn,
  inFamily,
  named,
  of,
  openServer,
  refusal,
  registerKey,
  usage,
} from '../helpers/calls.ts'
import { type Payload, randomKey } from '../helpers/harness.ts'

const { client, harness } = await openServer()

const AES_128: readonly Attribute[] = [
  { name: 'CryptographicAlgorithm', value: 'AES' },
  { name: 'CryptographicLength', value: 128 },
]

const splitting = (source: string | undefined, more: Payload = {}): Payload => ({
  objectType: 'SplitKey',
  ...(source === undefined ? {} : of(source)),
  splitKeyParts: 3,
  splitKeyThreshold: 2,
  splitKeyMethod: 'PolynomialSharingGF2_16',
  attributes: attributesOf(),
  ...more,
})

const split = async (version: Version, request: Payload): Promise<readonly string[]> => {
  const { uniqueIdentifiers } = await client.call(version, 'CreateSplitKey', request)
  return uniqueIdentifiers as readonly string[]
}

const joining = (ids: readonly string[], more: Payload = {}): Payload => ({
  objectType: 'SymmetricKey',
  uniqueIdentifiers: ids.map(byId),
  ...more,
})

const materialOf = async (version: Version, id: string): Promise<Buffer> => {
  const { SecretData, SymmetricKey, SplitKey } = await client.call(version, 'Get', of(id))
  const { keyBlock } = (SplitKey ?? SecretData ?? SymmetricKey) as {
    keyBlock: { keyValue: { keyMaterial: Buffer } }
  }
  return keyBlock.keyValue.keyMaterial
}

for (const version of FAMILIES) {
  void test(`1.4 §4.38, §4.39 / 2.1 §6.1.10, §6.1.27: ${version}: a key is split, and joined from some parts`, async (t) => {
    const material = randomKey(16)
    const source = await registerKey(client, version, material, usage('Encrypt', 'Decrypt'))
    const ids = await split(version, splitting(source))
    t.equal(new Set(ids).size, 3)
    const { objectType, SplitKey } = await client.call(version, 'Get', of(ids[1] ?? ''))
    t.equal(objectType, 'SplitKey')
    t.match(SplitKey, { splitKeyParts: 3, keyPartIdentifier: 2, splitKeyThreshold: 2 })
    t.match(SplitKey, { splitKeyMethod: 'PolynomialSharingGF2_16', keyBlock: { keyFormatType: 'Raw' } })
    t.equal(await attributeOf(client, version, ids[0] ?? '', 'CryptographicLength'), 128)
    const mask = usage('Encrypt', 'Decrypt').value
    t.equal(await attributeOf(client, version, ids[0] ?? '', 'CryptographicUsageMask'), mask)
    const key = idIn(await client.call(version, 'JoinSplitKey', joining([ids[2] ?? '', ids[0] ?? ''])))
    t.same(await materialOf(version, key), material)
    t.equal(await attributeOf(client, version, key, 'CryptographicAlgorithm'), 'AES')
    t.equal(await attributeOf(client, version, key, 'CryptographicUsageMask'), mask)
    t.equal(await attributeOf(client, version, key, 'State'), 'PreActive')
  })

  void test(`1.4 §4.38 / 2.1 §6.1.10: ${version}: a key that is made to be split, and the first part as ID Placeholder`, async (t) => {
    const attributes = attributesOf(...AES_128, usage('Encrypt'))
    const results = await client.batch(version, [
      { operation: 'CreateSplitKey', request: splitting(undefined, { attributes }) },
      { operation: 'Get', request: {} },
    ])
    t.match(results[1]?.payload['SplitKey'], { keyPartIdentifier: 1 })
    const ids = results[0]?.payload['uniqueIdentifiers'] as readonly string[]
    t.equal(ids[0], results[1]?.payload['uniqueIdentifier'])
    const one = idIn(await client.call(version, 'JoinSplitKey', joining(ids.slice(0, 2))))
    const other = idIn(await client.call(version, 'JoinSplitKey', joining(ids.slice(1))))
    t.same(await materialOf(version, one), await materialOf(version, other))
    t.equal((await materialOf(version, one)).length, 16)
  })

  void test(`1.4 §4.39 / 2.1 §6.1.27: ${version}: Secret Data of the type asked for`, async (t) => {
    const ids = await split(version, splitting(await registerKey(client, version, randomKey(16))))
    const told = async (more: Payload): Promise<unknown> => {
      const request = joining(ids, { objectType: 'SecretData', ...more })
      return (await client.call(version, 'Get', of(idIn(await client.call(version, 'JoinSplitKey', request)))))[
        'SecretData'
      ]
    }
    t.match(await told({ secretDataType: 'Seed' }), { secretDataType: 'Seed' })
    t.match(await told({}), { secretDataType: 'Password' })
  })

  void test(`1.4 §4.38 / 2.1 §6.1.10: ${version}: the attributes of the key take precedence`, async (t) => {
    const later = harness.clock.now() + 1000
    const source = await registerKey(
      client,
      version,
      randomKey(16),
      usage('Encrypt'),
      { name: 'ActivationDate', value: later },
      { name: 'Sensitive', value: true },
    )
    const given: readonly Attribute[] = [
      { name: 'CryptographicLength', value: 256 },
      usage('Decrypt'),
      { name: 'ActivationDate', value: later + 5 },
      { name: 'Sensitive', value: false },
      { name: 'ObjectGroup', value: 'halves' },
    ]
    const ids = await split(version, splitting(source, { attributes: attributesOf(...given) }))
    for (const id of ids) {
      t.equal(await attributeOf(client, version, id, 'CryptographicLength'), 128)
      t.equal(await attributeOf(client, version, id, 'CryptographicUsageMask'), usage('Encrypt').value)
      t.equal(await attributeOf(client, version, id, 'ActivationDate'), later)
      t.equal(await attributeOf(client, version, id, 'AlwaysSensitive'), true)
      t.equal(await attributeOf(client, version, id, 'ObjectGroup'), 'halves')
      t.equal(refusal(await client.attempt(version, 'Get', of(id))), inFamily(version, 'Sensitive', 'Sensitive'))
    }
    const open = joining(ids, {
      attributes: attributesOf({ name: 'Sensitive', value: false }, named(`joined ${version}`)),
    })
    const joined = idIn(await client.call(version, 'JoinSplitKey', open))
    t.equal(refusal(await client.attempt(version, 'Get', of(joined))), 'Sensitive', 'joining is no way round')
    const wrong = joining(ids, { attributes: attributesOf({ name: 'CryptographicLength', value: 256 }) })
    const contradiction = inFamily(version, 'InvalidField', 'InvalidAttributeValue')
    t.equal(refusal(await client.attempt(version, 'JoinSplitKey', wrong)), contradiction)
  })

  void test(`1.4 §11.39 / 2.1 §6.1.10.1: ${version}: what cannot be split`, async (t) => {
    const told = async (request: Payload, by = client): Promise<string> =>
      refusal(await by.attempt(version, 'CreateSplitKey', request))
    const source = await createKey(client, version)
    const missing = inFamily(version, 'ItemNotFound', 'ObjectNotFound')
    const wrongType = inFamily(version, 'InvalidField', 'InvalidObjectType')
    t.equal(await told(splitting('nothing')), missing)
    t.equal(await told(splitting(source), harness.client('mallory')), missing)
    t.equal(await told(splitting(source, { objectType: 'SymmetricKey' })), wrongType)
    t.equal(await told(splitting(undefined)), 'InvalidMessage', 'nothing says what is to be made')
    t.equal(await told(splitting(source, { splitKeyParts: 0 })), 'InvalidField')
    t.equal(await told(splitting(source, { splitKeyParts: 2_147_483_647 })), 'InvalidField')
    t.equal(await told(splitting(source, { splitKeyThreshold: 4 })), 'InvalidField')
    t.equal(await told(splitting(source, { splitKeyMethod: 'XOR' })), 'InvalidField')
    for (const field of ['objectType', 'splitKeyParts', 'splitKeyThreshold', 'splitKeyMethod', 'attributes']) {
      const rest = Object.entries(splitting(source)).filter(([name]) => name !== field)
      t.equal(await told(Object.fromEntries(rest)), 'InvalidMessage', `without ${field}`)
    }
    const twice = splitting(source, { attributes: attributesOf(named(`parts ${version}`)) })
    t.equal(await told(twice), inFamily(version, 'InvalidField', 'NonUniqueNameAttribute'), 'one Name for all parts')
    const [part = ''] = await split(version, splitting(source))
    t.equal(await told(splitting(part)), wrongType, 'a part of a part')
    await client.call(version, 'Archive', of(source))
    t.equal(await told(splitting(source)), 'ObjectArchived')
    const gone = await createKey(client, version)
    await client.call(version, 'Destroy', of(gone))
    t.equal(await told(splitting(gone)), inFamily(version, 'PermissionDenied', 'ObjectDestroyed'))
  })

  void test(`1.4 §11.40 / 2.1 §6.1.27.1: ${version}: what cannot be joined`, async (t) => {
    const told = async (request: Payload, by = client): Promise<string> =>
      refusal(await by.attempt(version, 'JoinSplitKey', request))
    const source = await registerKey(client, version, randomKey(16))
    const [one = '', two = '', three = ''] = await split(version, splitting(source))
    const missing = inFamily(version, 'ItemNotFound', 'ObjectNotFound')
    t.equal(await told(joining([])), 'InvalidMessage', 'the ID Placeholder does not stand for a part')
    t.equal(await told(joining([one])), 'CryptographicFailure', 'too few')
    t.equal(await told(joining([one, one])), 'InvalidField')
    t.equal(await told(joining([one, 'nothing'])), missing)
    t.equal(await told(joining([one, two]), harness.client('mallory')), missing)
    t.equal(await told(joining([one, source])), inFamily(version, 'InvalidField', 'InvalidObjectType'))
    t.equal(
      await told(joining([one, two], { objectType: 'OpaqueObject' })),
      inFamily(version, 'InvalidField', 'InvalidObjectType'),
    )
    t.equal(await told({ uniqueIdentifiers: [byId(one), byId(two)] }), 'InvalidMessage', 'no Object Type')
    await client.call(version, 'Archive', of(one))
    t.equal(await told(joining([one, two])), 'ObjectArchived')
    await client.call(version, 'Destroy', of(two))
    t.equal(await told(joining([two, three])), inFamily(version, 'PermissionDenied', 'ObjectDestroyed'))
  })
}

void test('1.4 §4.39 / 2.1 §6.1.27: what one version splits another one joins', async (t) => {
  const material = randomKey(15)
  for (const [method, threshold] of [
    ['XOR', 3],
    ['PolynomialSharingGF2_8', 2],
    ['PolynomialSharingGF2_16', 2],
    ['PolynomialSharingPrimeField', 2],
  ] as const) {
    const secret = idIn(
      await client.call('1.2', 'Register', {
        objectType: 'SecretData',
        attributes: attributesOf(),
        SecretData: {
          secretDataType: 'Seed',
          keyBlock: { keyFormatType: 'Raw', keyValue: { keyMaterial: material, attributes: [] } },
        },
      }),
    )
    const ids = await split('1.2', splitting(secret, { splitKeyMethod: method, splitKeyThreshold: threshold }))
    const joined = await client.call(
      '2.1',
      'JoinSplitKey',
      joining(ids.slice(0, threshold), { objectType: 'SecretData' }),
    )
    t.same(await materialOf('2.1', idIn(joined)), material, method)
  }
})
