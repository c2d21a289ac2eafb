import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { test } from 'tap'
import { connectKmip } from '../../src/cli/kmip-client.ts'
import { destroy } from '../../src/cli/selftest-calls.ts'
import { runCli } from '../../src/cli/run.ts'
import { memoryProgram } from './memory-program.ts'
import { recordingIo } from './recording-io.ts'
import { temporaryDirectory } from '../helpers/temporary.ts'

/*
 * The client of the self-test at a bare TLS server that answers whatever it is told to: what the client makes of a
 * server that misbehaves.
 */

/** A Destroy answered with success, for 1.4. */
const DESTROYED = Buffer.from(
  '42007b010000009042007a0100000048420069010000002042006a0200000004000000010000000042006b02000000040000000400000000' +
    '4200920900000008000000006b49d20042000d02000000040000000100000000' +
    '42000f010000003842005c0500000004000000140000000042007f0500000004000000000000000042007c010000001042009407000000016100000000000000',
  'hex',
)

/** Certificates as `kmipd init` makes them. */
const newPki = async (): Promise<(name: string) => string> => {
  const directory = temporaryDirectory('connect')
  const io = recordingIo()
  // Today, as Node judges the dates of certificates by the clock of the machine.
  const program = memoryProgram(Math.floor(Date.now() / 1000))
  await runCli(['init'], { io, loadProgram: () => Promise.resolve(program), environment: {}, directory })
  return (name) => readFileSync(join(directory, 'data/pki', name), 'utf8')
}

type Answering = (socket: TLSSocket) => void

const serve = async (pki: (name: string) => string, answer: Answering): Promise<{ server: Server; port: number }> => {
  const server = createServer(
    { cert: pki('server.crt'), key: pki('server.key'), ca: pki('ca.crt'), requestCert: true, rejectUnauthorized: true },
    (socket) => {
      socket.on('error', () => undefined)
      socket.on('data', () => answer(socket))
    },
  )
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0 }
}

const connect = (pki: (name: string) => string, port: number, serverCertificate = pki('server.crt')) =>
  connectKmip({
    host: '127.0.0.1',
    port,
    serverCertificate,
    certificate: pki('clients/admin.crt'),
    key: pki('clients/admin.key'),
  })

const request = { uniqueIdentifier: 'a' }

void test('1.4 §9.1 / 2.1 §10.1: an answer may come in pieces', async (t) => {
  const pki = await newPki()
  const { server, port } = await serve(pki, (socket) => {
    socket.write(DESTROYED.subarray(0, 5))
    setImmediate(() => void socket.write(DESTROYED.subarray(5)))
  })
  const client = await connect(pki, port)
  for (let i = 0; i < 3; i += 1) t.same(await client.call('1.4', destroy, request), { uniqueIdentifier: 'a' })
  client.close()
  server.close()
})

void test('kmipd selftest: only the certificate of this server is accepted', async (t) => {
  const pki = await newPki()
  const other = await newPki()
  const { server, port } = await serve(pki, (socket) => void socket.write(DESTROYED))
  await t.rejects(connect(pki, port, other('server.crt')), 'another server')
  await t.rejects(connect(pki, port, pki('clients/admin.crt')), 'a sibling of the certificate')
  server.close()
})

void test('kmipd selftest: a server that breaks off, or answers nonsense, is an error', async (t) => {
  const pki = await newPki()
  const cases: readonly (readonly [string, Answering, RegExp])[] = [
    ['closes', (socket) => void socket.end(), /has closed the connection/],
    ['closes in the middle', (socket) => void socket.end(DESTROYED.subarray(0, 50)), /has closed the connection/],
    [
      'speaks another protocol',
      (socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'),
      /start of a message/,
    ],
  ]
  for (const [title, answer, message] of cases) {
    const { server, port } = await serve(pki, answer)
    const client = await connect(pki, port)
    await t.rejects(client.call('1.4', destroy, request), { message }, title)
    client.close()
    server.close()
  }
})
