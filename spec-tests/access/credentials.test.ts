import { test, type Test } from 'tap'
import type { PeerCertificate } from '../../src/domain/principal.ts'
import type { Version } from '../../src/schema/version.ts'
import { createKey, FAMILIES, inFamily, of } from '../helpers/calls.ts'
import {
  askAs,
  device,
  expectedServerHash,
  hashed,
  oneTime,
  oneTimeAt,
  outcome,
  password,
  type TestCredential,
} from '../helpers/credentials.ts'
import { createHarness, type Harness, type HarnessOptions, type TestClient } from '../helpers/harness.ts'

const FAILED = 'AuthenticationNotSuccessful'

const site = async (t: Test, options: HarnessOptions = {}): Promise<Harness> => {
  const harness = await createHarness(options)
  t.teardown(() => harness.close())
  return harness
}

const ask = async (client: TestClient, version: Version, ...credentials: readonly TestCredential[]) =>
  outcome(await askAs(client, version, credentials))

const certificateOf = (name: string): PeerCertificate => ({
  fingerprint: name,
  issuer: 'CN=ca',
  subject: `CN=${name}`,
  trusted: true,
  problem: undefined,
  validFrom: 0,
  validTo: 4_000_000_000,
})

const DEVICE = { deviceSerialNumber: 'S1', machineIdentifier: 'M1' }

void test('1.4 §2.1.2, §6.6 / 2.1 §9.4, §9.11: what a credential does', async (t) => {
  const harness = await site(t)
  await harness.addUser('fred', 'right')
  await harness.addUser('array', 'shared', DEVICE)
  await harness.addUser('gone', 'right')
  await harness.users.revoke('gone', harness.clock.now())
  const client = harness.client()
  const both = { ...DEVICE, networkIdentifier: 'more' }
  const cases: readonly (readonly [string, readonly TestCredential[], string])[] = [
    ['the right password', [password('fred', 'right')], 'Success'],
    ['a wrong one', [password('fred', 'wrong')], FAILED],
    ['none', [password('fred', undefined)], FAILED],
    ['an empty one', [password('fred', '')], FAILED],
    ['a revoked user', [password('gone', 'right')], FAILED],
    ['a user nobody knows: the certificate decides', [password('barney', 'anything')], 'Success'],
    ['a name in another case is another name', [password('Fred', 'wrong')], 'Success'],
    ['the name of a device is no username', [password('array', 'wrong')], 'Success'],
    ['a device', [device(DEVICE, 'shared')], 'Success'],
    ['a device that shows more', [device(both, 'shared')], 'Success'],
    ['a device with a wrong password', [device(DEVICE, 'wrong')], FAILED],
    ['a device without one', [device(DEVICE, undefined)], FAILED],
    ['a part of what a device is known by', [device({ machineIdentifier: 'M1' }, 'wrong')], 'Success'],
    ['a known user and one nobody knows', [password('x', 'y'), password('fred', 'right')], 'Success'],
    ['two that must both be right', [password('fred', 'right'), device(DEVICE, 'wrong')], FAILED],
    ['two of different users', [password('fred', 'right'), device(DEVICE, 'shared')], FAILED],
    ['a type of some vendor', [{ credentialType: 0x80000001, credentialValue: {} }], 'Success'],
    ['no username', [{ credentialType: 'UsernameAndPassword', credentialValue: { password: 'x' } }], 'InvalidMessage'],
  ]
  for (const version of FAMILIES) {
    for (const [title, credentials, expected] of cases) {
      t.equal(await ask(client, version, ...credentials), expected, `${version}: ${title}`)
    }
  }
})

void test('1.4 §2.1.2 / 2.1 §11.46: an attestation does not validate where nothing can judge it', async (t) => {
  const client = (await site(t)).client()
  const attestation: TestCredential = {
    credentialType: 'Attestation',
    credentialValue: {
      nonce: { nonceID: Buffer.of(1), nonceValue: Buffer.of(2) },
      attestationType: 'TPMQuote',
      attestationMeasurement: Buffer.of(3),
    },
  }
  for (const version of FAMILIES) t.equal(await ask(client, version, attestation), 'AttestationFailed', version)
})

for (const version of FAMILIES) {
  void test(`1.4 §6.6 / 2.1 §9.4: ${version}: the user owns what is made with the user's credential`, async (t) => {
    const harness = await site(t)
    await harness.addUser('fred', 'one')
    await harness.addUser('barney', 'two')
    await harness.addUser('wilma', 'three', { role: 'admin' })
    const client = harness.client()
    const other = harness.client('bob')
    const fred = password('fred', 'one')
    const owned = await createKey(client, version)
    const get = async (as: TestClient, id: string, ...credentials: readonly TestCredential[]) =>
      outcome(await askAs(as, version, credentials, 'Get', of(id)))
    t.equal(await get(client, owned), 'Success')
    t.equal(await get(client, owned, fred), inFamily(version, 'ItemNotFound', 'ObjectNotFound'), 'not Fred’s')
    t.equal(await get(client, owned, password('wilma', 'three')), 'Success', 'an administrator')
    t.equal(await get(other, owned, password('barney', 'two')), inFamily(version, 'ItemNotFound', 'ObjectNotFound'))
    const failed = await askAs(client, version, [password('fred', 'wrong')], 'Get', of(owned))
    t.match([failed.operation, failed.status], [undefined, 'OperationFailed'], 'an item without Operation')
    t.equal(failed.close, false)
  })
}

void test('2.1 §9.11: a One Time Password is good once, and then it is needed', async (t) => {
  const harness = await site(t)
  const secret = (await harness.addUser('fred', 'right', { oneTime: true })) ?? ''
  const client = harness.client()
  const now = () => oneTimeAt(secret, harness.clock.now())
  t.equal(await ask(client, '2.1', password('fred', 'right')), FAILED, 'the password alone')
  t.equal(await ask(client, '2.1', oneTime('fred', 'wrong', now())), FAILED)
  t.equal(await ask(client, '2.1', oneTime('fred', undefined, now())), FAILED)
  t.equal(await ask(client, '2.1', oneTime('fred', 'right', now())), 'Success')
  t.equal(await ask(client, '2.1', oneTime('fred', 'right', now())), FAILED, 'used')
  await harness.restart()
  t.equal(await ask(client, '2.1', oneTime('fred', 'right', now())), FAILED, 'used, after a restart too')
  harness.clock.advance(30)
  const results = await Promise.all(
    Array.from({ length: 4 }, () => ask(client, '2.1', oneTime('fred', 'right', now()))),
  )
  t.equal(results.filter((result) => result === 'Success').length, 1, 'once, whoever comes at the same time')
  harness.clock.advance(300)
  t.equal(await ask(client, '2.1', oneTime('fred', 'right', 'no code')), FAILED)
  t.equal(await ask(client, '2.1', oneTime('fred', 'right', oneTimeAt(secret, harness.clock.now() - 120))), FAILED)
})

void test('2.1 §9.11, §8.5: a Hashed Password proves the client, and the answer proves the server', async (t) => {
  const harness = await site(t)
  await harness.addUser('fred', 'right', { hashed: true })
  await harness.addUser('plain', 'right')
  const client = harness.client()
  const at = (seconds: number) => BigInt(harness.clock.now() + seconds) * 1_000_000n
  const answer = await askAs(client, '2.1', [hashed('fred', 'right', at(0))])
  t.equal(outcome(answer), 'Success')
  t.same(answer.serverHashedPassword, expectedServerHash('fred', 'right', at(0)))
  t.equal(await ask(client, '2.1', hashed('fred', 'right', at(0))), FAILED, 'the same again')
  t.equal(await ask(client, '2.1', hashed('fred', 'right', at(-1))), FAILED, 'an earlier one')
  t.equal(await ask(client, '2.1', hashed('fred', 'right', at(1))), 'Success')
  t.equal(await ask(client, '2.1', hashed('fred', 'wrong', at(2))), FAILED)
  t.equal(await ask(client, '2.1', hashed('fred', 'right', at(3600))), FAILED, 'far from now')
  t.equal(await ask(client, '2.1', hashed('plain', 'right', at(3))), FAILED, 'of a user who has none')
  t.equal((await askAs(client, '2.1', [password('fred', 'right')])).serverHashedPassword, undefined)
  const short = { credentialType: 'HashedPassword', credentialValue: { username: 'fred', timestamp: at(4) } } as const
  t.equal(await ask(client, '2.1', short), 'InvalidMessage')
  const odd = { ...short, credentialValue: { ...short.credentialValue, hashedPassword: Buffer.alloc(7) } }
  t.equal(await ask(client, '2.1', odd), FAILED)
  const weak = { ...odd, credentialValue: { ...odd.credentialValue, hashingAlgorithm: 'MD5' } }
  t.equal(await ask(client, '2.1', weak), FAILED)
})

void test('1.4 §6.6 / 2.1 §9.4: where credentials are required, only enquiries go without', async (t) => {
  const harness = await site(t, { credentials: 'required' })
  await harness.addUser('fred', 'right')
  const client = harness.client()
  for (const version of FAMILIES) {
    t.equal(await ask(client, version), FAILED, 'none')
    t.equal(await ask(client, version, password('barney', 'right')), FAILED, 'a user nobody knows')
    t.equal(await ask(client, version, { credentialType: 0x80000001, credentialValue: {} }), FAILED)
    t.equal(await ask(client, version, password('fred', 'right')), 'Success')
    const query = { functions: ['QueryOperations'] }
    t.equal(outcome(await askAs(client, version, [], 'Query', query)), 'Success')
    t.equal(outcome(await askAs(client, version, [], 'DiscoverVersions', { protocolVersions: [] })), 'Success')
  }
})

void test('1.4 §6.6 / 2.1 §9.4: where credentials are ignored, none can fail', async (t) => {
  const harness = await site(t, { credentials: 'ignored' })
  await harness.addUser('fred', 'right')
  t.equal(await ask(harness.client(), '1.4', password('fred', 'wrong')), 'Success')
})

void test('access: who guesses is slowed down, and others are not', async (t) => {
  const harness = await site(t)
  await harness.addUser('fred', 'right')
  const guesses = Array.from({ length: 40 }, (_, index) => password('fred', `guess ${index}`))
  const results = await Promise.all(guesses.map((guess) => ask(harness.client('mallory'), '1.4', guess)))
  t.ok(results.every((result) => result === FAILED))
  t.equal(await ask(harness.client('mallory'), '1.4', password('fred', 'right')), FAILED, 'locked for this client')
  t.equal(await ask(harness.client('alice'), '1.4', password('fred', 'right')), 'Success')
})

void test('access: a client that begins with many connections at once guesses nothing', async (t) => {
  const harness = await site(t)
  await harness.addUser('fred', 'right')
  const client = harness.client()
  const results = await Promise.all(Array.from({ length: 100 }, () => ask(client, '1.4', password('fred', 'right'))))
  t.ok(results.every((result) => result === 'Success'))
})

void test('access: a changed password and a revoked user count for open connections', async (t) => {
  const harness = await site(t)
  await harness.addUser('fred', 'right')
  await harness.addUser('wilma', 'right')
  const client = harness.client()
  t.equal(await ask(client, '1.4', password('fred', 'right')), 'Success')
  t.equal(await ask(client, '1.4', password('wilma', 'right')), 'Success')
  await harness.users.revoke('fred', harness.clock.now())
  const other = await createHarness()
  await other.addUser('wilma', 'new')
  const proof = await other.users.find('wilma')
  await other.close()
  if (proof === undefined) throw new Error('no user')
  await harness.users.prove('wilma', proof)
  harness.settled()
  t.equal(await ask(client, '1.4', password('fred', 'right')), FAILED)
  t.equal(await ask(client, '1.4', password('wilma', 'right')), FAILED)
  t.equal(await ask(client, '1.4', password('wilma', 'new')), 'Success')
})

void test('access: a revoked client is refused on open connections and on new ones', async (t) => {
  const harness = await site(t)
  const facts = {
    tenant: 'default',
    role: 'client',
    fingerprint: undefined,
    createdAt: 0,
    revokedAt: undefined,
    profiles: [],
  } as const
  for (const name of ['one', 'two', 'three']) {
    await harness.clients.add({ ...facts, id: name, name, issuer: 'CN=ca', subject: `CN=${name}` })
  }
  const [one, two, three] = await Promise.all(
    ['one', 'two', 'three'].map((name) => harness.connect(certificateOf(name))),
  )
  if (one === undefined || two === undefined || three === undefined) throw new Error('refused')
  t.equal(await ask(one, '1.4'), 'Success')
  await harness.clients.revoke('one', harness.clock.now())
  await harness.clients.remove('two', harness.clock.now())
  harness.settled()
  for (const client of [one, two]) t.match(await askAs(client, '1.4', []), { reason: FAILED, close: true })
  t.equal(await ask(three, '1.4'), 'Success')
  t.equal(await harness.connect(certificateOf('one')), undefined)
  t.equal(await harness.connect(certificateOf('two')), undefined, 'its name is free, its certificate is not')
  await harness.clients.add({ ...facts, id: 'new', name: 'two', issuer: 'CN=ca', subject: 'CN=two,serialNumber=1' })
  t.same(
    (await harness.clients.list()).map(({ id }) => id),
    ['one', 'three', 'new'],
  )
})
