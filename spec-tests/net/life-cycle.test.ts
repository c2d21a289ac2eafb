import { test } from 'tap'
import { issue, makeAuthority } from '../../certs/test-pki.ts'
import {
  authority,
  clientIdentity,
  connect,
  connectRaw,
  dial,
  echo,
  eventually,
  frameId,
  requestFrame,
  responseFrame,
  serverIdentity,
  startServer,
} from '../helpers/tls.ts'

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index)

void test('1.4 §10 / 2.1 §10.4: a server that stops answers what is in work and closes the rest', async (t) => {
  const finish: (() => void)[] = []
  const handler = echo((id) => new Promise((resolve) => finish.push(() => resolve(responseFrame(id)))))
  const { listener } = await startServer(t, { handler })
  const busy = await connect(t, listener)
  const idle = await connect(t, listener)
  const silent = await connectRaw(t, listener)
  busy.socket.write(Buffer.concat(upTo(40).map((id) => requestFrame(id))))
  await eventually(() => handler.handled === 32)
  const drained = listener.drain()
  await idle.inbox.closed
  await silent.inbox.closed
  const late = await connectRaw(t, listener).catch((error: unknown) => error)
  t.match(late, { code: 'ECONNREFUSED' })
  const timer = setInterval(() => finish.splice(0).forEach((next) => next()), 5)
  t.teardown(() => clearInterval(timer))
  await drained
  await busy.inbox.closed
  t.same(busy.inbox.messages.map(frameId), upTo(40), 'those that had come but were not in work yet, too')
  t.equal(busy.inbox.error, undefined)
  t.equal(listener.connections, 0)
})

void test('1.4 §10 / 2.1 §10.4: a server that stops does not wait for ever', async (t) => {
  const handler = echo(() => new Promise(() => undefined))
  const { listener } = await startServer(t, { handler, limits: { drain: 100 } })
  const { socket, inbox } = await connect(t, listener)
  socket.write(requestFrame(0))
  await eventually(() => handler.handled === 1)
  await listener.drain()
  await inbox.closed
  t.equal(listener.connections, 0)
})

void test('1.4 §10 / 2.1 §10.4: new certificates are shown and trusted from the next connection on', async (t) => {
  const successor = await makeAuthority('next CA')
  const { listener } = await startServer(t)
  const before = await connect(t, listener)
  listener.reload({ ...(await issue(successor, { name: 'localhost', usage: 'server' })), ca: [successor.cert] })
  before.socket.write(requestFrame(1))
  t.same((await before.inbox.take(1)).map(frameId), [1], 'no connection is dropped')

  const old = dial(t, listener)
  await old.inbox.closed
  t.match(old.inbox.error, { code: 'SELF_SIGNED_CERT_IN_CHAIN' }, 'the new certificate is shown')
  const refused = dial(t, listener, { ca: successor.cert }, clientIdentity)
  await refused.inbox.closed
  t.same(refused.inbox.messages, [])
  const next = await connect(t, listener, { ca: successor.cert }, await issue(successor))
  next.socket.write(requestFrame(2))
  t.same((await next.inbox.take(1)).map(frameId), [2])
})

void test('1.4 §10 / 2.1 §10.4: an unfit certificate is refused, and the one before stays', async (t) => {
  const { listener } = await startServer(t)
  const { cert } = await issue(authority, { usage: 'server' })
  t.throws(() => listener.reload({ cert, key: serverIdentity.key, ca: [] }), {
    code: 'ERR_OSSL_X509_KEY_VALUES_MISMATCH',
  })
  const { socket, inbox } = await connect(t, listener)
  socket.write(requestFrame(1))
  t.same((await inbox.take(1)).map(frameId), [1])
})

void test('1.4 §10 / 2.1 §10.4: an address that is taken is an error of the start', async (t) => {
  const { listener } = await startServer(t)
  await t.rejects(startServer(t, { port: listener.port }), { code: 'EADDRINUSE' })
})

void test('1.4 §10 / 2.1 §10.4: without a host all addresses are listened on, and an IPv4 peer is named as such', async (t) => {
  const { listener, logged } = await startServer(t, { host: undefined })
  const { socket, inbox } = await connect(t, listener)
  socket.write(requestFrame(1))
  t.same((await inbox.take(1)).map(frameId), [1])
  t.match((await logged('connection opened')).fields.peer, /^127\.0\.0\.1:\d+$/)
})
