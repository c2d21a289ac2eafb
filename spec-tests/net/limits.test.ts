import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { connect as connectTcp } from 'node:net'
import { createInterface } from 'node:readline'
import { connect as connectTls } from 'node:tls'
import { test } from 'tap'
import { z } from 'zod'
import {
  collect,
  connect,
  connectRaw,
  dial,
  echo,
  eventually,
  frameId,
  bytesHeld,
  requestFrame,
  responseFrame,
  startServer,
} from '../helpers/tls.ts'
import { DEFAULT_LIMITS } from '../../src/net/limits.ts'

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

void test('1.4 §10 / 2.1 §10.4: a handshake that does not come to an end is cut off', async (t) => {
  const { listener, logged } = await startServer(t, { limits: { handshake: 100 } })
  const silent = await connectRaw(t, listener)
  await silent.inbox.closed
  await logged('handshake failed', { code: 'ERR_TLS_HANDSHAKE_TIMEOUT' })

  const slow = await connectRaw(t, listener)
  const timer = setInterval(() => slow.socket.write(Buffer.of(0x16)), 20)
  t.teardown(() => clearInterval(timer))
  await slow.inbox.closed
  await eventually(() => listener.connections === 0)
})

void test('1.4 §10 / 2.1 §10.4: a client whose identification takes too long is turned away', async (t) => {
  const { listener, logged, handler } = await startServer(t, {
    limits: { handshake: 100 },
    identify: () => new Promise(() => undefined),
  })
  const { socket, inbox } = await connect(t, listener)
  socket.write(requestFrame(0))
  await inbox.closed
  await logged('connection refused', { reason: 'identification took too long' })
  t.equal(handler.handled, 0)
})

void test('1.4 §10 / 2.1 §10.4: an empty connection is a health probe, of which the log says nothing above debug', async (t) => {
  const { listener, entries, logged } = await startServer(t)
  const raw = await connectRaw(t, listener)
  raw.socket.end()
  await logged('connection without handshake')
  const { socket, inbox } = await connect(t, listener)
  socket.end()
  await inbox.closed
  await logged('connection closed')
  await eventually(() => listener.connections === 0)
  t.same(
    entries.filter(({ level }) => level !== 'debug'),
    [],
  )
})

void test('1.4 §7.1 / 2.1 §8.1: a request has to be complete in time, counted from its first byte', async (t) => {
  const { listener, logged, handler } = await startServer(t, { limits: { receive: 150 } })
  const { socket, inbox } = await connect(t, listener)
  await pause(400)
  t.equal(inbox.isClosed, false, 'before a request there is no hurry')
  const bytes = requestFrame(0)
  let at = 0
  const timer = setInterval(() => socket.write(bytes.subarray(at, (at += 1))), 20)
  t.teardown(() => clearInterval(timer))
  await inbox.closed
  await logged('connection aborted', { reason: 'request incomplete' })
  t.equal(handler.handled, 0)
})

void test('1.4 §7.1 / 2.1 §8.1: many requests that overlap the chunks are not taken for one slow request', async (t) => {
  const { listener } = await startServer(t, { limits: { receive: 150 } })
  const { socket, inbox } = await connect(t, listener)
  const bytes = Buffer.concat(Array.from({ length: 30 }, (_, id) => requestFrame(id)))
  for (let at = 0; at < bytes.length; at += 190) {
    socket.write(bytes.subarray(at, at + 190))
    await pause(20)
  }
  t.equal((await inbox.take(30)).length, 30)
})

void test('1.4 §10 / 2.1 §10.4: an idle connection is closed, one with a request in work is not', async (t) => {
  const handler = echo((id) => pause(id).then(() => responseFrame(id)))
  const { listener, logged } = await startServer(t, { handler, limits: { idle: 150 } })
  const { socket, inbox } = await connect(t, listener)
  socket.write(requestFrame(600))
  t.same((await inbox.take(1)).map(frameId), [600])
  t.equal(inbox.isClosed, false)
  await inbox.closed
  t.equal(inbox.error, undefined, 'closed, not reset')
  await logged('connection idle')
})

void test('1.4 §7.1 / 2.1 §8.1: a request that is never answered costs its connection', async (t) => {
  const handler = echo((id) => (id === 1 ? new Promise(() => undefined) : responseFrame(id)))
  const { listener, logged } = await startServer(t, { handler, limits: { work: 150 } })
  const { socket, inbox } = await connect(t, listener)
  socket.write(Buffer.concat([requestFrame(0), requestFrame(1), requestFrame(2)]))
  await inbox.closed
  t.same(inbox.messages.map(frameId), [0])
  await logged('connection aborted', { reason: 'request not answered in time' })
  await eventually(() => handler.released === 2)
  t.pass('the reply that waited behind it is given back')
})

void test('2.1 §11.46 Codec Error: a peer that does not close its side after the refusal is not waited for', async (t) => {
  const { listener } = await startServer(t, { limits: { linger: 100 } })
  const { socket, inbox } = await connect(t, listener)
  socket.allowHalfOpen = true
  socket.write('GET / HTTP/1.1\r\n\r\n')
  await inbox.take(1)
  await eventually(() => listener.connections === 0)
  t.equal(inbox.messages.length, 1)
})

void test('1.4 §10 / 2.1 §10.4: connections are limited in all and for each address', async (t) => {
  for (const limits of [{ maxConnections: 3 }, { maxPerAddress: 3 }]) {
    const { listener, logged } = await startServer(t, { limits: { ...limits, idle: 2_000 } })
    const clients = [await connect(t, listener), await connect(t, listener), await connect(t, listener)]
    const surplus = await connectRaw(t, listener)
    await surplus.inbox.closed
    await logged('too many connections', { count: 1 })
    t.equal(listener.connections, 3)
    clients[0]?.socket.end()
    await eventually(() => listener.connections === 2)
    const { socket, inbox } = await connect(t, listener)
    socket.write(requestFrame(7))
    t.same((await inbox.take(1)).map(frameId), [7], 'a place that is free again is given again')
  }
})

void test('1.4 §7.1 / 2.1 §8.1: so many requests of one connection are in work, the others wait', async (t) => {
  const finish: (() => void)[] = []
  const handler = echo((id) => new Promise((resolve) => finish.push(() => resolve(responseFrame(id)))))
  const { listener } = await startServer(t, { handler })
  const { socket, inbox } = await connect(t, listener)
  socket.write(Buffer.concat(Array.from({ length: 100 }, (_, id) => requestFrame(id))))
  await eventually(() => handler.handled === DEFAULT_LIMITS.maxInFlight)
  await pause(50)
  t.equal(handler.handled, DEFAULT_LIMITS.maxInFlight)
  finish.shift()?.()
  await eventually(() => handler.handled === DEFAULT_LIMITS.maxInFlight + 1)
  const timer = setInterval(() => finish.splice(0).forEach((next) => next()), 5)
  t.teardown(() => clearInterval(timer))
  t.same(
    (await inbox.take(100)).map(frameId),
    Array.from({ length: 100 }, (_, id) => id),
  )
})

void test('1.4 §10 / 2.1 §10.4: nothing more is done for a client that does not read, until it is cut off', async (t) => {
  const handler = echo((id) => responseFrame(id, 262_144))
  const { listener, logged } = await startServer(t, { handler, limits: { work: 1_000 } })
  const { socket } = await connect(t, listener)
  socket.pause()
  const before = await bytesHeld()
  const pipelined = Buffer.concat(Array.from({ length: 1_000 }, (_, id) => requestFrame(id)))
  socket.write(pipelined)
  await eventually(() => handler.handled > 2)
  await pause(200)
  const handled = handler.handled
  t.ok(handled < 100, `${handled} of 1,000 answered`)
  t.ok((await bytesHeld()) - before < 8 * 1_048_576, 'of 250 MiB')
  await pause(200)
  t.equal(handler.handled, handled)
  await logged('connection aborted', { reason: 'replies not read' })
  await eventually(() => listener.connections === 0 && handler.released === handled)
})

void test('1.4 §10 / 2.1 §10.4: a client that owes the reading of too much is cut off sooner', async (t) => {
  const finish: (() => void)[] = []
  const handler = echo((id) => new Promise((resolve) => finish.push(() => resolve(responseFrame(id, 1_048_576)))))
  const { listener, logged } = await startServer(t, { handler, limits: { handshake: 100 } })
  const { socket } = await connect(t, listener)
  socket.pause()
  socket.write(Buffer.concat(Array.from({ length: 32 }, (_, id) => requestFrame(id))))
  await eventually(() => handler.handled === 32)
  for (const next of finish) next()
  await logged('connection aborted', { reason: 'too many replies not read' })
  await eventually(() => listener.connections === 0 && handler.released === 32)
})

void test('1.4 §10 / 2.1 §10.4: a client that reads slowly gets everything', async (t) => {
  const handler = echo((id) => responseFrame(id, 100_000))
  const { listener } = await startServer(t, { handler, limits: { work: 1_000 } })
  const { socket, inbox } = await connect(t, listener)
  socket.write(Buffer.concat(Array.from({ length: 200 }, (_, id) => requestFrame(id))))
  const timer = setInterval(() => (socket.isPaused() ? socket.resume() : socket.pause()), 2)
  t.teardown(() => clearInterval(timer))
  t.same(
    (await inbox.take(200)).map(frameId),
    Array.from({ length: 200 }, (_, id) => id),
  )
})

void test('1.4 §10 / 2.1 §10.4: 200 handshakes at once', async (t) => {
  const { listener } = await startServer(t)
  const clients = Array.from({ length: 200 }, () => dial(t, listener))
  const answers = await Promise.all(
    clients.map(async ({ socket, inbox }, id) => {
      await once(socket, 'secureConnect')
      socket.write(requestFrame(id))
      return (await inbox.take(1)).map(frameId)
    }),
  )
  t.same(
    answers,
    clients.map((_, id) => [id]),
  )
  t.equal(listener.connections, 200)
})

const Started = z.object({ port: z.number(), ca: z.string(), cert: z.string(), key: z.string() })

void test('1.4 §10 / 2.1 §10.4: without file descriptors connections are dropped, and later ones served again', async (t) => {
  const script = new URL('few-descriptors.ts', import.meta.url).pathname
  const command = 'ulimit -n 40; exec "$0" --no-warnings "$1"'
  const child = spawn('sh', ['-c', command, process.execPath, script], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const { value } = await createInterface(child.stdout)[Symbol.asyncIterator]().next()
  const { port, ...credentials } = Started.parse(JSON.parse(String(value)))

  const flood = Array.from({ length: 100 }, () => connectTcp({ port, host: '127.0.0.1' }))
  const inboxes = flood.map(collect)
  await eventually(() => inboxes.filter(({ isClosed }) => isClosed).length >= 60)
  for (const socket of flood) socket.destroy()
  await Promise.all(inboxes.map(({ closed }) => closed))

  const ask = async (): Promise<readonly number[]> => {
    const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ...credentials })
    t.teardown(() => socket.destroy())
    const inbox = collect(socket)
    socket.write(requestFrame(7))
    return (await inbox.take(1)).map(frameId)
  }
  // The server has to hear first that the flood is over.
  let answers = await ask()
  while (answers.length === 0 && child.exitCode === null) answers = await ask()
  t.same(answers, [7])
  t.equal(child.exitCode, null, 'the process lives')
})
