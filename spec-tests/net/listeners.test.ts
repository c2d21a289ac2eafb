import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { test } from 'tap'
import { issue } from '../../certs/test-pki.ts'
import { listenForAll } from '../../src/net/listeners.ts'
import type { ListenerOptions } from '../../src/net/tls-listener.ts'
import { httpWire, post } from '../helpers/http.ts'
import { ALICE, authority, clientIdentity, echo, recordingLog, requestFrame, serverIdentity } from '../helpers/tls.ts'

const options = (): Omit<ListenerOptions, 'port' | 'speak'> => ({
  host: '127.0.0.1',
  certificates: { ...serverIdentity, ca: [authority.cert] },
  identify: () => Promise.resolve(ALICE),
  ticketKeys: () => randomBytes(48),
  clock: { now: () => Math.floor(Date.now() / 1000) },
  log: recordingLog(),
  handler: echo(),
})

const dial = async (port: number) => {
  const { cert, key } = clientIdentity
  const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: authority.cert, cert, key })
  await once(socket, 'secureConnect')
  return socket
}

void test('AME §2.2: without a port for HTTPS there is none', async (t) => {
  const listeners = await listenForAll(0, undefined, options())
  t.equal(listeners.httpsPort, undefined)
  t.ok(listeners.port > 0)
  await listeners.drain()
})

void test('AME §2.2: both ports serve, show renewed certificates, and close together', async (t) => {
  const listeners = await listenForAll(0, 0, options())
  const https = listeners.httpsPort ?? 0
  const wire = httpWire(await dial(https))
  wire.socket.write(post(requestFrame(3), 'application/octet-stream'))
  t.match(await wire.next(), { status: 200 })
  const renewed = await issue(authority, { name: 'localhost', usage: 'server' })
  listeners.reload({ ...renewed, ca: [authority.cert] })
  for (const port of [listeners.port, https]) {
    const socket = await dial(port)
    t.equal(socket.getPeerX509Certificate()?.toString().trim(), renewed.cert.trim())
    socket.destroy()
  }
  wire.socket.destroy()
  await listeners.drain()
  for (const port of [listeners.port, https]) await t.rejects(dial(port), { code: 'ECONNREFUSED' })
})

void test('AME §2.2: where one port cannot be had, neither is kept', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const { port } = free.address() as AddressInfo
  free.close()
  await t.rejects(listenForAll(port, (taken.address() as AddressInfo).port, options()), { code: 'EADDRINUSE' })
  await t.rejects(dial(port), { code: 'ECONNREFUSED' })
})
