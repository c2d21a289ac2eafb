import { setTimeout } from 'node:timers/promises'
import { test } from 'tap'
import { anyOf } from '../../src/protocol/attribute-any.ts'
import type { Operation, ResultReason } from '../../src/protocol/enumerations.ts'
import { requestMessage } from '../../src/protocol/message.ts'
import { TAG } from '../../src/protocol/tags.ts'
import type { Version } from '../../src/schema/version.ts'
import { Writer } from '../../src/ttlv/writer.ts'
import {
  attributesOf,
  createKey,
  FAMILIES,
  inFamily,
  named,
  of,
  openServer,
  refusal,
  registerKey,
  usage,
} from '../helpers/calls.ts'
import {
  type BatchOptions,
  decodeResponse,
  type Item,
  type ItemResult,
  type Payload,
  type TestClient,
} from '../helpers/harness.ts'

const { harness, client } = await openServer()

/** What allows answers to be given later: a Boolean in 1.x, an enumeration since 2.0. */
const optional = (version: Version): BatchOptions => ({
  header: { asynchronousIndicator: inFamily<boolean | string>(version, true, 'Optional') },
})

const MANDATORY: BatchOptions = { header: { asynchronousIndicator: 'Mandatory' } }

const one = (results: readonly ItemResult[]): ItemResult => {
  const [result] = results
  if (result === undefined) throw new Error('no item in the response')
  return result
}

/** A request that is pending: its Asynchronous Correlation Value. */
const pendingValue = ({ status, operation, correlationValue, reason }: ItemResult): Buffer => {
  if (status === 'OperationPending' && correlationValue !== undefined) return correlationValue
  throw new Error(`${operation ?? ''} is ${status} ${reason ?? ''}, not pending`)
}

const later = async (
  who: TestClient,
  version: Version,
  item: Item,
  options: BatchOptions = optional(version),
): Promise<Buffer> => pendingValue(one(await who.batch(version, [item], options)))

const valued = (asynchronousCorrelationValue: Buffer): Payload => ({ asynchronousCorrelationValue })

/** Polls until the result is there. */
const result = async (who: TestClient, version: Version, value: Buffer): Promise<ItemResult> => {
  for (let tries = 0; tries < 100; tries += 1) {
    const polled = await who.attempt(version, 'Poll', valued(value))
    if (polled.status !== 'OperationPending') return polled
  }
  throw new Error('the request stays pending')
}

const keyItem = (...names: readonly string[]): Item => ({
  operation: 'Create',
  request: {
    objectType: 'SymmetricKey',
    attributes: attributesOf(
      { name: 'CryptographicAlgorithm', value: 'AES' },
      { name: 'CryptographicLength', value: 128 },
      { name: 'CryptographicUsageMask', value: 12 },
      ...names.map(named),
    ),
  },
})

const isNamed = (name: string) => ({ ref: { name: 'Name' }, value: anyOf(named(name)) })

const located = async (who: TestClient, name: string): Promise<number> => {
  const { uniqueIdentifiers } = await who.call('2.1', 'Locate', {
    filters: [isNamed(name)],
  })
  return Array.isArray(uniqueIdentifiers) ? uniqueIdentifiers.length : 0
}

for (const version of FAMILIES) {
  void test(`1.4 sections 4.28 and 6.8, 2.1 sections 6.1.38 and 9.1: Archive and Recover are answered later (${version})`, async (t) => {
    const id = await createKey(client, version)
    const value = await later(client, version, { operation: 'Archive', request: of(id) })
    const polled = await result(client, version, value)
    t.match(polled, { operation: 'Archive', status: 'Success', payload: { uniqueIdentifier: id } })
    t.equal(refusal(await client.attempt(version, 'Get', of(id))), 'ObjectArchived')
    const again = await client.attempt(version, 'Poll', valued(value))
    t.equal(
      refusal(again),
      inFamily<ResultReason>(version, 'ItemNotFound', 'InvalidAsynchronousCorrelationValue'),
      'the answer is given once',
    )
    const recovered = await result(
      client,
      version,
      await later(client, version, { operation: 'Recover', request: of(id) }),
    )
    t.match(recovered, { operation: 'Recover', status: 'Success', payload: { uniqueIdentifier: id } })
    t.equal((await client.attempt(version, 'Get', of(id))).status, 'Success')
  })

  void test(`1.4 section 6.7, 2.1 section 11.3: what takes no time is answered at once (${version})`, async (t) => {
    const id = await createKey(client, version)
    const got = one(await client.batch(version, [{ operation: 'Get', request: of(id) }], optional(version)))
    t.match(got, { operation: 'Get', status: 'Success' })
    const prohibited = { header: { asynchronousIndicator: inFamily<boolean | string>(version, false, 'Prohibited') } }
    const archived = one(await client.batch(version, [{ operation: 'Archive', request: of(id) }], prohibited))
    t.match(archived, { operation: 'Archive', status: 'Success' })
  })

  void test(`1.4 section 4.28, 2.1 section 6.1.38: a failure is told as it would have been at once (${version})`, async (t) => {
    const value = await later(client, version, { operation: 'Archive', request: of('nothing') })
    const polled = await result(client, version, value)
    t.equal(polled.operation, 'Archive')
    const atOnce = await client.attempt(version, 'Archive', of('nothing'))
    t.same({ ...polled }, { ...atOnce })
  })
}

void test('1.4 section 4.28: an answer is told in the version of the Poll', async (t) => {
  const id = await createKey(client, '2.1', named('told'))
  const wanted = { ...of(id), attributes: [{ name: 'Name' }] }
  const value = await later(client, '2.1', { operation: 'GetAttributes', request: wanted }, MANDATORY)
  const polled = await result(client, '1.0', value)
  t.match(polled, { operation: 'GetAttributes', status: 'Success' })
  t.match(polled.payload, await client.call('1.0', 'GetAttributes', wanted))
  const failing = await later(client, '2.1', { operation: 'Get', request: of('nothing') }, MANDATORY)
  t.equal(refusal(await result(client, '1.0', failing)), 'ItemNotFound')
})

void test('2.1 section 11.3: Mandatory: every item is answered later, and has its own value', async (t) => {
  const material = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')
  const id = await registerKey(client, '2.1', material)
  const results = await client.batch(
    '2.1',
    [
      { operation: 'Get', request: of(id) },
      { operation: 'Query', request: { functions: ['QueryObjects'] } },
      keyItem(),
    ],
    MANDATORY,
  )
  const values = results.map(pendingValue)
  t.equal(new Set(values.map((value) => value.toString('hex'))).size, 3)
  const [get, query, created] = await Promise.all(values.map((value) => result(client, '2.1', value)))
  t.match(get?.payload, { SymmetricKey: { keyBlock: { keyValue: { keyMaterial: material } } } })
  t.match(query, { operation: 'Query', status: 'Success' })
  t.match(created, { operation: 'Create', status: 'Success' })
})

void test('2.1 sections 6.1.5 and 6.1.38: Poll, Cancel and Process are answered at once whatever is asked for', async (t) => {
  const value = Buffer.alloc(18)
  for (const operation of ['Poll', 'Process', 'Cancel', 'QueryAsynchronousRequests'] satisfies Operation[]) {
    const request = operation === 'QueryAsynchronousRequests' ? {} : valued(value)
    const { status } = one(await client.batch('2.1', [{ operation, request }], MANDATORY))
    t.not(status, 'OperationPending', operation)
  }
})

void test('1.4 section 4, 2.1 section 6: items that are answered later share the ID Placeholder', async (t) => {
  const items: readonly Item[] = [
    keyItem('placed'),
    { operation: 'Activate', request: {} },
    { operation: 'GetAttributes', request: { attributes: [{ name: 'State' }] } },
  ]
  const values = (await client.batch('2.1', items, MANDATORY)).map(pendingValue)
  const last = await result(client, '2.1', values[2] ?? Buffer.alloc(0))
  t.match(last.payload, { attributes: [{ name: 'State', value: 'Active' }] })
  const id = await createKey(client, '1.4')
  const mixed = await client.batch(
    '1.4',
    [
      { operation: 'Locate', request: { filters: [isNamed('placed')] } },
      { operation: 'Archive', request: {} },
      { operation: 'Recover', request: {} },
      { operation: 'Get', request: of(id) },
    ],
    optional('1.4'),
  )
  t.same(
    mixed.map(({ status }) => status),
    ['Success', 'OperationPending', 'OperationPending', 'OperationPending'],
    'from the first that takes its time on',
  )
  for (const { correlationValue } of mixed.slice(1))
    t.equal((await result(client, '1.4', correlationValue ?? Buffer.alloc(0))).status, 'Success')
})

const statuses = async (values: readonly Buffer[]): Promise<readonly string[]> => {
  const all: string[] = []
  for (const value of values) all.push((await result(client, '2.1', value)).status)
  return all
}

const OPTIONS = [
  ['Stop', ['Success', 'OperationFailed', 'OperationFailed'], 1],
  ['Continue', ['Success', 'OperationFailed', 'Success'], 2],
  ['Undo', ['OperationUndone', 'OperationFailed', 'OperationFailed'], 0],
] as const

for (const [option, expected, made] of OPTIONS) {
  void test(`1.4 section 6.13, 2.1 section 9.6: a batch that is answered later, with ${option}`, async (t) => {
    const name = `batch ${option}`
    const items = [keyItem(name), { operation: 'Get', request: of('nothing') } as const, keyItem(`${name} 2`)]
    const pending = await client.batch('2.1', items, { ...MANDATORY, option })
    t.same(await statuses(pending.map(pendingValue)), expected)
    t.equal((await located(client, name)) + (await located(client, `${name} 2`)), made)
  })
}

void test('2.1 section 9.6: a batch with Undo that succeeds is done as a whole', async (t) => {
  const pending = await client.batch('2.1', [keyItem('whole'), keyItem('whole 2')], { ...MANDATORY, option: 'Undo' })
  t.same(await statuses(pending.map(pendingValue)), ['Success', 'Success'])
  t.equal(await located(client, 'whole'), 1)
  const optionally = await client.batch('2.1', [keyItem('whole 3'), { operation: 'Archive', request: {} }], {
    ...optional('2.1'),
    option: 'Undo',
  })
  t.same(
    optionally.map(({ status }) => status),
    ['Success', 'Success'],
    'where the server may choose, it is answered at once',
  )
})

void test('1.4 sections 4.27 and 4.28: the jobs of a client exist for nobody else', async (t) => {
  const id = await createKey(client, '2.1')
  const value = await later(client, '2.1', { operation: 'Get', request: of(id) }, MANDATORY)
  const strangers = [harness.client('mallory'), harness.client('root', 'admin')]
  for (const stranger of strangers) {
    for (const unknown of [value, Buffer.alloc(18), Buffer.alloc(0), Buffer.alloc(5000)]) {
      t.equal(refusal(await stranger.attempt('2.1', 'Poll', valued(unknown))), 'InvalidAsynchronousCorrelationValue')
      t.equal(refusal(await stranger.attempt('2.1', 'Process', valued(unknown))), 'InvalidAsynchronousCorrelationValue')
      t.match((await stranger.call('2.1', 'Cancel', valued(unknown)))['cancellationResult'], 'Unavailable')
    }
    t.match((await stranger.call('2.1', 'QueryAsynchronousRequests', {}))['asynchronousRequests'], [])
  }
  t.equal((await result(client, '2.1', value)).status, 'Success', 'and nothing has happened to them')
})

void test('2.1 section 6.1.41: Query Asynchronous Requests', async (t) => {
  const bob = harness.client('bob')
  const query = async (request: Payload = {}): Promise<readonly Payload[]> => {
    const { asynchronousRequests } = await bob.call('2.1', 'QueryAsynchronousRequests', request)
    return Array.isArray(asynchronousRequests) ? (asynchronousRequests as readonly Payload[]) : []
  }
  t.same(await query(), [])
  const first = await later(bob, '2.1', keyItem(), MANDATORY)
  const second = await later(bob, '2.1', { operation: 'Query', request: { functions: ['QueryObjects'] } }, MANDATORY)
  await bob.attempt('2.1', 'Process', valued(first))
  await bob.attempt('2.1', 'Process', valued(second))
  const all = await query()
  t.match(all, [
    {
      asynchronousCorrelationValue: first,
      operation: 0x01,
      submissionDate: BigInt(harness.clock.now()) * 1_000_000n,
      processingStage: 'Completed',
    },
    { asynchronousCorrelationValue: second, operation: 0x18 },
  ])
  t.same(await query({ asynchronousCorrelationValues: { values: [first] } }), all.slice(0, 1))
  t.same(await query({ operations: { codes: [0x18] } }), all.slice(1))
  t.same(await query({ asynchronousCorrelationValues: { values: [first] }, operations: { codes: [0x18] } }), [])
  t.same(await query({ asynchronousCorrelationValues: { values: [] }, operations: { codes: [] } }), all)
  await bob.call('2.1', 'Cancel', valued(first))
  t.same(await query(), all.slice(1), 'Cancel has told of it')
  t.equal((await result(bob, '2.1', first)).status, 'Success', 'and its answer is there all the same')
  await result(bob, '2.1', second)
  t.same(await query(), [])
})

void test('2.1 section 6.1.39: after Process the next Poll has the result', async (t) => {
  const pair = {
    common: attributesOf(
      { name: 'CryptographicAlgorithm', value: 'RSA' },
      { name: 'CryptographicLength', value: 1024 },
    ),
  }
  const empty = { templates: [], attributes: [] }
  const request = { ...pair, private: empty, public: empty }
  const values = (
    await client.batch(
      '2.1',
      [1, 2, 3].map(() => ({ operation: 'CreateKeyPair', request })),
      MANDATORY,
    )
  ).map(pendingValue)
  const [, , last = Buffer.alloc(0)] = values
  const processed = await client.attempt('2.1', 'Process', valued(last))
  t.match(processed, { operation: 'Process', status: 'Success' })
  for (const value of values)
    t.match(await client.attempt('2.1', 'Poll', valued(value)), { operation: 'CreateKeyPair' })
  const done = await later(client, '2.1', keyItem(), MANDATORY)
  await client.attempt('2.1', 'Process', valued(done))
  const repeated = await client.attempt('2.1', 'Process', valued(done))
  t.ok(['DuplicateProcessRequest', 'Success'].includes(refusal(repeated)))
  t.equal(refusal(await client.attempt('2.1', 'Process', valued(done))), 'DuplicateProcessRequest')
})

void test('1.4 section 4.27, 2.1 sections 6.1.5 and 11.7: Cancel', async (t) => {
  const pair = attributesOf(
    { name: 'CryptographicAlgorithm', value: 'RSA' },
    { name: 'CryptographicLength', value: 2048 },
  )
  const empty = { templates: [], attributes: [] }
  const slow: Item = { operation: 'CreateKeyPair', request: { common: pair, private: empty, public: empty } }
  const items = [slow, keyItem('canceled'), keyItem('after it')]
  const values = (await client.batch('2.1', items, MANDATORY)).map(pendingValue)
  const [first = Buffer.alloc(0), second = Buffer.alloc(0), third = Buffer.alloc(0)] = values
  const canceled = await client.call('1.4', 'Cancel', valued(second))
  t.match(canceled, { asynchronousCorrelationValue: second, cancellationResult: 'Canceled' })
  t.equal((await client.call('1.4', 'Cancel', valued(second)))['cancellationResult'], 'Canceled', 'as often as asked')
  t.equal(refusal(await result(client, '2.1', second)), 'OperationCanceledByRequester')
  t.equal(refusal(await result(client, '2.1', third)), 'GeneralFailure', 'the batch stops there')
  t.equal((await result(client, '2.1', first)).status, 'Success')
  t.equal((await located(client, 'canceled')) + (await located(client, 'after it')), 0)
  const done = await later(client, '2.1', keyItem(), MANDATORY)
  await client.attempt('2.1', 'Process', valued(done))
  t.equal((await client.call('2.1', 'Cancel', valued(done)))['cancellationResult'], 'Completed')
  const failed = await later(client, '2.1', { operation: 'Get', request: of('nothing') }, MANDATORY)
  await client.attempt('2.1', 'Process', valued(failed))
  t.equal((await client.call('2.1', 'Cancel', valued(failed)))['cancellationResult'], 'Failed')
  t.equal(
    (await client.call('2.1', 'Cancel', valued(second)))['cancellationResult'],
    'Unavailable',
    'once it is polled',
  )
})

void test('1.4 section 6.3: an answer that is too large for a Poll is kept', async (t) => {
  const id = await createKey(client, '1.4')
  const value = await later(client, '2.1', { operation: 'Get', request: of(id) }, MANDATORY)
  const small = one(
    await client.batch('2.1', [{ operation: 'Poll', request: valued(value) }], { maximumResponseSize: 200 }),
  )
  t.equal(refusal(small), 'ResponseTooLarge')
  t.equal((await result(client, '2.1', value)).status, 'Success')
})

void test('2.1 section 6.1.38: each required field', async (t) => {
  for (const operation of ['Poll', 'Cancel', 'Process'] satisfies Operation[])
    t.equal(refusal(await client.attempt('2.1', operation, {})), 'InvalidMessage', operation)
})

void test('2.1 section 9.13: an item with a critical extension is not accepted', async (t) => {
  const writer = new Writer()
  const payload = (): Buffer => {
    writer.reset()
    writer.end(writer.begin(TAG.RequestPayload))
    return Buffer.from(writer.bytes())
  }
  const extension = { vendorIdentification: 'x', criticalityIndicator: true, vendorExtension: Buffer.alloc(0) }
  const item = { operation: 0x18, payload: payload(), messageExtension: [extension] }
  const header = {
    protocolVersion: { major: 2, minor: 1 },
    asynchronousIndicator: 'Mandatory',
    attestationType: [],
    batchCount: 1,
  } as const
  writer.reset()
  requestMessage.compile('2.1').write(writer, TAG.RequestMessage, { header, items: [item] })
  const { bytes } = await client.raw(Buffer.from(writer.bytes()))
  t.equal(refusal(one(decodeResponse(bytes, '2.1'))), 'UnknownMessageExtension')
})

void test('2.1 section 11.3: a client may have so many requests outstanding and no more', async (t) => {
  const carol = harness.client('carol')
  const items = Array.from({ length: 500 }, (_, index): Item => ({
    operation: 'Ping',
    request: {},
    id: Buffer.from(String(index)),
  }))
  const pending = (await carol.batch('2.1', items, MANDATORY)).map(pendingValue)
  t.equal(pending.length, 500)
  const more = { operation: 'Ping', request: {} } as const
  t.equal(refusal(one(await carol.batch('2.1', [more], MANDATORY))), 'ServerLimitExceeded')
  const id = await createKey(carol, '2.1')
  const archived = one(await carol.batch('2.1', [{ operation: 'Archive', request: of(id) }], optional('2.1')))
  t.equal(archived.status, 'Success', 'where the server may choose, it is answered at once')
  t.equal((await result(carol, '2.1', pending[499] ?? Buffer.alloc(0))).status, 'Success')
  pendingValue(one(await carol.batch('2.1', [more], MANDATORY)))
  pendingValue(one(await client.batch('2.1', [more], MANDATORY)))
})

void test('2.1 §6.1.39: what clients want to be processed at once does not all run at once', async (t) => {
  const who = harness.client('hasty')
  const rsa = attributesOf(
    { name: 'CryptographicAlgorithm', value: 'RSA' },
    { name: 'CryptographicLength', value: 2048 },
  )
  const request = { common: rsa, private: attributesOf(usage('Sign')), public: attributesOf(usage('Verify')) }
  const values: Buffer[] = []
  for (let made = 0; made < 24; made += 1) {
    values.push(await later(who, '2.1', { operation: 'CreateKeyPair', request }, MANDATORY))
  }
  const hurried = Promise.all(values.map((value) => who.attempt('2.1', 'Process', valued(value))))
  const running: number[] = []
  const look = async (): Promise<void> => {
    const { asynchronousRequests: told } = await who.call('2.1', 'QueryAsynchronousRequests', {})
    const stages = (told as readonly Payload[]).map(({ processingStage }) => processingStage)
    running.push(stages.filter((stage) => stage === 'InProcess').length)
    if (!stages.every((stage) => stage === 'Completed')) await setTimeout(5).then(look)
  }
  await look()
  t.ok(Math.max(...running) <= 16)
  for (const { status, reason } of await hurried) t.ok(status === 'Success' || reason === 'DuplicateProcessRequest')
  for (const value of values) t.equal((await result(who, '2.1', value)).status, 'Success')
})
