import type { Sealed } from '../../src/domain/bytes.ts'
import { deviceKey, deviceKeys, DuplicateUserError, type User } from '../../src/domain/users.ts'
import { test } from 'tap'
import { forEachEngine, openFor } from '../helpers/stores.ts'

const user = (name: string, facts: Partial<User> = {}): User => ({
  id: `id of ${name}`,
  name,
  tenant: 'default',
  role: 'client',
  verifier: 'scrypt$...',
  device: undefined,
  oneTime: false,
  secrets: undefined,
  version: 1,
  createdAt: 100,
  revokedAt: undefined,
  ...facts,
})

const SECRETS = Buffer.of(1, 2, 3) as Sealed
const ARRAY = user('array', { device: '["S1",null,null,null,null]', role: 'admin' })

forEachEngine('1.4 §2.1.2 / 2.1 §9.11: a user is found by name, a device by its identifiers', async (t, engine) => {
  const { users } = await openFor(t, engine)
  t.strictSame(await users.list(), [])
  const fred = user('fred', { oneTime: true, secrets: SECRETS })
  await users.add(fred)
  await users.add(ARRAY)
  t.strictSame(await users.find('fred'), fred)
  t.equal(await users.find('Fred'), undefined)
  t.strictSame(await users.findDevice('["S1",null,null,null,null]'), ARRAY)
  t.equal(await users.findDevice('["S2",null,null,null,null]'), undefined)
  await t.rejects(users.add(user('fred')), new DuplicateUserError('fred'))
  await t.rejects(users.add(user('other', { device: ARRAY.device })), new DuplicateUserError('other'))
  t.strictSame(await users.list(), [fred, ARRAY], 'in the order in which they came')
})

forEachEngine('users are revoked, removed, and get other passwords', async (t, engine) => {
  const { users } = await openFor(t, engine)
  await users.add(user('fred'))
  t.equal(await users.prove('fred', { verifier: 'other', oneTime: true, secrets: SECRETS }), true)
  t.match(await users.find('fred'), { verifier: 'other', oneTime: true, secrets: SECRETS, version: 2 })
  t.equal(await users.revoke('fred', 200), true)
  t.equal(await users.revoke('fred', 300), true)
  t.equal((await users.find('fred'))?.revokedAt, 200, 'the first revocation counts')
  t.equal(await users.remove('fred'), true)
  t.equal(await users.find('fred'), undefined)
  for (const none of [users.revoke('fred', 1), users.remove('fred'), users.prove('fred', user('fred'))]) {
    t.equal(await none, false)
  }
  await users.add(user('fred', { id: 'another' }))
  t.equal((await users.find('fred'))?.id, 'another')
})

forEachEngine('every change of clients and users changes the number of their state', async (t, engine) => {
  const store = await openFor(t, engine)
  const { users, clients } = store
  const client = { issuer: 'CN=ca', subject: 'CN=c', fingerprint: undefined, name: 'c', id: 'c' }
  const facts = { tenant: 'default', role: 'client', createdAt: 1, revokedAt: undefined, profiles: [] } as const
  const changes: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['add user', () => users.add(user('fred'))],
    ['prove user', () => users.prove('fred', user('fred'))],
    ['revoke user', () => users.revoke('fred', 2)],
    ['remove user', () => users.remove('fred')],
    ['add client', () => clients.add({ ...client, ...facts })],
    ['revoke client', () => clients.revoke('c', 2)],
    ['remove client', () => clients.remove('c', 3)],
  ]
  for (const [title, change] of changes) {
    const before = await store.directoryVersion()
    await change()
    t.ok((await store.directoryVersion()) > before, title)
  }
})

forEachEngine('a removed client frees its name and not its certificate', async (t, engine) => {
  const { clients } = await openFor(t, engine)
  const facts = {
    tenant: 'default',
    role: 'client',
    fingerprint: undefined,
    createdAt: 1,
    revokedAt: undefined,
    profiles: [],
  } as const
  const first = { ...facts, id: '1', name: 'c', issuer: 'CN=ca', subject: 'CN=c' }
  await clients.add(first)
  t.equal(await clients.remove('c', 5), true)
  t.equal(await clients.remove('c', 6), false)
  t.strictSame(await clients.list(), [])
  t.match(await clients.findBySubject('CN=ca', 'CN=c'), { id: '1', revokedAt: 5 })
  await t.rejects(clients.add({ ...first, id: '2' }), 'the same certificate')
  await clients.add({ ...first, id: '2', subject: 'CN=c,serialNumber=2' })
  t.same(
    (await clients.list()).map(({ id }) => id),
    ['2'],
  )
})

void test('2.1 §9.11: a device is known by one or a combination of its identifiers', (t) => {
  t.equal(deviceKey({}), undefined)
  t.equal(deviceKey({ deviceSerialNumber: undefined }), undefined)
  const shown = { deviceSerialNumber: 'a', mediaIdentifier: 'b' }
  t.same(deviceKeys(shown), [
    deviceKey(shown),
    deviceKey({ deviceSerialNumber: 'a' }),
    deviceKey({ mediaIdentifier: 'b' }),
  ])
  t.not(deviceKey({ deviceIdentifier: 'a' }), deviceKey({ networkIdentifier: 'a' }))
  t.same(deviceKeys({}), [])
  t.end()
})
