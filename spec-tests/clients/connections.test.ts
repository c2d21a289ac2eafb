import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Test, t as file, test } from 'tap'
import { selfSign } from '../../certs/test-pki.ts'
import { connectTo, kmipd } from '../helpers/server.ts'
import { enumeration, request } from '../wire/message.ts'
import { create, get } from '../wire/requests.ts'
import { ask, exchange, idFrom, startSession } from '../wire/session.ts'

/*
 * How real clients connect: which TLS they speak, what they show, and what they leave out.
 */

const session = await startSession(file, ['--log-level', 'debug', '--tls-legacy-suites', 'true'])

const query = request('1.1', 'Query', enumeration('QueryFunction', 3))

void test('1.4 §10 / 2.1 §10.4, behaviour 9: TLS 1.2 and 1.3, and the suites of the KMIP profiles', async (t) => {
  const cases = [
    ['TLSv1.3', 'TLS_AES_256_GCM_SHA384'],
    ['TLSv1.3', 'TLS_AES_128_GCM_SHA256'],
    ['TLSv1.2', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
    ['TLSv1.2', 'ECDHE-RSA-AES256-GCM-SHA384'],
    ['TLSv1.2', 'AES128-SHA256'],
    ['TLSv1.2', 'AES256-SHA256'],
    ['TLSv1.2', 'AES128-SHA'],
    ['TLSv1.2', 'AES256-SHA'],
  ] as const
  for (const [version, ciphers] of cases) {
    const options = { minVersion: version, maxVersion: version, ciphers }
    const connection = await connectTo(session.server, session.admin, options)
    t.equal(connection.socket.getCipher().name, ciphers)
    t.equal((await ask(connection, query)).status, 'Success')
    connection.close()
  }
})

const sessionOf = (socket: TLSSocket): Promise<Buffer> => new Promise((resolve) => socket.once('session', resolve))

/** Connects once to get a ticket, and once with it. */
const resumed = async (t: Test, maxVersion: 'TLSv1.2' | 'TLSv1.3') => {
  const { port } = session.server
  const options = { port, host: '127.0.0.1', servername: 'localhost', maxVersion, ...session.admin }
  const first = connectTls(options)
  t.teardown(() => first.destroy())
  const ticket = await sessionOf(first)
  return connectTo(session.server, session.admin, { maxVersion, session: ticket })
}

void test('1.4 §10 / 2.1 §10.3, behaviour 9: a resumed session knows its client (Veeam)', async (t) => {
  const plain = await session.connect(t)
  const id = await idFrom(plain, create('1.4'))
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const connection = await resumed(t, version)
    t.ok(connection.socket.isSessionReused(), version)
    t.equal((await ask(connection, get('1.4', id))).status, 'Success', 'its own key')
    connection.close()
  }
})

void test('1.4 §10 / 2.1 §10.3, behaviour 9: a certificate that the device has made itself (vCenter)', async (t) => {
  const device = await selfSign({ name: 'vcenter' })
  const path = join(session.server.data, 'vcenter.pem')
  await writeFile(path, device.cert)
  const refused = await connectTo(session.server, { ...session.admin, ...device })
  await refused.closed
  await kmipd('client', 'add', 'vcenter', '--cert', path, '--data', session.server.data)
  const connection = await connectTo(session.server, { ...session.admin, ...device })
  t.equal((await ask(connection, create('1.1'))).status, 'Success')
  connection.close()
})

void test('1.4 §10 / 2.1 §10.4, behaviour 9 and rules 3, 25: empty connections, and answers in one piece', async (t) => {
  const tcp = connectTcp({ port: session.server.port, host: '127.0.0.1' })
  await once(tcp, 'connect')
  tcp.end()
  const probe = await session.connect(t)
  probe.close()
  await probe.closed
  const connection = await session.connect(t)
  const id = await idFrom(connection, create('1.1'))
  const before = connection.chunks.length
  for (let count = 0; count < 20; count += 1) await exchange(connection, get('1.1', id))
  t.equal(connection.chunks.length - before, 20)
  t.notMatch(session.server.output(), /(WARN|ERROR|"warn"|"error").*without handshake/)
})
