import { DuplicateClientError, type Client } from '../../src/domain/principal.ts'
import { forEachEngine, openFor } from '../helpers/stores.ts'

const client = (name: string, facts: Partial<Client> = {}): Client => ({
  id: `id of ${name}`,
  name,
  tenant: 'default',
  role: 'client',
  fingerprint: undefined,
  issuer: undefined,
  subject: undefined,
  createdAt: 100,
  revokedAt: undefined,
  profiles: [],
  ...facts,
})

const PINNED = client('pinned', { fingerprint: 'ab12', role: 'admin' })
const NAMED = client('named', { issuer: 'CN=ca', subject: 'CN=named' })

forEachEngine('1.4 §9.1.3.2 / 2.1 §12.1: a client is found by its certificate', async (t, engine) => {
  const { clients } = await openFor(t, engine)
  t.strictSame(await clients.list(), [])
  await clients.add(PINNED)
  await clients.add(NAMED)
  t.strictSame(await clients.list(), [PINNED, NAMED], 'in the order in which they came')
  t.strictSame(await clients.findByFingerprint('ab12'), PINNED)
  t.equal(await clients.findByFingerprint('ab13'), undefined)
  t.strictSame(await clients.findBySubject('CN=ca', 'CN=named'), NAMED)
  t.equal(await clients.findBySubject('CN=other ca', 'CN=named'), undefined)
  t.equal(await clients.findBySubject('CN=ca', 'CN=pinned'), undefined)
})

forEachEngine('a name and a certificate belong to one client', async (t, engine) => {
  const { clients } = await openFor(t, engine)
  await clients.add(PINNED)
  await clients.add(NAMED)
  const taken: readonly (readonly [title: string, client: Client])[] = [
    ['name', client('pinned')],
    ['fingerprint', client('b', { fingerprint: 'ab12' })],
    ['subject', client('b', { issuer: 'CN=ca', subject: 'CN=named' })],
  ]
  for (const [title, other] of taken) await t.rejects(clients.add(other), new DuplicateClientError(other.name), title)
  await clients.add(client('b', { issuer: 'CN=other ca', subject: 'CN=named' }))
  await clients.add(client('c', { id: PINNED.id }))
  t.equal((await clients.list()).length, 4, 'several certificates can be one principal')
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => clients.add(client('d'))))
  t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
})

forEachEngine('a revoked client stays known, with the time of its first revocation', async (t, engine) => {
  const { clients } = await openFor(t, engine)
  await clients.add(PINNED)
  await clients.add(NAMED)
  t.equal(await clients.revoke('pinned', 200), true)
  t.equal(await clients.revoke('pinned', 300), true)
  t.equal(await clients.revoke('absent', 200), false)
  t.strictSame(await clients.findByFingerprint('ab12'), { ...PINNED, revokedAt: 200 })
  t.strictSame(await clients.findBySubject('CN=ca', 'CN=named'), NAMED)
  await t.rejects(clients.add(client('e', { fingerprint: 'ab12' })), DuplicateClientError)
})

forEachEngine(
  '1.4 §9.1.1.4, §4.30: the compatibility profiles of a client are kept, replaced and taken away',
  async (t, engine) => {
    const store = await openFor(t, engine)
    const { clients } = store
    await clients.add(client('gate', { fingerprint: 'ab12', profiles: ['fortigate', 'db2-padding'] }))
    t.strictSame((await clients.findByFingerprint('ab12'))?.profiles, ['fortigate', 'db2-padding'])
    const before = await store.directoryVersion()
    t.equal(await clients.setProfiles('gate', ['edb-thales']), true)
    t.ok((await store.directoryVersion()) > before, 'servers notice')
    t.strictSame(
      (await clients.list()).map(({ profiles }) => profiles),
      [['edb-thales']],
    )
    await clients.setProfiles('gate', [])
    t.strictSame((await clients.findById('id of gate'))?.profiles, [])
    t.equal(await clients.setProfiles('nobody', []), false)
  },
)
