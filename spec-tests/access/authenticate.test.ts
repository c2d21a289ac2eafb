import { test } from 'tap'
import { authenticate, type PeerCertificate, type UnregisteredPolicy } from '../../src/access/authenticate.ts'
import { type Client, DEFAULT_TENANT } from '../../src/domain/principal.ts'
import { memoryDirectory } from '../cli/memory-program.ts'

const NOW = 1_800_000_000

const ISSUER = 'CN=Some CA'

const peer = (changes: Partial<PeerCertificate>): PeerCertificate => ({
  fingerprint: 'f0',
  issuer: ISSUER,
  subject: 'CN=nobody',
  trusted: true,
  problem: undefined,
  validFrom: NOW - 100,
  validTo: NOW + 100,
  ...changes,
})

const client = (name: string, changes: Partial<Client>): Client => ({
  id: `id-${name}`,
  name,
  tenant: DEFAULT_TENANT,
  role: 'client',
  fingerprint: undefined,
  issuer: undefined,
  subject: undefined,
  createdAt: NOW - 1000,
  revokedAt: undefined,
  profiles: [],
  ...changes,
})

const CLIENTS = [
  client('pinned', { fingerprint: 'aa' }),
  client('pinned-admin', { fingerprint: 'ab', role: 'admin' }),
  client('pinned-revoked', { fingerprint: 'ac', revokedAt: NOW - 1 }),
  client('named', { issuer: ISSUER, subject: 'CN=named' }),
  client('named-revoked', { issuer: ISSUER, subject: 'CN=named-revoked', revokedAt: NOW - 1 }),
] as const

const untrusted = { trusted: false, problem: 'DEPTH_ZERO_SELF_SIGNED_CERT' } as const

type Case = readonly [
  title: string,
  peer: Partial<PeerCertificate>,
  policy: UnregisteredPolicy,
  /** Name of the principal, or what the reason for the log says. */
  expected: string | RegExp,
]

const CASES: readonly Case[] = [
  ['a pinned certificate', { fingerprint: 'aa' }, 'refuse', 'pinned'],
  ['a pinned certificate without a chain', { fingerprint: 'aa', ...untrusted }, 'refuse', 'pinned'],
  ['a pinned certificate in its last second', { fingerprint: 'aa', validTo: NOW }, 'refuse', 'pinned'],
  ['a pinned certificate after that', { fingerprint: 'aa', validTo: NOW - 1 }, 'accept', /expired/],
  ['a pinned certificate too early', { fingerprint: 'aa', validFrom: NOW + 1 }, 'accept', /not valid yet/],
  ['a pinned certificate of a revoked client', { fingerprint: 'ac' }, 'accept', /revoked/],
  ['a registered name', { subject: 'CN=named' }, 'refuse', 'named'],
  ['a registered name that is not trusted', { subject: 'CN=named', ...untrusted }, 'accept', /DEPTH_ZERO/],
  ['a registered name of another issuer', { subject: 'CN=named', issuer: 'CN=Other' }, 'refuse', /no registered/],
  ['a revoked name', { subject: 'CN=named-revoked' }, 'accept', /revoked/],
  ['nobody, where that is accepted', {}, 'accept', 'CN=nobody'],
  ['nobody, where that is refused', {}, 'refuse', /no registered client/],
  ['nobody, and not trusted', untrusted, 'accept', /DEPTH_ZERO/],
  ['the pin comes before the name', { fingerprint: 'ac', subject: 'CN=named' }, 'accept', /revoked/],
]

void test('1.4 §8 / 2.1 §9.4: the certificate says who the client is', async (t) => {
  const directory = memoryDirectory(CLIENTS)
  for (const [title, changes, policy, expected] of CASES) {
    const { principal, reason } = await authenticate(peer(changes), directory, policy, NOW)
    if (typeof expected === 'string') t.equal(principal?.name, expected, title)
    else t.match([principal, reason], [undefined, expected], title)
  }
})

void test('access: a registered client brings its identity and role', async (t) => {
  const directory = memoryDirectory(CLIENTS)
  const { principal } = await authenticate(peer({ fingerprint: 'ab' }), directory, 'refuse', NOW)
  const expected = { id: 'id-pinned-admin', name: 'pinned-admin', tenant: DEFAULT_TENANT, role: 'admin', groups: [] }
  t.same(principal, expected)
})

void test('access: an unregistered client keeps its identity when its certificate is renewed', async (t) => {
  const directory = memoryDirectory([])
  const idOf = async (changes: Partial<PeerCertificate>): Promise<string | undefined> =>
    (await authenticate(peer(changes), directory, 'accept', NOW)).principal?.id
  const id = await idOf({ fingerprint: '01' })
  t.equal(await idOf({ fingerprint: '02', validTo: NOW + 9 }), id, 'another certificate, the same names')
  t.not(await idOf({ subject: 'CN=somebody' }), id, 'another subject')
  t.not(await idOf({ issuer: 'CN=Other' }), id, 'another issuer')
  t.not(
    await idOf({ issuer: 'CN=a\nCN=b', subject: 'CN=c' }),
    await idOf({ issuer: 'CN=a', subject: 'CN=b\nCN=c' }),
    'names that look alike when joined',
  )
  const { principal } = await authenticate(peer({}), directory, 'accept', NOW)
  t.equal(principal?.role, 'client', 'never an administrator')
})
