import { createHash } from 'node:crypto'
import type { ConnectionOptions } from 'node:tls'
import { test } from 'tap'
import type { Test } from 'tap'
import { issue, makeAuthority, selfSign } from '../../certs/test-pki.ts'
import type { TestIdentity } from '../../certs/test-pki.ts'
import type { PeerCertificate } from '../../src/net/peer-certificate.ts'
import type { TlsListener } from '../../src/net/tls-listener.ts'
import {
  ALICE,
  authority,
  clientIdentity,
  connect,
  dial,
  eventually,
  frameId,
  requestFrame,
  startServer,
} from '../helpers/tls.ts'

const HOUR = 3600

/** Sends a request as soon as the client's side of the handshake is done, and waits for the end. */
const isAnswered = async (
  t: Test,
  listener: TlsListener,
  identity: TestIdentity | 'none',
  options: ConnectionOptions = {},
): Promise<boolean> => {
  const { socket, inbox } = dial(t, listener, options, identity)
  socket.once('secureConnect', () => socket.write(requestFrame(1)))
  const answers = await inbox.take(1)
  socket.destroy()
  return answers.length === 1
}

void test('1.4 §10 / 2.1 §10.3: a client without a good certificate is turned away before a byte of KMIP is read', async (t) => {
  const stranger = await makeAuthority('another CA')
  const cases: readonly { reason: string; identity: TestIdentity | 'none' }[] = [
    { reason: 'no certificate', identity: 'none' },
    { reason: 'unknown CA', identity: await issue(stranger) },
    { reason: 'unknown CA', identity: await selfSign() },
    { reason: 'expired', identity: await issue(authority, { validFrom: -2 * HOUR, validTo: -HOUR }) },
    { reason: 'not yet valid', identity: await issue(authority, { validFrom: HOUR, validTo: 2 * HOUR }) },
    { reason: 'wrong purpose', identity: await issue(authority, { usage: 'server' }) },
  ]
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    for (const { reason, identity } of cases) {
      const { listener, handler, logged } = await startServer(t)
      t.equal(await isAnswered(t, listener, identity, { maxVersion }), false, `${maxVersion}: ${reason}`)
      const { level, fields } = await logged('connection refused', { reason })
      t.equal(level, 'warn')
      t.match(fields.peer, /^127\.0\.0\.1:\d+$/)
      t.equal(handler.handled, 0)
      await eventually(() => listener.connections === 0)
    }
  }
})

void test('1.4 §10 / 2.1 §10.3: a trusted certificate that belongs to nobody is turned away', async (t) => {
  const { listener, handler, logged } = await startServer(t, { identify: () => Promise.resolve(undefined) })
  t.equal(await isAnswered(t, listener, clientIdentity), false)
  await logged('connection refused', {
    reason: 'not registered',
    subject: 'CN=alice',
    issuer: 'CN=kmipd test CA',
    fingerprint: clientIdentity.fingerprint,
  })
  t.equal(handler.handled, 0)
})

void test('1.4 §10 / 2.1 §10.3: nobody gets in while the directory of clients cannot be asked', async (t) => {
  const failure = new Error('database is away')
  const { listener, handler, logged } = await startServer(t, { identify: () => Promise.reject(failure) })
  t.equal(await isAnswered(t, listener, clientIdentity), false)
  t.equal((await logged('client not identified')).fields.error, failure)
  t.equal(handler.handled, 0)
})

void test('1.4 §10 / 2.1 §10.3: a self-signed certificate gets in where it is registered itself', async (t) => {
  const appliance = await selfSign({ name: 'appliance', usage: 'none' })
  const impostor = await selfSign({ name: 'appliance', usage: 'none' })
  const { listener, handler } = await startServer(t, {
    identify: ({ fingerprint }) => Promise.resolve(fingerprint === appliance.fingerprint ? ALICE : undefined),
  })
  t.equal(await isAnswered(t, listener, appliance), true)
  t.equal(await isAnswered(t, listener, impostor), false)
  t.equal(handler.handled, 1)
})

void test('1.4 §10 / 2.1 §10.3: without a list of issuers nobody is trusted, the public roots least of all', async (t) => {
  const { key, cert } = await issue(authority, { usage: 'server' })
  const { listener, logged } = await startServer(t, { certificates: { key, cert, ca: [] } })
  t.equal(await isAnswered(t, listener, clientIdentity), false)
  await logged('connection refused', { reason: 'unknown CA' })
})

void test('1.4 §10 / 2.1 §10.3: the certificate is described as it is', async (t) => {
  const peers: PeerCertificate[] = []
  const { listener } = await startServer(t, {
    identify: (peer) => {
      peers.push(peer)
      return Promise.resolve(ALICE)
    },
  })
  const expired = await issue(authority, { name: 'old', validFrom: -2 * HOUR, validTo: -HOUR })
  for (const identity of [clientIdentity, expired]) await isAnswered(t, listener, identity)
  const now = Date.now() / 1000
  const [good, bad] = peers
  t.match(good, { subject: 'CN=alice', issuer: 'CN=kmipd test CA', trusted: true, problem: undefined })
  t.equal(good?.fingerprint, clientIdentity.fingerprint)
  t.equal(
    createHash('sha256')
      .update(good?.raw ?? '')
      .digest('hex'),
    clientIdentity.fingerprint,
  )
  t.ok(Math.abs((good?.validTo ?? 0) - now - HOUR) < 120)
  t.ok(Math.abs((good?.validFrom ?? 0) - now + HOUR) < 120)
  t.match(bad, { subject: 'CN=old', trusted: false, problem: 'CERT_HAS_EXPIRED' })
})

void test('1.4 §10 / 2.1 §10.3: a resumed session has the identity of the first', async (t) => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const asked: string[] = []
    const { listener, handler } = await startServer(t, {
      identify: ({ trusted, fingerprint }) => {
        asked.push(fingerprint)
        return Promise.resolve(trusted ? ALICE : undefined)
      },
    })
    const first = dial(t, listener, { minVersion: version, maxVersion: version })
    const tickets: Buffer[] = []
    first.socket.on('session', (ticket) => tickets.push(ticket))
    first.socket.write(requestFrame(1))
    await first.inbox.take(1)
    const session = await eventually(() => tickets[0])
    first.socket.destroy()

    const second = await connect(t, listener, { minVersion: version, maxVersion: version, session }, 'none')
    t.equal(second.socket.isSessionReused(), true, version)
    second.socket.write(requestFrame(2))
    t.same((await second.inbox.take(1)).map(frameId), [2])
    t.same(asked, [clientIdentity.fingerprint, clientIdentity.fingerprint], 'the directory is asked again')
    t.same(
      [...handler.sessions].map(({ principal }) => principal),
      [ALICE, ALICE],
    )

    listener.reload({ ...(await issue(authority, { usage: 'server' })), ca: [authority.cert] })
    t.equal(await isAnswered(t, listener, 'none', { minVersion: version, maxVersion: version, session }), false)
    t.equal(asked.length, 2, 'a ticket from before a reload is void')
  }
})

void test('1.4 §10 / 2.1 §10.3: a client that leaves during the identification leaves nothing behind', async (t) => {
  const answers: ((principal: typeof ALICE) => void)[] = []
  const { listener, handler, entries } = await startServer(t, {
    identify: () => new Promise((resolve) => answers.push(resolve)),
  })
  const { socket } = await connect(t, listener)
  await eventually(() => answers.length === 1)
  await listener.drain()
  socket.destroy()
  answers[0]?.(ALICE)
  await new Promise((resolve) => setTimeout(resolve, 20))
  t.equal(listener.connections, 0)
  t.equal(handler.handled, 0)
  t.notOk(entries.some(({ event }) => event === 'connection opened'))
})

void test('1.4 §10 / 2.1 §10.3: a connection does not outlive the certificate of its client', async (t) => {
  let time = Math.floor(Date.now() / 1000)
  const { listener, logged } = await startServer(t, { clock: { now: () => time }, limits: { linger: 100 } })
  const { socket, inbox } = await connect(t, listener)
  socket.write(requestFrame(1))
  await inbox.take(1)
  t.equal(inbox.isClosed, false)
  time += 2 * HOUR
  await inbox.closed
  await logged('connection aborted', { reason: 'certificate expired' })
})
