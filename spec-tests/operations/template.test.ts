import { test } from 'tap'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import { ATTRIBUTE_NAMES, attributeRow } from '../../src/protocol/attribute-lookup.ts'
import type { Operation } from '../../src/protocol/enumerations.ts'
import { inRange, type Version, VERSIONS } from '../../src/schema/version.ts'
import {
  attributeOf,
  attributesOf,
  byId,
  idIn,
  named,
  of,
  openServer,
  refusal,
  usage,
  group,
} from '../helpers/calls.ts'
import type { Payload } from '../helpers/harness.ts'
import { sampleOf } from '../helpers/objects.ts'

const { client, harness } = await openServer()

const FIRST_FAMILY: readonly Version[] = VERSIONS.filter((version) => inRange(version, { until: '1.4' }))

const algorithm = (value: 'AES' | 'RSA'): Attribute => ({ name: 'CryptographicAlgorithm', value })
const bits = (value: number): Attribute => ({ name: 'CryptographicLength', value })
const contact = (value: string): Attribute => ({ name: 'ContactInformation', value })

/** Templates named in a request, and the attributes beside them. */
const list = (templates: readonly string[], ...attributes: readonly Attribute[]) => ({
  templates: templates.map((nameValue) => ({ nameValue, nameType: 'UninterpretedTextString' })),
  attributes,
})

let count = 0

/** Registers a Template and answers its Name. */
const template = async (version: Version, ...attributes: readonly Attribute[]): Promise<string> => {
  count += 1
  const name = `template ${count}`
  const request = { objectType: 'Template', attributes: attributesOf(named(name)), Template: { attributes } }
  await client.call(version, 'Register', request)
  return name
}

const create = async (version: Version, attributes: Payload): Promise<string> =>
  idIn(await client.call(version, 'Create', { objectType: 'SymmetricKey', attributes }))

/** What a Template gives away: what a client may set, and no Name, which is its own. */
const GIVEN = ATTRIBUTE_NAMES.filter((name) => {
  const { since, until, setBy, stated, objectTypes, origin } = attributeRow(name)
  const known = inRange(since, { until: '1.4' }) && until !== '1.0'
  const settable = (setBy !== 'server' || stated === true) && origin !== true
  return known && settable && objectTypes.includes('SymmetricKey') && name !== 'Name'
})

/** What the material decides is as the material is. */
const SAMPLES: Readonly<Partial<Record<Attribute['name'], Attribute>>> = {
  CryptographicAlgorithm: algorithm('AES'),
  CryptographicLength: bits(256),
  // A value that 1.0 knows whole.
  CryptographicParameters: {
    name: 'CryptographicParameters',
    value: { blockCipherMode: 'CBC', paddingMethod: 'PKCS5', hashingAlgorithm: 'SHA_256' },
  },
  Link: { name: 'Link', value: { linkType: 'DerivationBaseObjectLink', linkedObjectIdentifier: byId('of a base') } },
}

for (const name of GIVEN) {
  const version = FIRST_FAMILY.find((candidate) => inRange(candidate, attributeRow(name))) ?? '1.4'
  void test(`1.4 §2.2.6: ${version}: ${attributeRow(name).label} of a Template is that of the object made with it`, async (t) => {
    const sample = SAMPLES[name] ?? sampleOf(name)
    const others = [algorithm('AES'), bits(256)].filter((other) => other.name !== name)
    const made = await create(version, list([await template(version, sample)], ...others))
    const value = await attributeOf(client, version, made, name)
    if (name === 'UsageLimits')
      t.match(value, { usageLimitsTotal: (sample.value as { usageLimitsTotal: bigint }).usageLimitsTotal })
    else t.match(value, sample.value)
  })
}

for (const version of FIRST_FAMILY) {
  void test(`1.4 §4: ${version}: the request first, then the last Template, and of several values all`, async (t) => {
    const one = await template(version, algorithm('AES'), bits(128), contact('one'), group('a'))
    const two = await template(version, bits(256), contact('two'), group('b'))
    const plain = await create(version, list([one, two], usage('Encrypt')))
    t.equal(await attributeOf(client, version, plain, 'CryptographicLength'), 256)
    t.equal(await attributeOf(client, version, plain, 'ContactInformation'), 'two')
    const spelled = await create(version, list([two, one], contact('mine'), group('a')))
    t.equal(await attributeOf(client, version, spelled, 'CryptographicLength'), 128)
    t.equal(await attributeOf(client, version, spelled, 'ContactInformation'), 'mine')
    const { attributes } = await client.call(version, 'GetAttributes', {
      ...of(spelled),
      attributes: [{ name: 'ObjectGroup' }],
    })
    t.same((attributes as readonly Attribute[]).map(({ value }) => value).sort(), ['a', 'b'], 'each once')
  })

  void test(`1.4 §4.2: ${version}: Create Key Pair: spelled out for a key, its Templates, spelled out for both, their Templates`, async (t) => {
    const own = await template(version, contact('template of the private key'))
    const both = await template(version, algorithm('RSA'), bits(1024), contact('template of both'))
    const pair = async (request: Payload): Promise<readonly unknown[]> => {
      const made = await client.call(version, 'CreateKeyPair', request)
      const ids = [idIn(made, 'privateKeyUniqueIdentifier'), idIn(made, 'publicKeyUniqueIdentifier')]
      return Promise.all(ids.map((id) => attributeOf(client, version, id, 'ContactInformation')))
    }
    t.same(await pair({ common: list([both]) }), ['template of both', 'template of both'])
    t.same(await pair({ common: list([both], contact('both')) }), ['both', 'both'])
    t.same(await pair({ common: list([both], contact('both')), private: list([own]) }), [
      'template of the private key',
      'both',
    ])
    const spelled = {
      common: list([both], contact('both')),
      private: list([own], contact('private')),
      public: list([], contact('public')),
    }
    t.same(await pair(spelled), ['private', 'public'])
  })

  void test(`1.4 §11: ${version}: Templates that are not there, of somebody else, archived or destroyed`, async (t) => {
    const told = async (name: string, by = client): Promise<string> =>
      refusal(
        await by.attempt(version, 'Create', {
          objectType: 'SymmetricKey',
          attributes: list([name], algorithm('AES'), bits(128)),
        }),
      )
    const name = await template(version, contact('x'))
    const { uniqueIdentifiers } = await client.call(version, 'Locate', { filters: [], maximumItems: 1 })
    const [id = ''] = uniqueIdentifiers as readonly string[]
    t.equal(await told('nowhere'), 'ItemNotFound')
    t.equal(await told(name, harness.client('mallory')), 'ItemNotFound')
    await client.call(version, 'Archive', of(id))
    t.equal(await told(name), 'ObjectArchived')
    await client.call(version, 'Recover', of(id))
    t.equal(await told(name), 'Success')
    await client.call(version, 'Destroy', of(id))
    t.equal(await told(name), 'ItemNotFound')
  })
}

void test('1.4 §4.3 to §4.6, §4.38, §4.39: every operation that takes a Template-Attribute takes Names of Templates', async (t) => {
  const name = await template('1.4', contact('of the template'))
  const key = await create(
    '1.4',
    attributesOf(algorithm('AES'), bits(128), usage('DeriveKey'), {
      name: 'ActivationDate',
      value: harness.clock.now(),
    }),
  )
  const { privateKeyUniqueIdentifier: pairId } = await client.call('1.4', 'CreateKeyPair', {
    common: attributesOf(algorithm('RSA'), bits(1024)),
  })
  const keyBlock = {
    keyFormatType: 'Raw',
    keyValue: { keyMaterial: Buffer.alloc(16, 7), attributes: [] },
    cryptographicAlgorithm: 'AES',
    cryptographicLength: 128,
  }
  const parts = { splitKeyParts: 2, splitKeyThreshold: 2, splitKeyMethod: 'XOR' }
  const { uniqueIdentifiers } = await client.call('1.4', 'CreateSplitKey', {
    objectType: 'SplitKey',
    ...of(key),
    ...parts,
    attributes: attributesOf(),
  })
  const attributes = list([name])
  const REQUESTS: readonly (readonly [Operation, Payload, field?: string])[] = [
    ['Register', { objectType: 'SymmetricKey', attributes, SymmetricKey: { keyBlock } }],
    [
      'DeriveKey',
      {
        objectType: 'SecretData',
        uniqueIdentifiers: [byId(key)],
        derivationMethod: 'HASH',
        derivationParameters: { derivationData: [], cryptographicParameters: { hashingAlgorithm: 'SHA_256' } },
        attributes: list([name], bits(128)),
      },
    ],
    ['ReKey', { ...of(key), attributes }],
    [
      'ReKeyKeyPair',
      { privateKeyUniqueIdentifier: byId(String(pairId)), common: attributes },
      'privateKeyUniqueIdentifier',
    ],
    ['CreateSplitKey', { objectType: 'SplitKey', ...of(key), ...parts, attributes }, 'uniqueIdentifiers'],
    [
      'JoinSplitKey',
      { objectType: 'SymmetricKey', uniqueIdentifiers: (uniqueIdentifiers as readonly string[]).map(byId), attributes },
    ],
  ]
  for (const [operation, request, field = 'uniqueIdentifier'] of REQUESTS) {
    const answer = (await client.call('1.4', operation, request))[field]
    const [id] = [answer].flat()
    t.equal(await attributeOf(client, '1.4', String(id), 'ContactInformation'), 'of the template', operation)
  }
})

void test('1.4 §2.2.6, §11.4: a Template that nothing can be made with is refused when it is registered', async (t) => {
  const told = async (...attributes: readonly Attribute[]): Promise<string> =>
    refusal(
      await client.attempt('1.4', 'Register', {
        objectType: 'Template',
        attributes: attributesOf(named('bad')),
        Template: { attributes },
      }),
    )
  t.equal(await told({ name: 'CryptographicUsageMask', value: -1 }), 'InvalidField')
  t.equal(await told(bits(128), bits(256)), 'InvalidField', 'two values of what has one')
  t.equal(await told({ name: 'State', value: 'Active' }), 'PermissionDenied')
})

void test('1.4 appendix B: what a Template itself does not have', async (t) => {
  const name = await template('1.2', contact('x'))
  const { uniqueIdentifiers } = await client.call('1.2', 'Locate', { filters: [], maximumItems: 1 })
  const { attributes } = await client.call('1.2', 'GetAttributes', {
    ...of((uniqueIdentifiers as readonly string[])[0] ?? ''),
    attributes: [],
  })
  const names = (attributes as readonly Attribute[]).map((attribute) => attribute.name)
  for (const absent of ['State', 'Fresh', 'Digest', 'LeaseTime', 'ContactInformation'] as const)
    t.notOk(names.includes(absent), absent)
  t.ok(names.includes('Name'), name)
})
