import { test } from 'tap'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { issue, makeAuthority } from '../../certs/test-pki.ts'
import {
  authority,
  clientIdentity,
  connect,
  dial,
  eventually,
  frameId,
  requestFrame,
  serverIdentity,
  startServer,
} from '../helpers/tls.ts'
import { temporaryDirectory } from '../helpers/temporary.ts'

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

void test('3.0: the hybrid is preferred, and the log says once which clients do not offer it', async (t) => {
  const { listener, logged } = await startServer(t)
  const offered = await connect(t, listener, { ecdhCurve: 'P-256:X25519:X25519MLKEM768' })
  t.match(offered.socket.getEphemeralKeyInfo(), { name: 'X25519MLKEM768' })
  t.match((await logged('connection opened')).fields, { group: 'X25519MLKEM768' })
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const { inbox, socket } = await connect(t, listener, { ecdhCurve: 'P-256', maxVersion })
    socket.write(requestFrame(1))
    await inbox.take(1)
  }
  const { level, fields } = await logged('client without post-quantum key exchange')
  t.equal(level, 'info')
  t.match(fields, { group: 'P-256' })
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
    t.match(
      fields.reason,
      name === 'TLS 1.1' ? /nothing newer than TLS 1.1/ : /tls\.legacy-suites = true/,
      'what to do',
    )
  }
})

void test('1.4 §10: the suites that were mandatory for KMIP 1.x are there on request', async (t) => {
  const { listener } = await startServer(t, {
    legacySuites: true,
    certificates: { ...rsaServer, ca: [authority.cert] },
  })
  for (const ciphers of ['AES128-SHA256', 'AES256-SHA256', 'AES128-SHA', 'AES256-SHA']) {
    const { socket, inbox } = await connect(t, listener, { ciphers, maxVersion: 'TLSv1.2' })
    t.equal(socket.getCipher().name, ciphers)
    socket.write(requestFrame(1))
    t.same((await inbox.take(1)).map(frameId), [1])
  }
})

/** Runs openssl s_client against the server and gives it a request: what it printed, with the frame that came back. */
const openssl = async (port: number, ...words: readonly string[]): Promise<Buffer> => {
  const folder = temporaryDirectory('openssl')
  const file = (name: string, text: string): string => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  const files = [
    ...['-CAfile', file('ca.pem', authority.cert)],
    ...['-cert', file('client.pem', clientIdentity.cert)],
    ...['-key', file('client.key', clientIdentity.key)],
  ]
  const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-nocommands', ...files, ...words])
  const pieces: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => pieces.push(piece))
  const ended = once(child, 'close')
  child.stdin.on('error', () => undefined)
  child.stdin.write(requestFrame(7))
  await eventually(() => child.exitCode !== null || Buffer.concat(pieces).includes(Buffer.from('42007b', 'hex')))
  child.kill()
  await ended
  return Buffer.concat(pieces)
}

const withoutOpenssl = spawnSync('openssl', ['version']).status === 0 ? false : 'openssl is not installed'

void test(
  '1.4 §10 / 2.1 §10.4: openssl s_client as devices connect: 1.2 and 1.3, static RSA, CBC',
  { skip: withoutOpenssl },
  async (t) => {
    const { listener } = await startServer(t, {
      legacySuites: true,
      certificates: { ...serverIdentity, ca: [authority.cert], further: [rsaServer] },
    })
    const cases = [
      ['-tls1_3'],
      ['-tls1_2', '-cipher', 'AES128-SHA256'],
      ['-tls1_2', '-cipher', 'AES256-SHA256'],
      ['-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
      ['-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256'],
    ]
    for (const words of cases) {
      const printed = await openssl(listener.port, ...words)
      const suite = words[2] ?? 'TLS_AES_256_GCM_SHA384'
      t.match(printed.toString('latin1'), new RegExp(`Cipher is ${suite}`), suite)
      t.ok(printed.includes(Buffer.from('42007b', 'hex')), 'a request is answered')
    }
  },
)

void test('1.4 §10 / 2.1 §10.4: each client is shown the server certificate that it can use', async (t) => {
  const { listener } = await startServer(t, {
    certificates: { ...serverIdentity, ca: [authority.cert], further: [rsaServer] },
  })
  const cases = [
    [{ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES256-GCM-SHA384' }, rsaServer],
    [{ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' }, serverIdentity],
    [{ minVersion: 'TLSv1.3', sigalgs: 'rsa_pss_rsae_sha256:ecdsa_secp384r1_sha384' }, rsaServer],
    [{ minVersion: 'TLSv1.3' }, serverIdentity],
  ] as const
  for (const [options, shown] of cases) {
    const { socket } = await connect(t, listener, { ...options, rejectUnauthorized: false })
    t.equal(socket.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '').toLowerCase(), shown.fingerprint)
  }
})

void test('1.4 §10 / 2.1 §10.3: clients of several authorities, as while one takes over from the other', async (t) => {
  const next = await makeAuthority('the authority after it')
  const stranger = await makeAuthority('nobody')
  const { listener } = await startServer(t, { certificates: { ...serverIdentity, ca: [authority.cert, next.cert] } })
  const renewed = await issue(next, { name: 'alice' })
  const rsa = await issue(next, { name: 'alice', rsa: true })
  for (const identity of [clientIdentity, renewed, rsa]) {
    const { socket, inbox } = await connect(t, listener, {}, identity)
    socket.write(requestFrame(1))
    t.same((await inbox.take(1)).map(frameId), [1])
  }
  const { inbox } = dial(t, listener, {}, await issue(stranger, { name: 'alice' }))
  await inbox.closed
  t.equal(inbox.messages.length, 0)
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
