import { t as file, test } from 'tap'
import {
  ASYNCHRONOUS_INDICATOR,
  BATCH_ERROR_CONTINUATION_OPTION,
  type ResultReason,
} from '../../src/protocol/enumerations.ts'
import type { Test } from 'tap'
import { staysFlat } from '../helpers/growth.ts'
import { SMALL_HEAP, type WireConnection } from '../helpers/server.ts'
import {
  all,
  batch,
  batchItem,
  bool,
  bytes,
  custom,
  enumeration,
  filters,
  type Item,
  int,
  message,
  protocolVersion,
  request,
  type Response,
  struct,
  text,
  textAt,
  valueAt,
  versionItem,
} from './message.ts'
import {
  aesPayload,
  algorithm,
  create,
  createWith,
  destroy,
  get,
  getState,
  locate,
  named,
  uid,
  usageMask,
} from './requests.ts'
import { answersWell, ask, exchange, idFrom, startSession } from './session.ts'

/*
 * Messages that are TTLV but not what the standard says of messages, over TLS (the numbered bad inputs 17 to 31): the
 * message or the item fails, the connection stays, and nothing has been executed.
 */

const VERSIONS = ['1.4', '2.1'] as const

type TestVersion = (typeof VERSIONS)[number]

type Reasons = Readonly<Record<TestVersion, ResultReason>>

const INVALID: Reasons = { '1.4': 'InvalidMessage', '2.1': 'InvalidMessage' }
const NOT_FOUND: Reasons = { '1.4': 'ItemNotFound', '2.1': 'ObjectNotFound' }

const { connect, server } = await startSession(file, ['--log-level', 'silent'], SMALL_HEAP)

let names = 0

/** A Name that no other test uses. */
const freshName = (): string => `envelope-${(names += 1)}`

const isFree = async (connection: WireConnection, name: string): Promise<boolean> => {
  const { payload } = await ask(connection, locate('2.1', named(name)))
  return all(payload, 'UniqueIdentifier').length === 0
}

/** Both versions, each on a connection of its own, which must still work afterwards. */
const inVersions = (
  title: string,
  run: (t: Test, version: TestVersion, connection: WireConnection) => Promise<void>,
): void => {
  for (const version of VERSIONS) {
    void test(`${title} (${version})`, async (t) => {
      const connection = await connect(t)
      await run(t, version, connection)
      t.ok(await answersWell(connection, version), 'the connection stays')
    })
  }
}

/** The response is one item without Operation. */
const isRefusal = (t: Test, response: Response, version: string, reason: ResultReason): void => {
  t.equal(response.version, version)
  t.equal(response.items.length, 1)
  t.match(response.first, { operation: undefined, status: 'OperationFailed', reason })
}

// Protocol Version ----------------------------------------------------------------------------------------------------

const header = (version: Buffer, ...fields: readonly Buffer[]): Buffer =>
  struct('RequestHeader', version, ...fields, int('BatchCount', 1))

const QUERY = batchItem('Query', [enumeration('QueryFunction', 1)])

for (const [major, minor, answered, reason] of [
  [0, 9, '2.1', 'UnsupportedProtocolVersion'],
  [1, 9, '1.4', 'InvalidMessage'],
  [2, 7, '2.1', 'UnsupportedProtocolVersion'],
  [3, 7, '2.1', 'UnsupportedProtocolVersion'],
  [99, 0, '2.1', 'UnsupportedProtocolVersion'],
  [-1, -1, '2.1', 'UnsupportedProtocolVersion'],
] as const) {
  void test(`row 17, 1.4 §6.1 / 2.1 §9.16: protocol version ${major}.${minor}`, async (t) => {
    const connection = await connect(t)
    isRefusal(
      t,
      await exchange(connection, struct('RequestMessage', header(protocolVersion(major, minor)), QUERY)),
      answered,
      reason,
    )
    t.ok(await answersWell(connection, '1.4'), 'the connection stays')
  })
}

void test('row 17, 1.4 §4.26 / 2.1 §6.1.16: Discover Versions in a version that nobody knows', async (t) => {
  const connection = await connect(t)
  const response = await exchange(
    connection,
    struct('RequestMessage', header(protocolVersion(99, 0)), batchItem('DiscoverVersions', [])),
  )
  t.equal(response.first.status, 'Success')
  t.equal(all(response.first.payload, 'ProtocolVersion').length, 7)
})

void test('row 18, 1.4 §6.1 / 2.1 §9.16: no Protocol Version', async (t) => {
  const connection = await connect(t)
  const response = await exchange(
    connection,
    struct('RequestMessage', struct('RequestHeader', int('BatchCount', 1)), QUERY),
  )
  isRefusal(t, response, '2.1', 'InvalidMessage')
  t.ok(await answersWell(connection, '1.4'), 'the connection stays')
})

inVersions('row 18, 1.4 §6.14 / 2.1 §9.6: no Batch Count', async (t, version, connection) => {
  const name = freshName()
  const item = batchItem('Create', aesPayload(version, named(name)))
  const response = await exchange(
    connection,
    struct('RequestMessage', struct('RequestHeader', versionItem(version)), item),
  )
  isRefusal(t, response, version, 'InvalidMessage')
  t.ok(await isFree(connection, name), 'nothing was executed')
})

inVersions('row 18, 1.4 §6.2 / 2.1 §9.14: no Operation', async (t, version, connection) => {
  const item = struct('BatchItem', struct('RequestPayload'))
  isRefusal(t, await exchange(connection, message(version, [item])), version, 'InvalidMessage')
})

// Batches -------------------------------------------------------------------------------------------------------------

for (const count of [0, -1, 0x7fffffff, 1, 3]) {
  inVersions(`row 19, 1.4 §6.14 / 2.1 §9.6: Batch Count ${count} on two items`, async (t, version, connection) => {
    const name = freshName()
    const items = [0, 1].map((index) =>
      batchItem('Create', aesPayload(version, named(`${name}${index}`)), Buffer.from([index + 1])),
    )
    isRefusal(t, await exchange(connection, message(version, items, [], count)), version, 'InvalidMessage')
    t.ok(await isFree(connection, `${name}0`), 'nothing was executed')
  })
}

inVersions('row 19, 1.4 §6.14 / 2.1 §9.6: Batch Count 0 and no item', async (t, version, connection) => {
  isRefusal(t, await exchange(connection, message(version, [])), version, 'InvalidMessage')
})

for (const [title, first, second] of [
  ['without', undefined, undefined],
  ['with one', Buffer.from([1]), undefined],
  ['with equal', Buffer.from([1]), Buffer.from([1])],
] as const) {
  inVersions(
    `row 21, 1.4 §6.4 / 2.1 §9.21: two items ${title} Unique Batch Item ID`,
    async (t, version, connection) => {
      const name = freshName()
      const items = [first, second].map((id, index) =>
        batchItem('Create', aesPayload(version, named(`${name}${index}`)), id),
      )
      isRefusal(t, await exchange(connection, message(version, items)), version, 'InvalidMessage')
      t.ok(await isFree(connection, `${name}0`), 'nothing was executed')
    },
  )
}

const NOWHERE = '00000000-0000-7000-8000-000000000000'

const option = (name: keyof typeof BATCH_ERROR_CONTINUATION_OPTION.code): Buffer =>
  enumeration('BatchErrorContinuationOption', BATCH_ERROR_CONTINUATION_OPTION.code[name])

const statuses = (items: readonly Item[]): readonly (string | undefined)[] => items.map(({ status }) => status)

for (const [title, fields] of [
  ['by default', []],
  ['when asked for', [option('Stop')]],
] as const) {
  inVersions(
    `row 22, 1.4 §6.13 / 2.1 §9.6: a batch stops at the item that fails ${title}`,
    async (t, version, connection) => {
      const [kept, never] = [freshName(), freshName()]
      const { items } = await exchange(
        connection,
        batch(
          version,
          [
            ['Create', ...aesPayload(version, named(kept))],
            ['Get', uid(NOWHERE)],
            ['Create', ...aesPayload(version, named(never))],
          ],
          fields,
        ),
      )
      t.strictSame(statuses(items), ['Success', 'OperationFailed'])
      t.notOk(await isFree(connection, kept), 'what came before stays')
      t.ok(await isFree(connection, never), 'what comes after is not executed')
    },
  )
}

inVersions(
  'row 22, 1.4 §6.13 / 2.1 §9.6: Continue goes on behind the item that fails',
  async (t, version, connection) => {
    const name = freshName()
    const { items } = await exchange(
      connection,
      batch(
        version,
        [
          ['Get', uid(NOWHERE)],
          ['Create', ...aesPayload(version, named(name))],
        ],
        [option('Continue')],
      ),
    )
    t.strictSame(statuses(items), ['OperationFailed', 'Success'])
    t.strictSame(
      items.map(({ id }) => id?.toString('hex')),
      ['01', '02'],
      'each answer has the id of its item',
    )
    t.notOk(await isFree(connection, name))
  },
)

inVersions(
  'row 23, 1.4 §6.13 / 2.1 §9.6: Undo leaves nothing of a batch that fails',
  async (t, version, connection) => {
    const name = freshName()
    const { items } = await exchange(
      connection,
      batch(
        version,
        [['Create', ...aesPayload(version, named(name))], ['Activate'], ['Get', uid(NOWHERE)]],
        [option('Undo')],
      ),
    )
    t.strictSame(statuses(items), ['OperationUndone', 'OperationUndone', 'OperationFailed'])
    t.ok(await isFree(connection, name), 'the object is gone')
  },
)

inVersions('row 24, 1.4 §4 / 2.1 §6: an ID Placeholder that nothing has set', async (t, version, connection) => {
  const item = await ask(connection, request(version, 'Get'))
  t.match(item, { operation: 'Get', status: 'OperationFailed', reason: NOT_FOUND[version] })
})

inVersions('row 24, 1.4 §4 / 2.1 §6: an ID Placeholder after an item that failed', async (t, version, connection) => {
  const { items } = await exchange(
    connection,
    batch(version, [['Create', ...aesPayload(version)], ['Get', uid(NOWHERE)], ['Get']], [option('Continue')]),
  )
  t.strictSame(statuses(items), ['Success', 'OperationFailed', 'OperationFailed'])
  t.equal(items[2]?.reason, NOT_FOUND[version])
})

inVersions(
  'row 24, 1.4 §4.9 / 2.1 §6.1.28: an ID Placeholder after Locate has found two',
  async (t, version, connection) => {
    const name = freshName()
    const shared = custom('shared', (tag) => text(tag, name))
    await idFrom(connection, create(version, shared))
    await idFrom(connection, create(version, shared))
    const { items } = await exchange(connection, batch(version, [['Locate', ...filters(version, shared)], ['Get']]))
    t.equal(all(items[0]?.payload, 'UniqueIdentifier').length, 2)
    t.equal(items[1]?.reason, NOT_FOUND[version])
  },
)

// Fields --------------------------------------------------------------------------------------------------------------

inVersions('row 25, 1.4 §6.14 / 2.1 §9.5: two Batch Counts', async (t, version, connection) => {
  const name = freshName()
  const item = batchItem('Create', aesPayload(version, named(name)))
  isRefusal(t, await exchange(connection, message(version, [item], [int('BatchCount', 1)])), version, 'InvalidMessage')
  t.ok(await isFree(connection, name), 'nothing was executed')
})

inVersions('row 25, 1.4 §4.11 / 2.1 §6.1.19: two Unique Identifiers in Get', async (t, version, connection) => {
  const id = await idFrom(connection, create(version))
  const item = await ask(connection, request(version, 'Get', uid(id), uid(id)))
  t.match(item, { operation: 'Get', reason: INVALID[version] })
})

inVersions('row 25, 1.4 §3 / 2.1 §4: an attribute of one value twice in Create', async (t, version, connection) => {
  const item = await ask(connection, createWith(version, algorithm('AES'), algorithm('DES3'), usageMask(12)))
  t.match(item, { operation: 'Create', status: 'OperationFailed' })
  t.equal(item.reason, version === '1.4' ? 'InvalidField' : 'AttributeSingleValued')
})

inVersions('row 26, 1.4 §7 / 2.1 §8: fields of the header out of order', async (t, version, connection) => {
  const disordered = struct(
    'RequestMessage',
    struct('RequestHeader', versionItem(version), int('BatchCount', 1), int('MaximumResponseSize', 4096)),
    QUERY,
  )
  isRefusal(t, await exchange(connection, disordered), version, 'InvalidMessage')
})

inVersions('row 26, 1.4 §7 / 2.1 §8: fields of a payload out of order', async (t, version, connection) => {
  const [type = Buffer.alloc(0), list = Buffer.alloc(0)] = aesPayload(version)
  const item = await ask(connection, request(version, 'Create', list, type))
  t.match(item, { operation: 'Create', reason: INVALID[version] })
})

for (const size of [0, -1, 64, 150]) {
  inVersions(
    `row 27, 1.4 §6.3 / 2.1 §9.12: Maximum Response Size ${size} on Create leaves no object`,
    async (t, version, connection) => {
      const name = freshName()
      const item = batchItem('Create', aesPayload(version, named(name)))
      const { first } = await exchange(connection, message(version, [item], [int('MaximumResponseSize', size)]))
      t.match(first, {
        status: 'OperationFailed',
        reason: size < 0 ? /^(ResponseTooLarge|InvalidField)$/ : 'ResponseTooLarge',
      })
      t.ok(await isFree(connection, name), 'no object is left behind')
    },
  )
}

const extension = (critical: boolean): Buffer =>
  struct(
    'MessageExtension',
    text('VendorIdentification', 'Somebody'),
    bool('CriticalityIndicator', critical),
    struct('VendorExtension'),
  )

inVersions('row 28, 1.4 §6.16 / 2.1 §9.13: a critical Message Extension', async (t, version, connection) => {
  const name = freshName()
  const items = [
    batchItem('Create', aesPayload(version, named(name)), Buffer.of(1)),
    batchItem('Query', [enumeration('QueryFunction', 1)], Buffer.of(2), [extension(true)]),
  ]
  const { first } = await exchange(connection, message(version, items))
  t.equal(first.reason, version === '1.4' ? 'FeatureNotSupported' : 'UnknownMessageExtension')
  t.ok(await isFree(connection, name), 'nothing was executed')
})

inVersions(
  'row 28, 1.4 §6.16 / 2.1 §9.13: a Message Extension that is not critical',
  async (t, version, connection) => {
    const item = batchItem('Query', [enumeration('QueryFunction', 1)], undefined, [extension(false)])
    t.equal((await exchange(connection, message(version, [item]))).first.status, 'Success')
  },
)

const asynchronous = (version: TestVersion): Buffer =>
  version === '1.4'
    ? bool('AsynchronousIndicator', true)
    : enumeration('AsynchronousIndicator', ASYNCHRONOUS_INDICATOR.code.Mandatory)

inVersions(
  'row 29, 1.4 §6.7 / 2.1 §9.2: what the client allows, and what it demands',
  async (t, version, connection) => {
    const item = batchItem('Create', aesPayload(version, named(freshName())))
    const { first } = await exchange(connection, message(version, [item], [asynchronous(version)]))
    // True only means that the client could take a later answer (1.4 section 6.7).
    t.equal(first.status, version === '1.4' ? 'Success' : 'OperationPending')
  },
)

inVersions(
  'row 29, 1.4 §11.29 / 2.1 §6.1.38: Poll with a value that nobody was given',
  async (t, version, connection) => {
    for (const length of [0, 1, 18, 100_000]) {
      const item = batchItem('Poll', [bytes('AsynchronousCorrelationValue', Buffer.alloc(length, 7))])
      const { first } = await exchange(connection, message(version, [item]))
      t.equal(first.reason, version === '1.4' ? 'ItemNotFound' : 'InvalidAsynchronousCorrelationValue')
    }
  },
)

inVersions(
  'row 29, 1.4 §4.28 / 2.1 §6.1.38: Poll for something that was never promised',
  async (t, version, connection) => {
    const item = await ask(
      connection,
      request(version, 'Poll', bytes('AsynchronousCorrelationValue', Buffer.alloc(8, 7))),
    )
    t.match(item, { operation: 'Poll', status: 'OperationFailed' })
    t.match(item.reason, /^(OperationNotSupported|ItemNotFound|InvalidAsynchronousCorrelationValue)$/)
  },
)

for (const code of [0, 0x7fffffff, 0x80000001]) {
  inVersions(`row 31, 1.4 §6.2 / 2.1 §9.14: operation ${code.toString(16)}`, async (t, version, connection) => {
    const response = await exchange(connection, message(version, [batchItem(code, [], Buffer.from('ab', 'hex'))]))
    t.match(response.first, { status: 'OperationFailed', reason: 'OperationNotSupported' })
    t.equal(valueAt(all(response.node, 'BatchItem')[0], 'Operation'), code >>> 0, 'the operation comes back')
    t.equal(response.first.id?.toString('hex'), 'ab', 'and the id')
  })
}

inVersions('row 34, 1.4 §4.11 / 2.1 §6.1.19: identifiers that no object has', async (t, version, connection) => {
  for (const id of ['', '*', '../..', "' OR 1=1--", 'hsm::0::kek', '%', 'x'.repeat(262_144), NOWHERE.toUpperCase()]) {
    for (const bytes of [get(version, id), getState(version, id), destroy(version, id)]) {
      t.equal((await ask(connection, bytes)).reason, NOT_FOUND[version], id.slice(0, 20))
    }
  }
})

void test('row 20, 1.4 §4.2 / 2.1 §6.1.9: one client waiting for key pairs does not hold up another', async (t) => {
  const [busy, other] = [await connect(t), await connect(t)]
  const id = await idFrom(other, create('1.4'))
  const pair = struct(
    'CommonTemplateAttribute',
    struct('Attribute', text('AttributeName', 'Cryptographic Algorithm'), enumeration('AttributeValue', 4)),
    struct('Attribute', text('AttributeName', 'Cryptographic Length'), int('AttributeValue', 2048)),
  )
  const masks = (tag: 'PrivateKeyTemplateAttribute' | 'PublicKeyTemplateAttribute', bits: number): Buffer =>
    struct(tag, struct('Attribute', text('AttributeName', 'Cryptographic Usage Mask'), int('AttributeValue', bits)))
  const payload = [pair, masks('PrivateKeyTemplateAttribute', 1), masks('PublicKeyTemplateAttribute', 2)]
  busy.write(
    batch(
      '1.4',
      Array.from({ length: 20 }, () => ['CreateKeyPair', ...payload] as const),
    ),
  )
  const reads = 20
  for (let count = 0; count < reads; count += 1) t.equal((await ask(other, get('1.4', id))).status, 'Success')
  t.equal(busy.waiting, 0, 'twenty reads are answered before twenty key pairs are made')
  const answer = await busy.next()
  t.ok(answer !== undefined)
  t.equal(textAt((await ask(other, get('1.4', id))).payload, 'UniqueIdentifier'), id)
})

void test('row 20, 1.4 §11.1 / 2.1 §11.46: more key pairs than a client may have in work', async (t) => {
  const connection = await connect(t)
  for (const version of ['1.4', '2.1'] as const) {
    // Those that are looked at fail: the operation has no such field.
    const pairs = Array.from({ length: 100 }, () => ['CreateKeyPair', uid(NOWHERE)] as const)
    const response = await exchange(connection, batch(version, pairs))
    isRefusal(t, response, version, version === '1.4' ? 'GeneralFailure' : 'ServerLimitExceeded')
    t.equal(response.items.length, 1, 'before any of them is looked at')
    t.equal((await exchange(connection, batch(version, pairs.slice(0, 64)))).items.length, 1, 'the first one fails')
  }
})

void test('1.4 §11.1 / 2.1 §11.46: requests that fail by the thousand leave the memory as it is', async (t) => {
  const connection = await connect(t)
  const round = async (count: number): Promise<void> => {
    for (let done = 0; done < count; done += 1) {
      for (const version of VERSIONS) {
        await connection.ask(get(version, NOWHERE))
        await connection.ask(request(version, 0x7fffffff))
        await connection.ask(message(version, [QUERY], [], 7))
        await connection.ask(
          batch(
            version,
            [
              ['Create', ...aesPayload(version)],
              ['Get', uid(NOWHERE)],
            ],
            [option('Undo')],
          ),
        )
      }
    }
  }
  await round(300)
  t.ok(await staysFlat(server, 1, () => round(600)))
})
