import { test } from 'tap'
import { issue } from '../../certs/test-pki.ts'
import { authority, connect, dial, eventually, frameId, requestFrame, startServer } from '../helpers/tls.ts'

const rsaServer = await issue(authority, { name: 'localhost', usage: 'server', rsa: true })

void test('1.4 §10 / 2.1 §10.4: TLS 1.3 and 1.2 with the suites of the profiles, in the order of the server', async (t) => {
  const cases = [
    { version: 'TLSv1.3', suites: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384', chosen: 'TLS_AES_256_GCM_SHA384' },
    { version: 'TLSv1.3', suites: 'TLS_CHACHA20_POLY1305_SHA256', chosen: 'TLS_CHACHA20_POLY1305_SHA256' },
    {
      version: 'TLSv1.2',
      suites: 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384',
      chosen: 'ECDHE-ECDSA-AES256-GCM-SHA384',
    },
    { version: 'TLSv1.2', suites: 'ECDHE-ECDSA-CHACHA20-POLY1305', chosen: 'ECDHE-ECDSA-CHACHA20-POLY1305' },
  ] as const
  const { listener } = await startServer(t)
  for (const { version, suites, chosen } of cases) {
    const { socket } = await connect(t, listener, { ciphers: suites, minVersion: version, maxVersion: version })
    t.equal(socket.getProtocol(), version)
    t.equal(socket.getCipher().name, chosen)
  }
})

void test('1.4 §10 / 2.1 §10.4: P-256 and X25519 are spoken, and the hybrid with ML-KEM', async (t) => {
  const { listener } = await startServer(t)
  for (const group of ['P-256', 'X25519', 'X25519MLKEM768']) {
    const { socket, inbox } = await connect(t, listener, { ecdhCurve: group })
    socket.write(requestFrame(1))
    t.same((await inbox.take(1)).map(frameId), [1], group)
  }
})

void test('1.4 §10 / 2.1 §10.4: anything older or weaker is refused, and logged', async (t) => {
  const cases = [
    { name: 'TLS 1.1', options: { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } },
    { name: 'CBC', options: { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-SHA256' } },
    { name: 'RSA key transport', options: { maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA256' } },
    { name: 'no authentication', options: { maxVersion: 'TLSv1.2', ciphers: 'aNULL@SECLEVEL=0' } },
  ] as const
  for (const { name, options } of cases) {
    const { listener, logged } = await startServer(t, { certificates: { ...rsaServer, ca: [authority.cert] } })
    const { inbox } = dial(t, listener, options)
    await inbox.closed
    t.ok(inbox.error, name)
    const { level, fields } = await logged('handshake failed')
    t.equal(level, 'warn')
    t.match(fields.code, /^ERR_SSL_(UNSUPPORTED_PROTOCOL|NO_SHARED_CIPHER)$/)
  }
})

void test('1.4 §10: the suites that were mandatory for KMIP 1.x are there on request', async (t) => {
  const { listener } = await startServer(t, {
    legacySuites: true,
    certificates: { ...rsaServer, ca: [authority.cert] },
  })
  for (const ciphers of ['AES128-SHA256', 'AES256-SHA256']) {
    const { socket, inbox } = await connect(t, listener, { ciphers, maxVersion: 'TLSv1.2' })
    t.equal(socket.getCipher().name, ciphers)
    socket.write(requestFrame(1))
    t.same((await inbox.take(1)).map(frameId), [1])
  }
})

void test('1.4 §10 / 2.1 §10.4: a renegotiation is refused, and harms nobody else', async (t) => {
  const { listener } = await startServer(t)
  const other = await connect(t, listener)
  const { socket, inbox } = await connect(t, listener, { maxVersion: 'TLSv1.2' })
  socket.write(requestFrame(1))
  await inbox.take(1)
  socket.renegotiate({ rejectUnauthorized: false }, () => undefined)
  await eventually(() => inbox.error)
  t.match(inbox.error?.code, /NO_RENEGOTIATION/)
  other.socket.write(requestFrame(2))
  t.same((await other.inbox.take(1)).map(frameId), [2])
})
