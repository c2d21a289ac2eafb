import { randomBytes } from 'node:crypto'
import { connect as connectTcp } from 'node:net'
import { once } from 'node:events'
import { t as file, test } from 'tap'
import {
  BATCH_ERROR_CONTINUATION_OPTION,
  CREDENTIAL_TYPE,
  KEY_COMPRESSION_TYPE,
  KEY_FORMAT_TYPE,
  OPAQUE_DATA_TYPE,
  OPERATION,
  QUERY_FUNCTION,
  RESULT_REASON,
  REVOCATION_REASON_CODE,
  SECRET_DATA_TYPE,
  STATE,
} from '../../src/protocol/enumerations.ts'
import type { KeyFormatType } from '../../src/protocol/enumerations.ts'
import { TAG } from '../../src/protocol/tags.ts'
import { VERSIONS, versionNumbers, type Version } from '../../src/schema/version.ts'
import { ITEM_TYPE } from '../../src/ttlv/item-type.ts'
import type { WireConnection } from '../helpers/server.ts'
import {
  all,
  attribute,
  attributeIn,
  batch,
  batchItem,
  bool,
  bytes,
  custom,
  date,
  enumeration,
  find,
  int,
  interval,
  longInt,
  message,
  namedAttribute,
  type Node,
  parse,
  protocolVersion,
  readResponse,
  request,
  struct,
  text,
  textAt,
  valueAt,
} from '../wire/message.ts'
import {
  activate,
  aesPayload,
  algorithm,
  CBC,
  create,
  createWith,
  cryptographicLength,
  destroy,
  get,
  inState,
  keyBlock,
  locate,
  named,
  objectType,
  ofType,
  revoke,
  uid,
  usageMask,
} from '../wire/requests.ts'
import { ask, exchange, idFrom, startSession } from '../wire/session.ts'

/*
 * What real clients do and need (storage arrays, databases, hypervisors), each as one of them does it, over TLS.
 */

const session = await startSession(file, ['--log-level', 'debug'])

let names = 0

const freshName = (): string => `clients-${(names += 1)}`

const idsIn = (payload: Node | undefined): readonly string[] =>
  all(payload, 'UniqueIdentifier').map(({ value }) => String(value))

const template = (...list: readonly Buffer[]): Buffer => struct('TemplateAttribute', ...list)

// Versions and messages -----------------------------------------------------------------------------------------------

void test('1.4 §6.1 / 2.1 §9.16, rule 1: what is newer than the header is read, and not answered', async (t) => {
  const connection = await session.connect(t)
  const hidden = attribute('Extractable', (tag) => bool(tag, true))
  const id = await idFrom(connection, create('1.1', hidden))
  await idFrom(connection, activate('1.1', id))
  const named = request('1.1', 'GetAttributes', uid(id), text('AttributeName', 'Extractable'))
  t.equal(find((await ask(connection, named)).payload, 'Attribute'), undefined, 'an attribute of 1.4')
  const encrypted = await ask(connection, request('1.1', 'Encrypt', uid(id), CBC, bytes('Data', randomBytes(16))))
  t.equal(encrypted.status, 'Success', 'an operation of 1.2')
  const queried = await ask(connection, request('1.1', 'Query', enumeration('QueryFunction', 1)))
  const known = all(queried.payload, 'Operation').map(({ value }) => Number(value))
  t.notOk(known.includes(OPERATION.code.Encrypt), 'and yet Query says nothing of it')
  const missing = await exchange(connection, request('1.0', 'Get', uid('nowhere')))
  t.equal(valueAt(missing.node, 'BatchItem', 'ResultReason'), RESULT_REASON.code.ItemNotFound, 'a reason of 1.0')
})

void test('1.4 §6.3 / 2.1 §9.12, rule 4: Maximum Response Size of libkmip, MySQL, FortiGate and kmipclient', async (t) => {
  const connection = await session.connect(t)
  const value = randomBytes(300_000)
  const large = await idFrom(connection, register('1.4', 'SecretData', noAttributes('1.4'), secret('Opaque', value)))
  const small = await idFrom(connection, create('1.0'))
  for (const size of [8192, 65_536, 280_000]) {
    for (const version of ['1.0', '1.1', '1.4'] as const) {
      const asked = await connection.ask(
        message(version, [batchItem('Get', [uid(large)])], [int('MaximumResponseSize', size)]),
      )
      t.match(readResponse(asked).first, { status: 'OperationFailed', reason: 'ResponseTooLarge', operation: 'Get' })
      t.ok(asked.length <= size)
    }
    const fits = await exchange(
      connection,
      message('1.0', [batchItem('Get', [uid(small)])], [int('MaximumResponseSize', size)]),
    )
    t.equal(fits.first.status, 'Success')
  }
  const roomy = [int('MaximumResponseSize', 1_048_576)]
  t.equal((await exchange(connection, message('1.4', [batchItem('Get', [uid(large)])], roomy))).first.status, 'Success')
})

void test('1.4 §6.1 / 2.1 §9.16, rule 2: every message of a connection has a version of its own', async (t) => {
  const connection = await session.connect(t)
  for (const version of [...VERSIONS, ...VERSIONS.toReversed(), '1.0', '1.4', '1.0'] as const) {
    t.equal((await exchange(connection, create(version))).version, version)
    t.equal((await exchange(connection, get(version, 'nowhere'))).version, version, 'of a failure, too')
  }
})

void test('1.4 §7.1 / 2.1 §8.4, rule 3: a response comes in one piece', async (t) => {
  const connection = await session.connect(t)
  const rounds = 40
  const id = await idFrom(connection, create('1.0'))
  for (let count = 0; count < rounds; count += 1) await connection.ask(get('1.0', id))
  await connection.ask(request('1.4', 'Query', ...[1, 2, 3, 4, 5, 6].map((code) => enumeration('QueryFunction', code))))
  t.equal(connection.chunks.length, rounds + 2)
})

void test('1.4 §7 / 2.1 §8, rule 3: requests sent without waiting are answered in their order', async (t) => {
  const connection = await session.connect(t)
  const ids = await Promise.all(Array.from({ length: 20 }, () => idFrom(connection, create('1.4'))))
  connection.write(Buffer.concat(ids.map((id) => get('1.4', id))))
  for (const id of ids) {
    const answer = await connection.next()
    t.equal(answer === undefined ? undefined : textAt(readResponse(answer).first.payload, 'UniqueIdentifier'), id)
  }
})

void test('1.4 §7.2 / 2.1 §8.5, rule 6: Time Stamp, and nothing in the header that was not asked for', async (t) => {
  const connection = await session.connect(t)
  const before = Math.floor(Date.now() / 1000)
  for (const version of VERSIONS) {
    const { node, timeStamp } = await exchange(connection, request(version, 'DiscoverVersions'))
    t.ok(timeStamp >= before)
    t.strictSame(
      find(node, 'ResponseHeader')?.children.map(({ tag }) => tag),
      [TAG.ProtocolVersion, TAG.TimeStamp, TAG.BatchCount],
    )
  }
})

void test('1.4 §4.26 / 2.1 §6.1.16, rule 8: Discover Versions', async (t) => {
  const connection = await session.connect(t)
  const versionsIn = (payload: Node | undefined): readonly string[] =>
    all(payload, 'ProtocolVersion').map(
      (one) => `${String(valueAt(one, 'ProtocolVersionMajor'))}.${String(valueAt(one, 'ProtocolVersionMinor'))}`,
    )
  const discover = async (version: Version, ...list: readonly (readonly [number, number])[]) => {
    const { payload } = await ask(
      connection,
      request(version, 'DiscoverVersions', ...list.map(([major, minor]) => protocolVersion(major, minor))),
    )
    return versionsIn(payload)
  }
  const newestFirst = VERSIONS.toReversed()
  for (const version of VERSIONS) t.strictSame(await discover(version), newestFirst, 'all, the newest first')
  for (const version of VERSIONS) {
    const { major, minor } = versionNumbers(version)
    t.strictSame(await discover('1.1', [major, minor]), [version], 'exactly the one that was named')
  }
  t.strictSame(await discover('1.4', [1, 0], [1, 4]), ['1.0', '1.4'], "in the client's order of preference")
  t.strictSame(
    await discover('1.4', [1, 3], [9, 9], [1, 1]),
    ['1.3', '1.1'],
    'without those that only the client speaks',
  )
  t.strictSame(await discover('1.4', [9, 9]), [])
  const stranger = struct(
    'RequestMessage',
    struct('RequestHeader', protocolVersion(1, 9), int('BatchCount', 1)),
    batchItem('DiscoverVersions', [], Buffer.from('id')),
  )
  const { version, first } = await exchange(connection, stranger)
  t.strictSame([version, versionsIn(first.payload)], ['1.4', newestFirst], 'under a version that nobody knows')
  t.ok(first.id?.equals(Buffer.from('id')))
})

void test('1.4 §6.2 / 2.1 §9.14, rule 7: a failed item names operation and id, and the connection stays', async (t) => {
  const connection = await session.connect(t)
  for (const id of [Buffer.from('QLKC\x01\0\0\0'), randomBytes(16), Buffer.from([0]), randomBytes(100)]) {
    const { first } = await exchange(connection, message('1.1', [batchItem('Get', [uid('nowhere')], id)]))
    t.match(first, { operation: 'Get', status: 'OperationFailed', reason: 'ItemNotFound' })
    t.ok(first.id?.equals(id))
  }
  const unsupported = 0x70
  const { items } = await exchange(
    connection,
    message(
      '1.1',
      [
        batchItem(unsupported, [], Buffer.from('a')),
        batchItem('Get', [int('BatchCount', 1)], Buffer.from('b')),
        batchItem('Query', [enumeration('QueryFunction', 3)], Buffer.from('c')),
      ],
      [enumeration('BatchErrorContinuationOption', BATCH_ERROR_CONTINUATION_OPTION.code.Continue)],
    ),
  )
  t.strictSame(
    items.map(({ status, id }) => [status, id?.toString()]),
    [
      ['OperationFailed', 'a'],
      ['OperationFailed', 'b'],
      ['Success', 'c'],
    ],
  )
  t.equal(valueAt(parse(await connection.ask(batchOfNothing)), 'BatchItem', 'Operation'), undefined)
  t.equal((await ask(connection, create('1.1'))).status, 'Success', 'the connection is still there')
})

/** Says that it has two items, and has none: nothing in it can be answered by itself. */
const batchOfNothing = message('1.1', [], [], 2)

void test('1.4 §7.2 / 2.1 §8.2, rule 22: a header with everything in it, and a clock that is wrong', async (t) => {
  const connection = await session.connect(t)
  for (const version of VERSIONS) {
    for (const option of ['Continue', 'Stop', 'Undo'] as const) {
      for (const order of [true, false]) {
        const fields = [
          int('MaximumResponseSize', 65_536),
          enumeration('BatchErrorContinuationOption', BATCH_ERROR_CONTINUATION_OPTION.code[option]),
          bool('BatchOrderOption', order),
          date('TimeStamp', 86_400),
        ]
        const { first } = await exchange(
          connection,
          message(version, [batchItem('Query', [enumeration('QueryFunction', 3)])], fields),
        )
        t.equal(first.status, 'Success')
      }
    }
  }
})

void test('1.4 §6.6 / 2.1 §9.4, rule 23: a credential that comes with a good certificate does no harm', async (t) => {
  const connection = await session.connect(t)
  const credential = struct(
    'Credential',
    enumeration('CredentialType', CREDENTIAL_TYPE.code.UsernameAndPassword),
    struct('CredentialValue', text('Username', 'nobody'), text('Password', 'nothing')),
  )
  for (const version of VERSIONS) {
    const { first } = await exchange(
      connection,
      message(version, [batchItem('Create', aesPayload(version))], [struct('Authentication', credential)]),
    )
    t.equal(first.status, 'Success')
  }
})

void test('1.4 §7 / 2.1 §8, rule 25: a connection without a request is a health probe, not an event', async (t) => {
  const tcp = connectTcp({ port: session.server.port, host: '127.0.0.1' })
  await once(tcp, 'connect')
  tcp.destroy()
  const probe = await session.connect(t)
  probe.close()
  await probe.closed
  const connection = await session.connect(t)
  t.equal((await ask(connection, create('1.1'))).status, 'Success')
  const serious = session.server
    .output()
    .split('\n')
    .filter((line) => /"level":"(warn|error)"/.test(line))
  t.strictSame(
    serious.filter((line) => /probe|idle|closed/.test(line)),
    [],
  )
})

void test('1.4 §4.25 / 2.1 §6.1.40, behaviour 15: Query with every function, and with those of other versions', async (t) => {
  const connection = await session.connect(t)
  // Those of the draft have no meaning but in the draft.
  const functions = QUERY_FUNCTION.names
    .filter((name) => VERSIONS.some((version) => QUERY_FUNCTION.knownIn(name, version)))
    .map((name) => enumeration('QueryFunction', QUERY_FUNCTION.code[name]))
  for (const version of VERSIONS) {
    const { status, payload } = await ask(connection, request(version, 'Query', ...functions))
    t.equal(status, 'Success', version)
    t.ok(textAt(payload, 'VendorIdentification') !== '')
    t.ok(all(payload, 'Operation').length > 0)
  }
})

// Get -----------------------------------------------------------------------------------------------------------------

void test('1.4 §4.11 / 2.1 §6.1.19, rules 13, 14 and 15: a key as Get gives it, before it is active', async (t) => {
  const connection = await session.connect(t)
  for (const version of VERSIONS) {
    const id = await idFrom(connection, create(version, named(freshName())))
    const { payload } = await ask(connection, get(version, id))
    t.strictSame(
      payload?.children.map(({ tag }) => tag),
      [TAG.ObjectType, TAG.UniqueIdentifier, TAG.SymmetricKey],
    )
    const block = find(payload, 'SymmetricKey', 'KeyBlock')
    t.strictSame(
      block?.children.map(({ tag }) => tag),
      [TAG.KeyFormatType, TAG.KeyValue, TAG.CryptographicAlgorithm, TAG.CryptographicLength],
    )
    t.equal(valueAt(block, 'KeyFormatType'), KEY_FORMAT_TYPE.code.Raw)
    t.strictSame(
      find(block, 'KeyValue')?.children.map(({ tag }) => tag),
      [TAG.KeyMaterial],
      'no attributes in the Key Value',
    )
  }
})

void test('1.4 §3.1 / 2.1 §4.62, rule 24: a Unique Identifier is a text that fits in 64 bytes', async (t) => {
  const connection = await session.connect(t)
  for (const version of VERSIONS) t.match(await idFrom(connection, create(version)), /^[0-9a-f-]{36}$/)
})

void test('1.4 §4.20, §4.21 / 2.1 §6.1.14, §6.1.49, rules 15 and 16: from Pre-Active to Destroyed, as clients do it', async (t) => {
  const connection = await session.connect(t)
  for (const version of VERSIONS) {
    const fresh = await idFrom(connection, create(version))
    t.equal((await ask(connection, destroy(version, fresh))).status, 'Success', 'Pre-Active, without Revoke')
    t.equal((await ask(connection, get(version, fresh))).status, 'OperationFailed', 'and then there is nothing to get')
    const id = await idFrom(connection, create(version))
    await idFrom(connection, activate(version, id))
    t.equal((await ask(connection, destroy(version, id))).status, 'OperationFailed', 'an Active key stays')
    await idFrom(connection, revoke(version, id, 'CessationOfOperation'))
    t.equal((await ask(connection, get(version, id))).status, 'Success', 'a Deactivated key is given')
    t.equal((await ask(connection, destroy(version, id))).status, 'Success')
  }
  const id = await idFrom(connection, create('1.0'))
  await idFrom(connection, activate('1.0', id))
  const reason = struct(
    'RevocationReason',
    enumeration('RevocationReasonCode', REVOCATION_REASON_CODE.code.Unspecified),
    text('RevocationMessage', 'Deleting the key'),
  )
  t.equal((await ask(connection, request('1.0', 'Revoke', uid(id), reason))).status, 'Success', 'libkmip')
  t.equal((await ask(connection, destroy('1.0', id))).status, 'Success')
})

// Locate --------------------------------------------------------------------------------------------------------------

void test('1.4 §4.9 / 2.1 §6.1.28, rule 9: names are found whole and in their own case, and nothing found is a success', async (t) => {
  const connection = await session.connect(t)
  for (const version of VERSIONS) {
    const name = `Exact-${freshName()}`
    const id = await idFrom(connection, create(version, named(name)))
    const found = async (wanted: string): Promise<readonly string[]> => {
      const { status, payload } = await ask(connection, locate(version, named(wanted)))
      t.equal(status, 'Success')
      return idsIn(payload)
    }
    t.strictSame(await found(name), [id])
    for (const other of [name.toLowerCase(), name.slice(0, -1), `${name} `, `${name}%`, '*', '']) {
      t.strictSame(await found(other), [])
    }
    await idFrom(connection, destroy(version, id))
    t.strictSame(await found(name), [], 'what is destroyed is not found')
  }
})

void test('1.4 §4.9, rule 9: FortiGate and VAST wrap what they look for in a Template-Attribute', async (t) => {
  const connection = await session.connect(t)
  for (const version of ['1.0', '1.4'] as const) {
    const [first, second] = [`${freshName()}-ENC-AES-16`, `${freshName()}-AUTH-SHA1-20`]
    const id = await idFrom(connection, create(version, named(first)))
    const fields = [
      int('MaximumResponseSize', 65_536),
      enumeration('BatchErrorContinuationOption', BATCH_ERROR_CONTINUATION_OPTION.code.Continue),
      bool('BatchOrderOption', true),
    ]
    const wanted = (name: string) => ['Locate', int('MaximumItems', 1), template(namedAttribute(named(name)))] as const
    const { items } = await exchange(connection, batch(version, [wanted(first), wanted(second)], fields))
    t.strictSame(
      items.map(({ payload }) => idsIn(payload)),
      [[id], []],
    )
  }
})

void test('1.4 §4.9 / 2.1 §6.1.28, rule 10: libkmip pages in 1.0 with Offset Items, until a page is empty', async (t) => {
  const connection = await session.connect(t)
  const name = freshName()
  const group = attribute('ObjectGroup', (tag) => text(tag, name))
  const made = new Set<string>()
  for (let count = 0; count < 5; count += 1) made.add(await idFrom(connection, create('1.0', group)))
  const seen: string[] = []
  for (let page = 0; page < 10; page += 1) {
    const fields = [int('MaximumItems', 2), ...(seen.length === 0 ? [] : [int('OffsetItems', seen.length)])]
    const { payload } = await ask(
      connection,
      request('1.0', 'Locate', ...fields, namedAttribute(ofType('SymmetricKey')), namedAttribute(group)),
    )
    t.equal(find(payload, 'LocatedItems'), undefined, '1.0 has no Located Items')
    if (idsIn(payload).length === 0) break
    seen.push(...idsIn(payload))
  }
  t.equal(seen.length, 5)
  t.strictSame(new Set(seen), made)
})

void test('1.4 §4.9 / 2.1 §6.1.28, rule 9: Scylla looks by type, algorithm, length, state, mask and a name of its own', async (t) => {
  const connection = await session.connect(t)
  for (const version of VERSIONS) {
    const name = freshName()
    const space = custom('key-namespace', (tag) => text(tag, name))
    const wanted = [
      ofType('SymmetricKey'),
      algorithm('AES'),
      cryptographicLength(256),
      inState('Active'),
      usageMask(12),
      space,
    ]
    const id = await idFrom(connection, create(version, space))
    t.strictSame(idsIn((await ask(connection, locate(version, ...wanted))).payload), [], 'not active yet')
    await idFrom(connection, activate(version, id))
    t.strictSame(idsIn((await ask(connection, locate(version, ...wanted))).payload), [id])
  }
})

// Batches with the ID Placeholder -------------------------------------------------------------------------------------

void test('1.4 §4 / 2.1 §6, rule 11: items that mean the object of an earlier item', async (t) => {
  const connection = await session.connect(t)
  for (const version of VERSIONS) {
    const name = freshName()
    const made = await exchange(
      connection,
      batch(version, [
        ['Create', ...aesPayload(version, named(name))],
        ['Activate'],
        ['Get'],
        ['GetAttributes'],
        ['GetAttributeList'],
      ]),
    )
    t.strictSame(
      made.items.map(({ status }) => status),
      Array(5).fill('Success'),
    )
    const [{ payload } = made.first] = made.items
    const id = textAt(payload, 'UniqueIdentifier')
    for (const item of made.items) t.equal(textAt(item.payload, 'UniqueIdentifier'), id)
    const found = await exchange(
      connection,
      batch(version, [
        ['Query', enumeration('QueryFunction', 1)],
        ['Locate', ...locateFields(version, name)],
        ['Get'],
        ['GetAttributes'],
      ]),
    )
    t.strictSame(
      found.items.slice(1).map((item) => textAt(item.payload, 'UniqueIdentifier')),
      [id, id, id],
    )
  }
})

const locateFields = (version: Version, name: string): readonly Buffer[] =>
  version.startsWith('1') ? [namedAttribute(named(name))] : [struct('Attributes', named(name).write('Name'))]

void test('1.4 §4, rule 11: the Dell array asks for a key that is not there and goes on', async (t) => {
  const connection = await session.connect(t)
  const { items } = await exchange(
    connection,
    batch(
      '1.0',
      [
        ['Query', ...[1, 2, 3, 4].map((code) => enumeration('QueryFunction', code))],
        [
          'Locate',
          namedAttribute(custom('ResourceID', (tag) => text(tag, 'none'))),
          namedAttribute(custom('SystemID', (tag) => int(tag, 7))),
        ],
        ['Get', enumeration('KeyFormatType', KEY_FORMAT_TYPE.code.Opaque)],
        ['GetAttributes', text('AttributeName', 'State')],
      ],
      [enumeration('BatchErrorContinuationOption', BATCH_ERROR_CONTINUATION_OPTION.code.Continue)],
    ),
  )
  t.strictSame(
    items.map(({ status }) => status),
    ['Success', 'Success', 'OperationFailed', 'OperationFailed'],
  )
})

// Attributes ----------------------------------------------------------------------------------------------------------

void test('1.4 §4.12 / 2.1 §6.1.20, rule 12: attributes that are not there are left out', async (t) => {
  const connection = await session.connect(t)
  const id = await idFrom(connection, create('1.1'))
  for (const label of ['x-Product_Version', 'x-Vendor', 'No Such Attribute', 'Contact Information']) {
    const { status, payload } = await ask(
      connection,
      request('1.1', 'GetAttributes', uid(id), text('AttributeName', label)),
    )
    t.equal(status, 'Success')
    t.strictSame(
      payload?.children.map(({ tag }) => tag),
      [TAG.UniqueIdentifier],
    )
  }
})

void test('1.4 §4.14 / 2.1 §6.1.2, rule 12: VMware sets three attributes of its own in one message', async (t) => {
  const connection = await session.connect(t)
  const id = await idFrom(connection, create('1.1'))
  const own = { 'x-Vendor': 'VMware, Inc.', 'x-Product': 'VMware vSphere', 'x-Product_Version': '7.0.3 build-19480866' }
  const items = Object.entries(own).map(
    ([label, value]) =>
      [
        'AddAttribute',
        uid(id),
        struct('Attribute', text('AttributeName', label), text('AttributeValue', value)),
      ] as const,
  )
  const added = await exchange(connection, batch('1.1', items))
  t.strictSame(
    added.items.map(({ status }) => status),
    ['Success', 'Success', 'Success'],
  )
  for (const [index, [label, value]] of Object.entries(own).entries()) {
    t.equal(valueAt(added.items[index]?.payload, 'Attribute', 'AttributeName'), label, 'the attribute comes back')
    const { payload } = await ask(connection, request('1.1', 'GetAttributes', uid(id), text('AttributeName', label)))
    t.equal(valueAt(payload, 'Attribute', 'AttributeValue'), value)
  }
})

void test('1.4 §3.39 / 2.1 §4.66, rule 17: custom attributes of every type, made, found, read, changed and deleted', async (t) => {
  const connection = await session.connect(t)
  const inner = struct('AttributeValue', text('NameValue', 'inside'), int('BatchCount', 3))
  const values: readonly (readonly [name: string, write: (tag: keyof typeof TAG | number) => Buffer])[] = [
    ['text', (tag) => text(tag, 'wörd')],
    ['integer', (tag) => int(tag, -7)],
    ['long', (tag) => longInt(tag, -(2n ** 60n))],
    ['enumeration', (tag) => enumeration(tag, 0x80000001)],
    ['boolean', (tag) => bool(tag, true)],
    ['bytes', (tag) => bytes(tag, Buffer.from('0001ff', 'hex'))],
    ['date', (tag) => date(tag, 1_500_000_000)],
    ['interval', (tag) => interval(tag, 86_400)],
    ['structure', (tag) => struct(tag, inner.subarray(8))],
  ]
  for (const [name, write] of values) {
    const one = custom(`${freshName()}-${name}`, write)
    const id = await idFrom(connection, create('1.2', one))
    const read = async (): Promise<readonly Node[]> =>
      all(
        (await ask(connection, request('1.2', 'GetAttributes', uid(id), text('AttributeName', one.label)))).payload,
        'Attribute',
      )
    const [found] = await read()
    t.strictSame(
      find(found, 'AttributeValue'),
      find(wrapped(namedAttribute(one)), 'AttributeValue'),
      `${name} is read as it was written`,
    )
    if (name !== 'structure')
      t.strictSame(idsIn((await ask(connection, locate('1.2', one))).payload), [id], `${name} is found`)
    const second = await ask(connection, request('1.2', 'AddAttribute', uid(id), namedAttribute(one)))
    t.equal(second.status, 'Success')
    t.equal((await read()).length, 2, 'several instances')
    t.equal(valueAt((await read())[1], 'AttributeIndex'), 1)
    const changed = custom(one.label.slice(2), (tag) => text(tag, 'other'))
    const modified = await ask(connection, request('1.2', 'ModifyAttribute', uid(id), namedAttribute(changed, 1)))
    t.equal(modified.status, 'Success')
    t.equal(valueAt((await read())[1], 'AttributeValue'), 'other')
    const deleted = await ask(
      connection,
      request('1.2', 'DeleteAttribute', uid(id), text('AttributeName', one.label), int('AttributeIndex', 0)),
    )
    t.equal(deleted.status, 'Success')
    t.strictSame(
      (await read()).map((node) => [valueAt(node, 'AttributeIndex'), valueAt(node, 'AttributeValue')]),
      [[1, 'other']],
    )
  }
})

const wrapped = (item: Buffer): Node | undefined => find(parse(struct('RequestPayload', item)), 'Attribute')

void test('1.4 §3.18, rule 18: Operation Policy Name is kept, given back, and may be set again', async (t) => {
  const connection = await session.connect(t)
  const policy = attribute('OperationPolicyName', (tag) => text(tag, 'default'))
  for (const version of ['1.0', '1.1', '1.2', '1.3', '1.4'] as const) {
    const id = await idFrom(connection, create(version, policy))
    const read = async (): Promise<unknown> =>
      attributeIn(
        (
          await ask(
            connection,
            request(version, 'GetAttributes', uid(id), text('AttributeName', 'Operation Policy Name')),
          )
        ).payload,
        'OperationPolicyName',
      )?.value
    t.equal(await read(), 'default')
    t.equal(
      (await ask(connection, request(version, 'AddAttribute', uid(id), namedAttribute(policy)))).status,
      'Success',
    )
    t.equal(await read(), 'default')
  }
})

void test('1.4 §4.15 / 2.1 §6.1.34, behaviour 10: Synology changes a Name without an index and an Activation Date that has come', async (t) => {
  const connection = await session.connect(t)
  const [before, after] = [freshName(), freshName()]
  const id = await idFrom(connection, create('1.2', named(before)))
  const renamed = await ask(connection, request('1.2', 'ModifyAttribute', uid(id), namedAttribute(named(after))))
  t.equal(valueAt(renamed.payload, 'Attribute', 'AttributeValue', 'NameValue'), after, 'the new Name comes back')
  t.strictSame(idsIn((await ask(connection, locate('1.2', named(after)))).payload), [id])
  t.strictSame(idsIn((await ask(connection, locate('1.2', named(before)))).payload), [])
  const second = await idFrom(
    connection,
    create(
      '1.2',
      attribute('ActivationDate', (tag) => date(tag, 4_000_000_000)),
    ),
  )
  const activation = attribute('ActivationDate', (tag) => date(tag, 1_500_000_000))
  t.equal(
    (await ask(connection, request('1.2', 'ModifyAttribute', uid(second), namedAttribute(activation)))).status,
    'Success',
  )
  const { payload } = await ask(
    connection,
    request('1.2', 'GetAttributes', uid(second), text('AttributeName', 'State')),
  )
  t.equal(attributeIn(payload, 'State')?.value, STATE.code.Active)
})

void test('1.4 §2.1.1, rule 17: MySQL puts Attribute Index 0 between name and value', async (t) => {
  const connection = await session.connect(t)
  const list = [algorithm('AES'), cryptographicLength(256), usageMask(12)].map((one) => namedAttribute(one, 0))
  const fields = [int('MaximumResponseSize', 280_000)]
  const { first } = await exchange(
    connection,
    message('1.1', [batchItem('Create', [objectType('SymmetricKey'), template(...list)])], fields),
  )
  t.equal(first.status, 'Success')
  const id = textAt(first.payload, 'UniqueIdentifier')
  const added = await ask(connection, request('1.1', 'AddAttribute', uid(id), namedAttribute(named(freshName()), 0)))
  t.equal(added.status, 'Success')
  t.equal((await ask(connection, activate('1.1', id))).status, 'Success')
  const masked = await ask(
    connection,
    request('1.1', 'Locate', int('StorageStatusMask', 1), namedAttribute(ofType('SymmetricKey'))),
  )
  t.ok(idsIn(masked.payload).includes(id))
})

// Objects -------------------------------------------------------------------------------------------------------------

const register = (version: Version, type: Parameters<typeof objectType>[0], list: Buffer, object: Buffer): Buffer =>
  request(version, 'Register', objectType(type), list, object)

const secret = (format: KeyFormatType, value: Buffer): Buffer =>
  struct(
    'SecretData',
    enumeration('SecretDataType', SECRET_DATA_TYPE.code.Password),
    keyBlock(format, bytes('KeyMaterial', value)),
  )

const noAttributes = (version: Version): Buffer => struct(version.startsWith('1') ? 'TemplateAttribute' : 'Attributes')

void test('1.4 §2.2.7 / 2.1 §2.6, rules 19 and 20: secrets without attributes come back as they were', async (t) => {
  const connection = await session.connect(t)
  for (const version of VERSIONS) {
    for (const format of ['Raw', 'Opaque'] as const) {
      for (const size of [1, 96, 65_536]) {
        const value = randomBytes(size)
        const id = await idFrom(
          connection,
          register(version, 'SecretData', noAttributes(version), secret(format, value)),
        )
        const block = find((await ask(connection, get(version, id))).payload, 'SecretData', 'KeyBlock')
        t.equal(valueAt(block, 'KeyFormatType'), KEY_FORMAT_TYPE.code[format])
        const material = valueAt(block, 'KeyValue', 'KeyMaterial')
        t.ok(Buffer.isBuffer(material) && material.equals(value))
        t.equal(find(block, 'CryptographicAlgorithm'), undefined, 'a secret has no algorithm')
      }
    }
  }
})

void test('1.4 §2.2.8 / 2.1 §2.3, rule 19: an Opaque Object with nothing but a Name', async (t) => {
  const connection = await session.connect(t)
  for (const version of VERSIONS) {
    const value = randomBytes(100)
    const list = version.startsWith('1')
      ? template(namedAttribute(named(freshName())))
      : struct('Attributes', named(freshName()).write('Name'))
    const type = enumeration('OpaqueDataType', 0x80000000)
    const object = struct('OpaqueObject', type, bytes('OpaqueDataValue', value))
    const id = await idFrom(connection, register(version, 'OpaqueObject', list, object))
    const { payload } = await ask(connection, get(version, id))
    const found = valueAt(payload, 'OpaqueObject', 'OpaqueDataValue')
    t.ok(Buffer.isBuffer(found) && found.equals(value))
    t.equal(valueAt(payload, 'OpaqueObject', 'OpaqueDataType'), 0x80000000)
  }
  t.equal(OPAQUE_DATA_TYPE.names.length, 0, 'every Opaque Data Type is an extension')
})

const aes = (value: Buffer, compression: boolean): Buffer =>
  struct(
    'SymmetricKey',
    struct(
      'KeyBlock',
      enumeration('KeyFormatType', KEY_FORMAT_TYPE.code.Raw),
      ...(compression
        ? [enumeration('KeyCompressionType', KEY_COMPRESSION_TYPE.code.ECPublicKeyTypeUncompressed)]
        : []),
      struct('KeyValue', bytes('KeyMaterial', value)),
      enumeration('CryptographicAlgorithm', 3),
      int('CryptographicLength', value.length * 8),
    ),
  )

const keyAttributes = async (connection: WireConnection, version: Version, id: string): Promise<unknown> => {
  const { payload } = await ask(connection, request(version, 'GetAttributes', uid(id)))
  return [attributeIn(payload, 'CryptographicAlgorithm')?.value, attributeIn(payload, 'CryptographicLength')?.value]
}

void test('1.4 §4.3 / 2.1 §6.1.45, rule 19: usage mask 0, and algorithm and length only in the Key Block', async (t) => {
  const connection = await session.connect(t)
  for (const version of ['1.0', '1.2', '1.4'] as const) {
    const value = randomBytes(32)
    const list = template(namedAttribute(usageMask(0)), namedAttribute(named(freshName())))
    const id = await idFrom(connection, register(version, 'SymmetricKey', list, aes(value, false)))
    t.strictSame(await keyAttributes(connection, version, id), [3, 256])
    const material = valueAt(
      (await ask(connection, get(version, id))).payload,
      'SymmetricKey',
      'KeyBlock',
      'KeyValue',
      'KeyMaterial',
    )
    t.ok(Buffer.isBuffer(material) && material.equals(value))
  }
})

void test('1.4 §2.1.3 / 2.1 §3.1, rule 21: pg_tde states a compression of a symmetric key, which is not repeated', async (t) => {
  const connection = await session.connect(t)
  const list = template(
    namedAttribute(usageMask(12)),
    namedAttribute(algorithm('AES')),
    namedAttribute(cryptographicLength(128)),
  )
  const id = await idFrom(connection, register('1.4', 'SymmetricKey', list, aes(randomBytes(16), true)))
  const block = find((await ask(connection, get('1.0', id))).payload, 'SymmetricKey', 'KeyBlock')
  t.equal(find(block, 'KeyCompressionType'), undefined)
})

void test('1.4 §4.1 / 2.1 §6.1.8, rule 19: a key whose usage is all bits of a product, and usage 0', async (t) => {
  const connection = await session.connect(t)
  for (const mask of [0x83c, 140, 12, 384, 0]) {
    const { status } = await ask(
      connection,
      createWith('1.2', algorithm('AES'), cryptographicLength(256), usageMask(mask)),
    )
    t.equal(status, 'Success', mask.toString())
  }
})

void test('1.4 §7.2 / 2.1 §8.6, rule 5: types that do not fit fail their item with a reason and a message', async (t) => {
  const connection = await session.connect(t)
  for (const version of VERSIONS) {
    const { first } = await exchange(
      connection,
      request(version, 'Get', struct('UniqueIdentifier', int('BatchCount', ITEM_TYPE.Integer))),
    )
    t.match(first, { operation: 'Get', status: 'OperationFailed', reason: 'InvalidMessage' })
  }
})
