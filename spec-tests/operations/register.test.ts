import { randomBytes } from 'node:crypto'
import { test } from 'tap'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import { VERSIONS } from '../../src/schema/version.ts'
import {
  attributeOf,
  attributesOf,
  FAMILIES,
  idIn,
  inFamily,
  named,
  of,
  openServer,
  refusal,
  usage,
  group,
} from '../helpers/calls.ts'
import type { Payload } from '../helpers/harness.ts'

const { client } = await openServer()

const material = randomBytes(16)
const AES: Attribute = { name: 'CryptographicAlgorithm', value: 'AES' }
const bits = (value: number): Attribute => ({ name: 'CryptographicLength', value })

const block = (more: Payload = {}, attributes: readonly Attribute[] = []) => ({
  keyFormatType: 'Raw',
  keyValue: { keyMaterial: material, attributes },
  ...more,
})

const key = (keyBlock: Payload, ...attributes: readonly Attribute[]): Payload => ({
  objectType: 'SymmetricKey',
  attributes: attributesOf(...attributes),
  SymmetricKey: { keyBlock },
})

const stated = { cryptographicAlgorithm: 'AES', cryptographicLength: 128 }

for (const version of VERSIONS) {
  void test(`1.4 §4.3, §2.1.3 / 2.1 §6.1.43: ${version} names algorithm and length here or there`, async (t) => {
    const ways = [key(block(stated)), key(block(), AES, bits(128)), key(block(stated), AES, bits(128))]
    for (const way of ways) {
      const answer = await client.call(version, 'Register', way)
      t.strictSame(
        Object.keys(answer).filter((field) => answer[field] !== undefined),
        ['uniqueIdentifier'],
      )
      const id = idIn(answer)
      t.equal(await attributeOf(client, version, id, 'CryptographicAlgorithm'), 'AES')
      t.equal(await attributeOf(client, version, id, 'CryptographicLength'), 128)
      const { SymmetricKey } = await client.call(version, 'Get', of(id))
      t.match(SymmetricKey, { keyBlock: { ...stated, keyValue: { keyMaterial: material } } })
    }
  })
}

for (const version of FAMILIES) {
  void test(`1.4 §2.1.4 / 2.1 §3.2: ${version} gives attributes inside the Key Value`, async (t) => {
    const inside = [group('inside'), { name: 'ContactInformation', value: 'inside' } as const]
    const request = key(block(stated, inside), { name: 'ContactInformation', value: 'outside' }, group('outside'))
    const id = idIn(await client.call(version, 'Register', request))
    t.equal(await attributeOf(client, version, id, 'ContactInformation'), 'outside')
    const { attributes } = await client.call(version, 'GetAttributes', {
      ...of(id),
      attributes: [{ name: 'ObjectGroup' }],
    })
    t.same(
      (attributes as readonly Attribute[]).map(({ value }) => value),
      ['outside', 'inside'],
    )
    const { SymmetricKey } = await client.call(version, 'Get', of(id))
    t.match(SymmetricKey, { keyBlock: { keyValue: { attributes: [] } } })
  })

  void test(`1.4 §11.4 / 2.1 §6.1.43: objects that ${version} cannot register`, async (t) => {
    const wrong = inFamily(version, 'InvalidField', 'InvalidAttributeValue')
    const cases: readonly (readonly [string, Payload])[] = [
      ['InvalidMessage', { objectType: 'SymmetricKey', attributes: attributesOf() }],
      ['InvalidField', { ...key(block(stated)), objectType: 'SecretData' }],
      [
        'InvalidField',
        { ...key(block(stated)), OpaqueObject: { opaqueDataType: 0x80000001, opaqueDataValue: Buffer.from('a') } },
      ],
      [wrong, key(block(stated), bits(256))],
      [wrong, key(block(stated), { name: 'CryptographicAlgorithm', value: 'DES3' })],
      ['InvalidField', key(block(), AES, bits(256))],
      [inFamily(version, 'PermissionDenied', 'AttributeReadOnly'), key(block(stated), { name: 'LeaseTime', value: 1 })],
      [
        inFamily(version, 'PermissionDenied', 'AttributeReadOnly'),
        key(block(stated), { name: 'KeyValuePresent', value: true }),
      ],
      [
        inFamily(version, 'InvalidField', 'InvalidAttribute'),
        key(block(stated), { name: 'CertificateType', value: 'X_509' }),
      ],
    ]
    for (const [reason, request] of cases) t.equal(refusal(await client.attempt(version, 'Register', request)), reason)
  })

  void test(`1.4 §3.41, §3.42 / 2.1 §4.27, §4.28: ${version} keeps the key elsewhere`, async (t) => {
    const location = { keyValueLocationValue: 'HSM-1', keyValueLocationType: 'UninterpretedTextString' } as const
    const keyBlock = { keyFormatType: 'Raw', ...stated }
    const id = idIn(
      await client.call(version, 'Register', key(keyBlock, { name: 'KeyValueLocation', value: location })),
    )
    t.equal(await attributeOf(client, version, id, 'KeyValuePresent'), false)
    t.same(await attributeOf(client, version, id, 'KeyValueLocation'), location)
    const here = idIn(await client.call(version, 'Register', key(block(stated))))
    t.equal(await attributeOf(client, version, here, 'KeyValuePresent'), undefined)
  })

  void test(`1.4 §2.1.5 / 2.1 §3.3: ${version} registers a wrapped key, which is kept as it is`, async (t) => {
    const keyWrappingData = {
      wrappingMethod: 'Encrypt',
      encryptionKeyInformation: {
        uniqueIdentifier: 'elsewhere',
        cryptographicParameters: { blockCipherMode: 'NISTKeyWrap' },
      },
      encodingOption: 'NoEncoding',
    }
    const wrapped = { keyFormatType: 'Raw', keyValue: randomBytes(24), ...stated, keyWrappingData }
    const id = idIn(await client.call(version, 'Register', key(wrapped)))
    const { SymmetricKey } = await client.call(version, 'Get', of(id))
    t.match(SymmetricKey, { keyBlock: { keyValue: wrapped.keyValue, keyWrappingData } })
  })

  void test(`1.4 §3.43, §3.44 / 2.1 §4.38, §4.46: ${version} says how the key was made`, async (t) => {
    const id = idIn(
      await client.call(
        version,
        'Register',
        key(
          block(stated),
          { name: 'OriginalCreationDate', value: 1_000_000_000 },
          { name: 'RandomNumberGenerator', value: { rngAlgorithm: 'NRBG' } },
        ),
      ),
    )
    t.equal(await attributeOf(client, version, id, 'OriginalCreationDate'), 1_000_000_000)
    t.match(await attributeOf(client, version, id, 'RandomNumberGenerator'), { rngAlgorithm: 'NRBG' })
  })
}

/** What real clients register without saying much: MongoDB an empty list, storage arrays a Name (clients need both). */
const LITTLE: readonly (readonly [string, Payload])[] = [
  [
    'Secret Data of 96 bytes without any attribute',
    {
      objectType: 'SecretData',
      attributes: attributesOf(),
      SecretData: {
        secretDataType: 'Seed',
        keyBlock: { keyFormatType: 'Opaque', keyValue: { keyMaterial: randomBytes(96), attributes: [] } },
      },
    },
  ],
  [
    'an Opaque Object',
    {
      objectType: 'OpaqueObject',
      attributes: attributesOf(),
      OpaqueObject: { opaqueDataType: 0x80000001, opaqueDataValue: randomBytes(8) },
    },
  ],
  ['a key with an empty usage mask', key(block(stated), usage())],
]

for (const [what, request] of LITTLE) {
  void test(`1.4 §4.3 / 2.1 §6.1.43: ${what}`, async (t) => {
    for (const version of VERSIONS) {
      const id = idIn(await client.call(version, 'Register', request))
      const answer = await client.call(version, 'Get', of(id))
      const { objectType } = request
      t.equal(answer['objectType'], objectType)
    }
  })
}

void test("1.4 §2.2.6: a Name inside a Template is the Template's own, and nobody else's", async (t) => {
  for (const version of ['1.0', '1.4'] as const) {
    const inside = [group('a'), named(`inside ${version}`)]
    const template = { objectType: 'Template', attributes: attributesOf(), Template: { attributes: inside } }
    await client.call(version, 'Register', template)
    const templates = [{ nameValue: `inside ${version}`, nameType: 'UninterpretedTextString' }]
    const create = {
      objectType: 'SymmetricKey',
      attributes: { ...attributesOf(AES, named(`made ${version}`)), templates },
    }
    const id = idIn(
      await client.call(version, 'Create', {
        ...create,
        attributes: {
          ...create.attributes,
          attributes: [...create.attributes.attributes, { name: 'CryptographicLength', value: 256 }],
        },
      }),
    )
    const { attributes } = await client.call(version, 'GetAttributes', {
      ...of(id),
      attributes: [{ name: 'Name' }, { name: 'ObjectGroup' }],
    })
    t.match(attributes, [named(`made ${version}`), group('a')])
    t.match(attributes, { length: 2 })
  }
})

void test('1.4 §2.2.6: a Template is got as it was registered', async (t) => {
  const attributes = [group('a'), AES]
  const template = { objectType: 'Template', attributes: attributesOf(named('t')), Template: { attributes } }
  for (const version of ['1.0', '1.4'] as const) {
    const id = idIn(await client.call(version, 'Register', template))
    const { Template } = await client.call(version, 'Get', of(id))
    t.match(Template, { attributes })
    await client.call(version, 'Destroy', of(id))
  }
})
