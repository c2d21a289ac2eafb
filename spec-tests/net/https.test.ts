import { test, type Test } from 'tap'
import { createHttpSpeaker } from '../../src/net/http-connection.ts'
import type { Limits } from '../../src/net/limits.ts'
import { httpWire, post, type HttpResponse, type HttpWire } from '../helpers/http.ts'
import {
  connect,
  connectRaw,
  dial,
  echo,
  eventually,
  frameId,
  requestFrame,
  responseFrame,
  startServer,
  type Counting,
  type TestServer,
} from '../helpers/tls.ts'

/* KMIP over HTTPS on the wire. What the messages say in JSON and XML is tested with the engine, in spec-tests/wire. */

const TTLV = 'application/octet-stream'

const start = (t: Test, limits: Partial<Limits> = {}, handler?: Counting): Promise<TestServer> =>
  startServer(t, { speak: createHttpSpeaker(), limits, ...(handler === undefined ? {} : { handler }) })

const wireTo = async (t: Test, { listener }: TestServer): Promise<HttpWire> =>
  httpWire((await connect(t, listener)).socket)

const ask = (wire: HttpWire, bytes: Buffer | string): Promise<HttpResponse | undefined> => {
  wire.socket.write(bytes)
  return wire.next()
}

const request = (id: number, size?: number): Buffer => post(requestFrame(id, size), TTLV)

const head = (...lines: readonly string[]): string => [...lines, '', ''].join('\r\n')

void test('AME §2.5: a message is answered with its own Content-Type, its length, and for no cache', async (t) => {
  const server = await start(t)
  const wire = await wireTo(t, server)
  for (const id of [1, 2, 3]) {
    const response = await ask(wire, request(id))
    t.match(response, { status: 200, version: 'HTTP/1.1' })
    t.match(response?.headers, { 'content-type': TTLV, 'content-length': '320', 'cache-control': 'no-cache' })
    t.equal(frameId(response?.body ?? Buffer.alloc(12)), id, 'on the same connection')
  }
  t.equal(server.handler.sessions.size, 1)
  await eventually(() => server.handler.released === 3)
})

void test('AME §2.5: HTTP/1.0 is answered and closed, or kept where the client asks for it', async (t) => {
  const server = await start(t)
  const old = (...more: readonly string[]): Buffer =>
    Buffer.concat([
      Buffer.from(head('POST /kmip HTTP/1.0', `Content-Type: ${TTLV}`, 'Content-Length: 200       ', ...more)),
      requestFrame(7),
    ])
  const wire = await wireTo(t, server)
  t.match(await ask(wire, old()), { status: 200 })
  await wire.closed
  const kept = await wireTo(t, server)
  for (let round = 0; round < 2; round += 1) t.match(await ask(kept, old('Connection: keep-alive')), { status: 200 })
})

void test('AME §2.3, §2.4: everything else is refused by its status, without a word', async (t) => {
  const server = await start(t, { maxMessage: 1_000 })
  const body = requestFrame(0)
  const changed = (from: string | RegExp, to: string): Buffer =>
    Buffer.concat([Buffer.from(post(body, TTLV).subarray(0, -body.length).toString('latin1').replace(from, to)), body])
  const cases: readonly (readonly [status: number, title: string, bytes: Buffer | string])[] = [
    [404, 'another path', changed('/kmip', '/')],
    [404, 'a longer path', changed('/kmip', '/kmip/')],
    [404, 'a query', changed('/kmip', '/kmip?x=1')],
    [404, 'a path that leads back', changed('/kmip', '/x/../kmip')],
    [405, 'GET', changed('POST', 'GET')],
    [405, 'OPTIONS', changed('POST', 'OPTIONS')],
    [415, 'another type', changed(TTLV, 'text/plain')],
    [415, 'application/xml', changed(TTLV, 'application/xml')],
    [415, 'no type', changed(/Content-Type.*\r\n/, '')],
    [415, 'another character set', changed(TTLV, 'text/xml; charset=utf-16')],
    [415, 'a compressed body', changed('Cache-Control: no-cache', 'Content-Encoding: gzip')],
    [411, 'chunks', changed(/Content-Length.*/, 'Transfer-Encoding: chunked')],
    [411, 'no length', changed(/Content-Length.*\r\n/, '')],
    [400, 'nothing', post('', TTLV)],
    [413, 'too much', changed(/Content-Length: \d+/, 'Content-Length: 1001')],
    [413, 'far too much', changed(/Content-Length: \d+/, 'Content-Length: 9007199254740991')],
    [
      413,
      'too much text',
      changed(/Content-Type.*\r\nContent-Length: \d+/, 'Content-Type: text/xml\r\nContent-Length: 4001'),
    ],
    [400, 'no HTTP', requestFrame(0)],
    [400, 'a length that is none', changed(/Content-Length: \d+/, 'Content-Length: 0x10')],
    [400, 'two lengths', changed('Cache-Control: no-cache', 'Content-Length: 1')],
    [400, 'a length and chunks', changed('Cache-Control: no-cache', 'Transfer-Encoding: chunked')],
    [400, 'no Host', changed(/Host.*\r\n/, '')],
    [431, 'a long head', changed('localhost', 'h'.repeat(20_000))],
  ]
  for (const [status, title, bytes] of cases) {
    const wire = await wireTo(t, server)
    const response = await ask(wire, bytes)
    t.match(response, { status, body: Buffer.alloc(0) }, title)
    t.equal(response?.headers['connection'], 'close', 'and the connection is closed')
    await wire.closed
  }
  t.equal(server.handler.handled, 0)
  t.match(await ask(await wireTo(t, server), changed('POST /kmip', 'POST https://localhost/kmip')), { status: 200 })
  t.match(await ask(await wireTo(t, server), changed(TTLV, `${TTLV.toUpperCase()}; charset=UTF-8`)), { status: 200 })
})

void test('AME §2.4: a client that waits for 100 is told to go on, or not to send at all', async (t) => {
  const server = await start(t, { maxMessage: 1_000 })
  const bytes = post(requestFrame(5), TTLV, ['Expect: 100-continue'])
  const wire = await wireTo(t, server)
  t.match(await ask(wire, bytes.subarray(0, -200)), { status: 100 })
  t.match(await ask(wire, bytes.subarray(-200)), { status: 200 })
  const large = await wireTo(t, server)
  t.match(await ask(large, post(requestFrame(5, 2_000), TTLV, ['Expect: 100-continue']).subarray(0, -2_000)), {
    status: 413,
  })
  t.equal(server.handler.handled, 1)
})

void test('AME §2: requests that come at once are answered in their order, one at a time', async (t) => {
  const finish = new Map<number, () => void>()
  const handler = echo((id) => new Promise((resolve) => finish.set(id, () => resolve(responseFrame(id)))))
  const wire = await wireTo(t, await start(t, {}, handler))
  wire.socket.write(Buffer.concat([1, 2, 3].map((id) => request(id))))
  for (const id of [1, 2, 3]) {
    const done = await eventually(() => finish.get(id))
    t.equal(handler.handled, id, 'the next one waits')
    done()
    t.equal(frameId((await wire.next())?.body ?? Buffer.alloc(12)), id)
  }
})

void test('AME §2: a flood of requests at once ends the connection', async (t) => {
  const server = await start(
    t,
    { maxInFlight: 4 },
    echo(() => new Promise(() => undefined)),
  )
  const wire = await wireTo(t, server)
  wire.socket.write(Buffer.concat(Array.from({ length: 6 }, (_, id) => request(id))))
  await wire.closed
  await server.logged('connection aborted', { reason: 'too many requests at once' })
})

void test('AME §2: a head or a body that does not come to an end is cut off', async (t) => {
  const server = await start(t, { receive: 150 })
  const slow = async (bytes: Buffer): Promise<void> => {
    const wire = await wireTo(t, server)
    let at = 0
    const timer = setInterval(() => wire.socket.write(bytes.subarray(at, (at += 1))), 10)
    t.teardown(() => clearInterval(timer))
    await wire.closed
    clearInterval(timer)
  }
  await slow(request(0))
  const wire = await wireTo(t, server)
  wire.socket.write(request(0).subarray(0, -1))
  await wire.closed
  const aborted = server.entries.filter(({ fields }) => fields.reason === 'request incomplete')
  t.equal(aborted.length, 2)
  t.equal(server.handler.handled, 0)
})

void test('AME §2: a request that is not answered in time, and an answer that is not read, end the connection', async (t) => {
  const silent = await start(
    t,
    { work: 150 },
    echo(() => new Promise(() => undefined)),
  )
  const wire = await wireTo(t, silent)
  wire.socket.write(request(0))
  await wire.closed
  await silent.logged('connection aborted', { reason: 'request not answered in time' })

  const handler = echo((id) => responseFrame(id, 64 * 1024 * 1024))
  const generous = await start(t, { work: 150 }, handler)
  const deaf = await connect(t, generous.listener)
  deaf.socket.pause()
  deaf.socket.write(request(0))
  await generous.logged('connection aborted', { reason: 'request not answered in time' })
  await eventually(() => handler.released === 1)
})

void test('AME §2: an idle connection is closed, and kept until then', async (t) => {
  const server = await start(t, { idle: 200 })
  const wire = await wireTo(t, server)
  t.match(await ask(wire, request(0)), { status: 200 })
  t.equal(wire.isClosed, false)
  await wire.closed
  await eventually(() => server.listener.connections === 0)
})

void test('AME §2.1: who has no certificate, or an unknown one, gets no answer', async (t) => {
  const server = await start(t, {})
  const { socket } = dial(t, server.listener, {}, 'none')
  const wire = httpWire(socket)
  socket.on('secureConnect', () => socket.write(request(0)))
  t.equal(await wire.next(), undefined)
  await server.logged('connection refused', { reason: 'no certificate' })

  const strict = await startServer(t, { speak: createHttpSpeaker(), identify: () => Promise.resolve(undefined) })
  t.equal(await ask(await wireTo(t, strict), request(0)), undefined)
  await strict.logged('connection refused', { reason: 'not registered' })
  t.equal(server.handler.handled + strict.handler.handled, 0)

  const raw = await connectRaw(t, server.listener)
  raw.socket.write('POST /kmip HTTP/1.1\r\n\r\n')
  await raw.inbox.closed
  await server.logged('handshake failed')
})

void test('AME §2: a stop answers what is in work, closes idle connections, and takes no more', async (t) => {
  let finish: (() => void) | undefined
  const handler = echo((id) => new Promise((resolve) => (finish = () => resolve(responseFrame(id)))))
  const server = await start(t, {}, handler)
  const busy = await wireTo(t, server)
  const idle = await wireTo(t, server)
  busy.socket.write(request(9))
  const done = await eventually(() => finish)
  const drained = server.listener.drain()
  await idle.closed
  done()
  const response = await busy.next()
  t.match(response, { status: 200 })
  t.equal(response?.headers['connection'], 'close')
  await busy.closed
  await drained
  t.equal(server.listener.connections, 0)
})

void test('AME §2: a connection that is cut in the middle of a request leaves nothing behind', async (t) => {
  const handler = echo((id) => new Promise((resolve) => setTimeout(() => resolve(responseFrame(id)), 50)))
  const server = await start(t, {}, handler)
  for (const bytes of [request(0), request(0).subarray(0, -50), request(0).subarray(0, 30)]) {
    const { socket } = await connect(t, server.listener)
    socket.write(bytes)
    await new Promise((resolve) => setTimeout(resolve, 20))
    socket.destroy()
  }
  await eventually(() => server.listener.connections === 0)
  await eventually(() => handler.released === handler.handled)
  t.ok(handler.handled <= 1)
})
