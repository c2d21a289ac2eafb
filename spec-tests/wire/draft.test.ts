import { t as file, test } from 'tap'
import { ALL_VERSIONS, DRAFT_VERSION, type Version, VERSIONS } from '../../src/schema/version.ts'
import { ITEM_TYPE } from '../../src/ttlv/item-type.ts'
import { TAG } from '../../src/protocol/tags.ts'
import {
  active,
  attributeOf,
  attributesOf,
  createKey,
  group,
  idIn,
  link,
  named,
  of,
  refusal,
} from '../helpers/calls.ts'
import { createHarness } from '../helpers/harness.ts'
import { decodeResponse, encodeRequest } from '../helpers/messages.ts'
import { item, structure } from '../helpers/ttlv.ts'

/* The draft of 3.0: spoken where it is switched on, and read by nobody else. */

const on = await createHarness({ draft: true })
const off = await createHarness()
file.teardown(async () => {
  await on.close()
  await off.close()
})
const client = on.client()

const discover = { operation: 'DiscoverVersions', request: { protocolVersions: [] } } as const

void test('3.0 §6.1.20: the draft is offered where it is switched on, and nowhere else', async (t) => {
  const spoken = async (asked: typeof client) =>
    (await asked.call('2.1', 'DiscoverVersions', { protocolVersions: [] }))['protocolVersions']
  const numbers = (versions: readonly Version[]) =>
    versions
      .toReversed()
      .map((version) => ({ major: Number(version.split('.')[0]), minor: Number(version.split('.')[1]) }))
  t.strictSame(await spoken(client), numbers(ALL_VERSIONS))
  t.strictSame(await spoken(off.client()), numbers(VERSIONS))
})

void test('3.0 §9.14: switched off it is refused like any version that is not known', async (t) => {
  // A message of 2.1, which calls itself one of another version.
  const calledOf = (major: number): Buffer => {
    const message = encodeRequest('2.1', [{ operation: 'Query', request: { functions: ['QueryOperations'] } }])
    message.writeInt32BE(major, 32)
    message.writeInt32BE(0, 48)
    return message
  }
  const answers = [3, 9].map(async (major) => {
    const { bytes, close } = await off.client().raw(calledOf(major))
    return { close, results: decodeResponse(bytes, '2.1') }
  })
  const [draft, unknown] = await Promise.all(answers)
  t.equal(draft?.results[0]?.reason, 'UnsupportedProtocolVersion')
  t.same(draft, unknown)
})

void test('3.0 §8.1: headers have no Batch Count, and items no identifier', async (t) => {
  const message = encodeRequest(DRAFT_VERSION, [discover, discover])
  t.notOk(message.includes(Buffer.from('42000d', 'hex')), 'nor has the request of the test')
  const { bytes } = await client.raw(message)
  t.notOk(bytes.includes(Buffer.from('42000d', 'hex')))
  t.strictSame(
    decodeResponse(bytes, DRAFT_VERSION).map(({ status, id }) => [status, id]),
    [
      ['Success', undefined],
      ['Success', undefined],
    ],
  )
})

void test('3.0 §4.68: an identifier is an Identifier there, and a text elsewhere', async (t) => {
  for (const version of ['2.1', DRAFT_VERSION] as const) {
    const { bytes } = await client.raw(
      encodeRequest(version, [
        { operation: 'Create', request: { objectType: 'SymmetricKey', attributes: attributesOf(...AES) } },
      ]),
    )
    const at = bytes.indexOf(Buffer.from('420094', 'hex'))
    t.equal(bytes[at + 3], version === DRAFT_VERSION ? ITEM_TYPE.Identifier : ITEM_TYPE.TextString, version)
  }
})

const AES = [
  { name: 'CryptographicAlgorithm', value: 'AES' },
  { name: 'CryptographicLength', value: 128 },
  { name: 'CryptographicUsageMask', value: 12 },
] as const

void test('3.0 §4.35, §4.36: what one version writes all others read', async (t) => {
  for (const writer of ['2.1', DRAFT_VERSION] as const) {
    const other = await createKey(client, writer)
    const id = await createKey(
      client,
      writer,
      named(`shared ${writer}`),
      group('team'),
      link('NextLink', other),
      active,
    )
    for (const reader of ['1.4', '2.1', DRAFT_VERSION] as const) {
      t.match(await attributeOf(client, reader, id, 'Name'), { nameValue: `shared ${writer}` }, `${writer} ${reader}`)
      t.equal(await attributeOf(client, reader, id, 'ObjectGroup'), 'team', `${writer} ${reader}`)
      const next = await attributeOf(client, reader, id, 'Link')
      // In 3.0 a bare Link names nothing: there is an attribute for each kind.
      t.match(
        reader === DRAFT_VERSION ? await nextLink(id) : next,
        { linkType: 'NextLink', linkedObjectIdentifier: { id: other } },
        `${writer} ${reader}`,
      )
    }
  }
})

const nextLink = async (id: string): Promise<unknown> => {
  const asked = { ...of(id), attributes: [{ name: 'Link', linkType: 'NextLink' }] }
  const { attributes } = await client.call(DRAFT_VERSION, 'GetAttributes', asked)
  return Array.isArray(attributes) ? (attributes as readonly { readonly value: unknown }[])[0]?.value : undefined
}

void test('3.0 §4.35: links of one kind are an attribute: it is listed, read and deleted by itself', async (t) => {
  const [a, b] = [await createKey(client, DRAFT_VERSION), await createKey(client, DRAFT_VERSION)]
  const id = await createKey(client, DRAFT_VERSION, link('NextLink', a), link('PreviousLink', b))
  const list = async (version: Version) => (await client.call(version, 'GetAttributeList', of(id)))['attributes']
  const links = (refs: unknown) => (refs as readonly { readonly name: string }[]).filter(({ name }) => name === 'Link')
  t.strictSame(links(await list(DRAFT_VERSION)), [
    { name: 'Link', linkType: 'NextLink' },
    { name: 'Link', linkType: 'PreviousLink' },
  ])
  t.strictSame(links(await list('2.1')), [{ name: 'Link' }])
  await client.call(DRAFT_VERSION, 'DeleteAttribute', {
    ...of(id),
    attributeReference: { name: 'Link', linkType: 'PreviousLink' },
  })
  t.match(await attributeOf(client, '2.1', id, 'Link'), { linkType: 'NextLink' }, 'the other one is still there')
})

void test('3.0 §4.40, §6.1.32: Object Class is derived, and may be searched', async (t) => {
  const id = await createKey(client, DRAFT_VERSION, named('of a user'))
  t.equal(await attributeOf(client, DRAFT_VERSION, id, 'ObjectClass'), 'User')
  const filters = [{ ref: { name: 'Name' }, value: { type: 'Structure', value: nameField('of a user') } }]
  const locate = async (fields: object) =>
    (await client.call(DRAFT_VERSION, 'Locate', { ...fields }))['uniqueIdentifiers']
  t.strictSame(await locate({ filters }), [id])
  t.strictSame(await locate({ filters, objectClassMask: 1 }), [id])
  t.strictSame(await locate({ filters, objectClassMask: 2 }), [])
  t.equal(refusal(await client.attempt(DRAFT_VERSION, 'Locate', { filters, objectClassMask: 4 })), 'InvalidField')
  t.equal(refusal(await client.attempt(DRAFT_VERSION, 'Locate', { filters, objectClassMask: 0 })), 'InvalidField')
})

const nameField = (name: string): Buffer => {
  const text = Buffer.from(name)
  return item(TAG.NameValue, ITEM_TYPE.TextString, Buffer.concat([text, Buffer.alloc(-text.length & 7)]), text.length)
}

// What the schemas of a test would not write --------------------------------------------------------------------------

const padded = (text: string): Buffer => Buffer.concat([Buffer.from(text), Buffer.alloc(-text.length & 7)])

const four = (tag: number, type: number, value: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32BE(value)
  return item(tag, type, bytes, 4)
}

const message = (major: number, minor: number, operation: number, ...fields: readonly Buffer[]): Buffer =>
  structure(
    TAG.RequestMessage,
    structure(
      TAG.RequestHeader,
      structure(
        TAG.ProtocolVersion,
        four(TAG.ProtocolVersionMajor, ITEM_TYPE.Integer, major),
        four(TAG.ProtocolVersionMinor, ITEM_TYPE.Integer, minor),
      ),
      ...(major < 3 ? [four(TAG.BatchCount, ITEM_TYPE.Integer, 1)] : []),
    ),
    structure(
      TAG.BatchItem,
      four(TAG.Operation, ITEM_TYPE.Enumeration, operation),
      structure(TAG.RequestPayload, ...fields),
    ),
  )

const CREATE = 0x01
const GET = 0x0a
const symmetric = four(TAG.ObjectType, ITEM_TYPE.Enumeration, 2)
const algorithm = (code: number) => four(TAG.CryptographicAlgorithm, ITEM_TYPE.Enumeration, code)

const REFUSED: readonly (readonly [what: string, sent: Buffer, reason: string])[] = [
  ['an Identifier', message(2, 1, GET, item(TAG.UniqueIdentifier, ITEM_TYPE.Identifier, padded('a'), 1)), 'CodecError'],
  ['a Reference', message(2, 1, GET, item(TAG.UniqueIdentifier, ITEM_TYPE.Reference, padded('a'), 1)), 'CodecError'],
  [
    'a Name Reference',
    message(2, 1, GET, item(TAG.UniqueIdentifier, ITEM_TYPE.NameReference, padded('a'), 1)),
    'CodecError',
  ],
  [
    'an attribute',
    message(2, 1, CREATE, symmetric, structure(TAG.Attributes, four(TAG.NISTSecurityCategory, ITEM_TYPE.Integer, 1))),
    'UnknownTag',
  ],
  [
    'a link by its kind',
    message(
      2,
      1,
      CREATE,
      symmetric,
      structure(TAG.Attributes, item(TAG.NextLink, ITEM_TYPE.TextString, padded('a'), 1)),
    ),
    'UnknownTag',
  ],
  [
    'a Name as a text',
    message(2, 1, CREATE, symmetric, structure(TAG.Attributes, item(TAG.Name, ITEM_TYPE.TextString, padded('a'), 1))),
    'InvalidMessage',
  ],
  ['an algorithm', message(2, 1, CREATE, symmetric, structure(TAG.Attributes, algorithm(0x3a))), 'UnknownEnumeration'],
  [
    'a field',
    message(2, 1, 0x08, four(TAG.ObjectClassMask, ITEM_TYPE.Integer, 2), structure(TAG.Attributes)),
    'UnknownTag',
  ],
  ['an operation', message(2, 1, 0x3c, structure(TAG.Attributes)), 'OperationNotSupported'],
]

for (const [what, sent, reason] of REFUSED) {
  void test(`3.0: ${what} of the draft in a message of 2.1 is refused`, async (t) => {
    const { bytes } = await client.raw(sent)
    t.equal(decodeResponse(bytes, '2.1')[0]?.reason, reason)
  })
}

void test('3.0 §10: a text of the new types is checked like any other', async (t) => {
  const bad = item(TAG.UniqueIdentifier, ITEM_TYPE.Identifier, Buffer.from('ff00000000000000', 'hex'), 1)
  const { bytes, close } = await client.raw(message(3, 0, GET, bad))
  t.equal(decodeResponse(bytes, DRAFT_VERSION)[0]?.reason, 'CodecError')
  t.ok(close)
})

void test('3.0 §4.35, §4.68: a Name Reference means the object of that name, and none of others', async (t) => {
  const id = await createKey(client, DRAFT_VERSION, named('known by name'))
  const get = (name: string) =>
    message(3, 0, GET, item(TAG.UniqueIdentifier, ITEM_TYPE.NameReference, padded(name), name.length))
  const [found] = decodeResponse((await client.raw(get('known by name'))).bytes, DRAFT_VERSION)
  t.equal(idIn(found?.payload ?? {}), id)
  const [missing] = decodeResponse((await client.raw(get('unknown'))).bytes, DRAFT_VERSION)
  t.equal(missing?.reason, 'ItemNotFound')
  const [foreign] = decodeResponse((await on.client('bob').raw(get('known by name'))).bytes, DRAFT_VERSION)
  t.same(foreign, missing)
})
