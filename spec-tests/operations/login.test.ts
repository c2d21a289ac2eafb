import { test, type Test } from 'tap'
import type { Session } from '../../src/engine/message-handler.ts'
import type { Version } from '../../src/schema/version.ts'
import { attributesOf, byId, createKey, named, of, refusal, usage } from '../helpers/calls.ts'
import { askAs, header, outcome, password, type TestCredential, ticketOf } from '../helpers/credentials.ts'
import {
  createHarness,
  decodeResponse,
  encodeRequest,
  type Harness,
  type HarnessOptions,
  type Payload,
  type TestClient,
} from '../helpers/harness.ts'

const V: readonly Version[] = ['2.0', '2.1']

const site = async (t: Test, options: HarnessOptions = {}): Promise<Harness> => {
  const harness = await createHarness(options)
  t.teardown(() => harness.close())
  return harness
}

const login = async (client: TestClient, version: Version, request: Payload = {}): Promise<TestCredential> =>
  ticketOf(await client.call(version, 'Login', request))

const delegate = async (client: TestClient, version: Version, rights: readonly Payload[], more: Payload = {}) =>
  ticketOf(await client.call(version, 'DelegatedLogin', { ...more, rights: { rights } }))

type Operation = Parameters<TestClient['attempt']>[1]

/** What comes of one operation with a ticket, from a client that has no rights of its own. */
const use = async (
  client: TestClient,
  version: Version,
  ticket: TestCredential,
  operation: Operation = 'RNGRetrieve',
  request: Payload = { dataLength: 4 },
) => outcome(await askAs(client, version, [ticket], operation, request))

const operations = (...names: readonly Operation[]): Payload => ({ operations: { names } })
const objects = (...ids: readonly string[]): Payload => ({ objects: { ids: ids.map(byId) } })
const limit = (total: bigint, unit = 'Object'): Payload => ({
  usageLimits: { usageLimitsTotal: total, usageLimitsCount: total, usageLimitsUnit: unit },
})
const leaseOf = (seconds: number): Payload => ({ leaseTime: { kind: 'interval', seconds } })

for (const version of V) {
  void test(`2.1 §6.1.30: ${version}: a ticket makes requests of whoever logged in, on any connection`, async (t) => {
    const harness = await site(t)
    const [alice, bob] = [harness.client('alice'), harness.client('bob')]
    const id = await createKey(alice, version)
    t.equal(refusal(await bob.attempt(version, 'Get', of(id))), 'ObjectNotFound')
    const ticket = await login(alice, version)
    t.equal(await use(bob, version, ticket, 'Get', of(id)), 'Success')
    t.equal(refusal(await bob.attempt(version, 'Get', of(id))), 'ObjectNotFound', 'without it')
    await harness.restart()
    t.equal(await use(bob, version, ticket, 'Get', of(id)), 'Success', 'after a restart')
    t.equal(await use(bob, version, ticket, 'Login', {}), 'PermissionDenied', 'a ticket makes no ticket')
    t.equal(await use(bob, version, ticket, 'DelegatedLogin', { rights: { rights: [] } }), 'PermissionDenied')
  })

  void test(`2.1 §6.1.31: ${version}: Logout ends a ticket everywhere at once`, async (t) => {
    const harness = await site(t)
    const [alice, bob] = [harness.client('alice'), harness.client('bob')]
    const ticket = await login(alice, version)
    t.equal(await use(bob, version, ticket), 'Success')
    t.equal(refusal(await alice.attempt(version, 'Logout', ticket.credentialValue)), 'Success')
    const refused = await askAs(bob, version, [ticket], 'RNGRetrieve', { dataLength: 4 })
    t.match(refused, { reason: 'InvalidTicket', operation: undefined, close: false }, 'an item without Operation')
    t.equal(refusal(await alice.attempt(version, 'Logout', ticket.credentialValue)), 'InvalidTicket')
    const own = await login(alice, version, limit(5n))
    t.equal(await use(bob, version, own, 'Logout', own.credentialValue), 'Success', 'with the ticket itself')
    t.equal(await use(bob, version, own), 'InvalidTicket')
  })

  void test(`2.1 §9.11: ${version}: a ticket that is none never counts as no ticket`, async (t) => {
    for (const credentials of ['known', 'ignored', 'required'] as const) {
      const harness = await site(t, { credentials })
      await harness.addUser('fred', 'right')
      const client = harness.client('alice')
      const ticket = ticketOf((await askAs(client, version, [password('fred', 'right')], 'Login', {})).payload)
      const value = (ticket.credentialValue['ticket'] as { ticketValue: Buffer }).ticketValue
      const changed = Buffer.from(value)
      changed[0] = (changed[0] ?? 0) ^ 1
      const forms: readonly Payload[] = [
        { ticketType: 'Login', ticketValue: changed },
        { ticketType: 'Login', ticketValue: Buffer.alloc(0) },
        { ticketType: 0x80000001, ticketValue: value },
      ]
      for (const form of forms) t.equal(await use(client, version, ticketOf({ ticket: form })), 'InvalidTicket')
      const none: TestCredential = { credentialType: 'Ticket', credentialValue: { username: 'fred' } }
      t.equal(await use(client, version, none), 'InvalidMessage')
      t.equal(await use(client, version, ticket), 'Success', credentials)
    }
  })

  void test(`2.1 §6.1.30: ${version}: the Lease Time ends a ticket`, async (t) => {
    const harness = await site(t)
    const client = harness.client()
    const until = (time: number): Payload => ({ leaseTime: { kind: 'until', time } })
    const day = 86_400
    const now = harness.clock.now()
    const tickets = {
      ten: await login(client, version, leaseOf(10)),
      date: await login(client, version, until(now + 20)),
      none: await login(client, version),
      zero: await login(client, version, leaseOf(0)),
      long: await login(client, version, leaseOf(100 * day)),
    }
    for (const time of [now - 1, now]) {
      t.equal(refusal(await client.attempt(version, 'Login', until(time))), 'InvalidField', 'over already')
    }
    const ends = { ten: 10, date: 20, none: day, zero: day, long: day }
    for (const [name, end] of Object.entries(ends)) {
      const ticket = tickets[name as keyof typeof tickets]
      harness.clock.set(now + end - 1)
      t.equal(await use(client, version, ticket), 'Success', name)
      harness.clock.set(now + end)
      t.equal(await use(client, version, ticket), 'InvalidTicket', name)
      t.equal(refusal(await client.attempt(version, 'Logout', ticket.credentialValue)), 'InvalidTicket', name)
    }
  })

  void test(`2.1 §6.1.30, §11.46: ${version}: requests are counted, and none is too many`, async (t) => {
    const harness = await site(t)
    const client = harness.client()
    const ticket = await login(client, version, { requestCount: 10 })
    const results = await Promise.all(Array.from({ length: 100 }, () => use(client, version, ticket)))
    t.equal(results.filter((result) => result === 'Success').length, 10)
    t.equal(results.filter((result) => result === 'UsageLimitExceeded').length, 90)
    await harness.restart()
    t.equal(await use(client, version, ticket), 'UsageLimitExceeded', 'after a restart')
    const two = await login(client, version, { requestCount: 2 })
    t.equal(await use(client, version, two, 'Get', of('none')), 'ObjectNotFound', 'a failed one counts, too')
    t.equal(await use(client, version, two), 'Success')
    t.equal(await use(client, version, two), 'UsageLimitExceeded')
    t.equal(refusal(await client.attempt(version, 'Login', { requestCount: -1 })), 'InvalidField')
  })

  void test(`2.1 §7.40: ${version}: operations are counted, and none is too many`, async (t) => {
    const harness = await site(t)
    const client = harness.client()
    const ticket = await login(client, version, limit(10n))
    const results = await Promise.all(Array.from({ length: 100 }, () => use(client, version, ticket)))
    t.equal(results.filter((result) => result === 'Success').length, 10)
    t.equal(results.filter((result) => result === 'UsageLimitExceeded').length, 90)
    const one = await login(client, version, limit(1n))
    t.equal(await use(client, version, one, 'Get', of('none')), 'ObjectNotFound', 'what fails is not counted')
    t.equal(await use(client, version, one), 'Success')
    t.equal(await use(client, version, one), 'UsageLimitExceeded')
    const cases: readonly (readonly [Payload, string])[] = [
      [limit(0n), 'InvalidField'],
      [limit(-1n), 'InvalidField'],
      [limit(10n, 'Byte'), 'FeatureNotSupported'],
      [{ usageLimits: { usageLimitsTotal: 1n, usageLimitsCount: 2n, usageLimitsUnit: 'Object' } }, 'InvalidField'],
    ]
    for (const [request, reason] of cases) t.equal(refusal(await client.attempt(version, 'Login', request)), reason)
  })

  void test(`2.1 §6.1.12, §7.34: ${version}: a delegate may do what one of the Rights allows`, async (t) => {
    const harness = await site(t)
    const [alice, bob] = [harness.client('alice'), harness.client('bob')]
    const [one, two] = [await createKey(alice, version), await createKey(alice, version)]
    const foreign = await createKey(bob, version)
    const rights = [operations('Query', 'RNGRetrieve'), { ...operations('GetAttributes'), ...objects(one) }]
    const ticket = await delegate(alice, version, rights)
    const get = (id: string) => ({ ...of(id), attributes: [] })
    const cases: readonly (readonly [Operation, Payload, string])[] = [
      ['RNGRetrieve', { dataLength: 4 }, 'Success'],
      ['GetAttributes', get(one), 'Success'],
      ['GetAttributes', get(two), 'NotAuthorised'],
      ['GetAttributes', get(foreign), 'ObjectNotFound'],
      ['GetAttributes', get('none'), 'ObjectNotFound'],
      ['Get', of(one), 'NotAuthorised'],
      ['Destroy', of(one), 'NotAuthorised'],
      ['Logout', ticket.credentialValue, 'NotAuthorised'],
      ['Login', {}, 'NotAuthorised'],
    ]
    for (const [operation, request, expected] of cases) {
      t.equal(await use(bob, version, ticket, operation, request), expected, operation)
    }
    t.equal(await use(bob, version, await delegate(alice, version, [])), 'NotAuthorised', 'no rights at all')
    const all = await delegate(alice, version, [{}])
    t.equal(await use(bob, version, all, 'Get', of(two)), 'Success', 'a right without limits')
    t.equal(await use(bob, version, all, 'Login', {}), 'PermissionDenied')
  })

  void test(`2.1 §7.34: ${version}: a right to some objects is a right to nothing else`, async (t) => {
    const harness = await site(t)
    const [alice, bob] = [harness.client('alice'), harness.client('bob')]
    const [one, two] = [await createKey(alice, version), await createKey(alice, version)]
    const some = await delegate(alice, version, [objects(one)])
    const create = { objectType: 'SymmetricKey', attributes: { templates: [], attributes: [] } }
    t.equal(await use(bob, version, some, 'Get', of(one)), 'Success')
    t.equal(await use(bob, version, some, 'Get', of(two)), 'NotAuthorised')
    t.equal(await use(bob, version, some, 'Locate', { filters: [] }), 'NotAuthorised')
    t.equal(await use(bob, version, some), 'NotAuthorised', 'what is about no object')
    t.not(await use(bob, version, some, 'Create', create), 'Success')
    const keys = (await alice.call(version, 'Locate', {}))['uniqueIdentifiers'] ?? []
    t.equal((keys as readonly string[]).length, 2, 'nothing was made')
    const both = await delegate(alice, version, [{ ...operations('Get'), ...objects(one) }, operations('Destroy')])
    t.equal(await use(bob, version, both, 'Destroy', of(two)), 'Success')
    t.equal(await use(bob, version, both, 'Get', of(one)), 'Success')
  })

  void test(`2.1 §7.34: ${version}: each right has uses of its own`, async (t) => {
    const harness = await site(t)
    const [alice, bob] = [harness.client('alice'), harness.client('bob')]
    const id = await createKey(alice, version)
    const ticket = await delegate(alice, version, [
      { ...operations('RNGRetrieve'), ...limit(2n) },
      { ...operations('Get'), ...limit(1n) },
    ])
    t.equal(await use(bob, version, ticket, 'Get', of(id)), 'Success')
    t.equal(await use(bob, version, ticket, 'Get', of(id)), 'UsageLimitExceeded')
    const results = await Promise.all(Array.from({ length: 8 }, () => use(bob, version, ticket)))
    t.equal(results.filter((result) => result === 'Success').length, 2)
  })

  void test(`2.1 §6.1.12: ${version}: what a ticket lists has an end, and so have tickets`, async (t) => {
    const client = (await site(t)).client()
    const attempt = async (rights: readonly Payload[]) =>
      refusal(await client.attempt(version, 'DelegatedLogin', { rights: { rights } }))
    t.equal(await attempt(Array.from({ length: 257 }, () => ({}))), 'InvalidField')
    t.equal(await attempt([objects(...Array.from({ length: 257 }, (_, index) => `o${index}`))]), 'InvalidField')
    t.equal(await attempt([{ objects: { ids: [{ by: 'result', of: 'IDPlaceholder' }] } }]), 'ObjectNotFound')
  })
}

const aes = attributesOf(
  { name: 'CryptographicAlgorithm', value: 'AES' },
  { name: 'CryptographicLength', value: 128 },
  usage('Encrypt'),
)

void test('2.1 §6.1.30: a ticket is nothing once its owner is revoked, or has another password', async (t) => {
  const harness = await site(t)
  await harness.addUser('fred', 'right')
  await harness.addUser('wilma', 'right')
  const client = harness.client()
  const ticketFor = async (name: string) =>
    ticketOf((await askAs(client, '2.1', [password(name, 'right')], 'Login', {})).payload)
  const [fred, wilma] = [await ticketFor('fred'), await ticketFor('wilma')]
  t.equal(await use(client, '2.1', fred), 'Success')
  t.equal(await use(client, '2.1', wilma), 'Success')
  await harness.users.revoke('fred', harness.clock.now())
  const known = await harness.users.find('wilma')
  if (known === undefined) throw new Error('no user')
  await harness.users.prove('wilma', known)
  harness.settled()
  t.equal(await use(client, '2.1', fred), 'InvalidTicket')
  t.equal(await use(client, '2.1', wilma), 'InvalidTicket')
})

void test('2.1 §6.1.30: a ticket is nothing once the client that logged in is revoked', async (t) => {
  const harness = await site(t)
  const facts = {
    tenant: 'default',
    role: 'client',
    fingerprint: undefined,
    createdAt: 0,
    revokedAt: undefined,
    profiles: [],
  } as const
  await harness.clients.add({ ...facts, id: 'one', name: 'one', issuer: 'CN=ca', subject: 'CN=one' })
  const certificate = { fingerprint: 'f', issuer: 'CN=ca', subject: 'CN=one', trusted: true, problem: undefined }
  const client = await harness.connect({ ...certificate, validFrom: 0, validTo: 4_000_000_000 })
  if (client === undefined) throw new Error('refused')
  const ticket = await login(client, '2.1')
  t.equal(await use(harness.client('bob'), '2.1', ticket), 'Success')
  await harness.clients.revoke('one', harness.clock.now())
  harness.settled()
  t.equal(await use(harness.client('bob'), '2.1', ticket), 'InvalidTicket')
})

void test('2.1 §9.4: a ticket together with a password of the same user stays restricted', async (t) => {
  const harness = await site(t)
  await harness.addUser('fred', 'right')
  await harness.addUser('wilma', 'right')
  const client = harness.client()
  const fred = password('fred', 'right')
  const request = { rights: { rights: [operations('Query')] } }
  const ticket = ticketOf((await askAs(client, '2.1', [fred], 'DelegatedLogin', request)).payload)
  for (const credentials of [
    [ticket, fred],
    [fred, ticket],
  ]) {
    t.equal(outcome(await askAs(client, '2.1', credentials)), 'NotAuthorised')
  }
  t.equal(outcome(await askAs(client, '2.1', [ticket, password('wilma', 'right')])), 'AuthenticationNotSuccessful')
})

void test('2.1 §7.23, §7.34: a right to groups of objects', async (t) => {
  const harness = await site(t)
  const [alice, bob] = [harness.client('alice'), harness.client('bob')]
  const inside = await createKey(alice, '2.1', { name: 'ObjectGroup', value: 'tapes' })
  const outside = await createKey(alice, '2.1', named('outside'))
  const ticket = await delegate(alice, '2.1', [{ objectGroups: { groups: ['tapes'] } }])
  t.equal(await use(bob, '2.1', ticket, 'Get', of(inside)), 'Success')
  t.equal(await use(bob, '2.1', ticket, 'Get', of(outside)), 'NotAuthorised')
})

void test('2.1 §6.1.12, §9.2: a ticket gets no asynchronous answer, which would be given with all rights', async (t) => {
  const harness = await site(t)
  const client = harness.client()
  const ticket = await delegate(client, '2.1', [{}])
  const ask = async (asynchronousIndicator: string) => {
    const items = [{ operation: 'Create', request: { objectType: 'SymmetricKey', attributes: aes } }] as const
    const header = { asynchronousIndicator, authentication: { credentials: [ticket] } }
    return (await client.batch('2.1', items, { header })).map(outcome)
  }
  t.same(await ask('Mandatory'), ['FeatureNotSupported'])
  t.same(await ask('Optional'), ['Success'])
})

void test('2.1 §6.1.12: a delegated ticket reaches no asynchronous answer, whose operation it may not allow', async (t) => {
  const harness = await site(t)
  const [alice, bob] = [harness.client('alice'), harness.client('bob')]
  const [mine, other] = [await createKey(alice, '2.1'), await createKey(alice, '2.1')]
  const asked = [{ operation: 'Get', request: of(other) }] as const
  const [pending] = await alice.batch('2.1', asked, { header: { asynchronousIndicator: 'Mandatory' } })
  const value: Payload = { asynchronousCorrelationValue: pending?.correlationValue }
  for (const right of [{}, objects(mine)]) {
    const allowed = operations('Poll', 'Cancel', 'Process', 'QueryAsynchronousRequests')
    const ticket = await delegate(alice, '2.1', [{ ...right, ...allowed }])
    t.equal(await use(bob, '2.1', ticket, 'Poll', value), 'InvalidAsynchronousCorrelationValue')
    t.equal(await use(bob, '2.1', ticket, 'Process', value), 'InvalidAsynchronousCorrelationValue')
    t.match((await askAs(bob, '2.1', [ticket], 'Cancel', value)).payload, { cancellationResult: 'Unavailable' })
    t.same((await askAs(bob, '2.1', [ticket], 'QueryAsynchronousRequests', {})).payload, { asynchronousRequests: [] })
  }
  const own = await login(alice, '2.1')
  t.match(await askAs(bob, '2.1', [own], 'Poll', value), { operation: 'Get' }, 'a ticket with all rights')
})

void test('2.1 §6.1.31: a ticket turns no connection, which would stay turned when the ticket is over', async (t) => {
  const harness = await site(t)
  const alice = harness.client('alice')
  const session: Session = { ...harness.client('bob').session, role: () => 'Server' }
  const turn = async (...credentials: readonly TestCredential[]) => {
    const items = [{ operation: 'SetEndpointRole', request: { endpointRole: 'Client' } }] as const
    const reply = await harness.handler.handle(encodeRequest('2.1', items, header(...credentials)), session)
    const { role } = reply
    const [item] = decodeResponse(Buffer.from(reply.bytes), '2.1')
    reply.release()
    return { role, outcome: item && outcome(item) }
  }
  t.match(await turn(), { role: 'Client', outcome: 'Success' })
  for (const ticket of [await login(alice, '2.1'), await delegate(alice, '2.1', [operations('SetEndpointRole')])]) {
    t.match(await turn(ticket), { role: undefined, outcome: 'PermissionDenied' })
  }
})

void test('2.1 §6.1.30, §9.6: a client has a bounded number of tickets, those of the same batch included', async (t) => {
  const harness = await site(t)
  const client = harness.client()
  const loginTimes = async (count: number) => {
    const logins = Array.from({ length: count }, () => ({ operation: 'Login', request: {} }) as const)
    return (await client.batch('2.1', logins, { option: 'Undo' })).map(outcome)
  }
  for (let tickets = 0; tickets < 800; tickets += 200)
    t.same(new Set(await loginTimes(200)), new Set(['Success']), `${tickets} before`)
  t.equal((await loginTimes(201)).at(-1), 'ServerLimitExceeded')
  t.same(new Set(await loginTimes(200)), new Set(['Success']), 'the last ones')
  t.equal(refusal(await client.attempt('2.1', 'Login', {})), 'ServerLimitExceeded')
  harness.clock.advance(86_400)
  t.equal(refusal(await client.attempt('2.1', 'Login', {})), 'Success', 'they have expired')
})
