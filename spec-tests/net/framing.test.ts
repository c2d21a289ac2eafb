import { test } from 'tap'
import type { MaybePromise } from '../../src/domain/maybe-promise.ts'
import type { Reply } from '../../src/engine/message-handler.ts'
import {
  REFUSAL,
  connect,
  echo,
  eventually,
  frameId,
  bytesHeld,
  requestFrame,
  responseFrame,
  startServer,
} from '../helpers/tls.ts'

const ids = (messages: readonly Buffer[]): readonly number[] => messages.map(frameId)

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index)

const requests = (count: number): Buffer => Buffer.concat(upTo(count).map((id) => requestFrame(id)))

void test('1.4 §7.1 / 2.1 §8.1: one response for each request, however the bytes are cut', async (t) => {
  const oneByOne = (bytes: Buffer): readonly Buffer[] => [...bytes].map((byte) => Buffer.of(byte))
  const cases: readonly { name: string; count: number; chunks: readonly Buffer[] }[] = [
    { name: 'one message in one chunk', count: 1, chunks: [requestFrame(0)] },
    { name: 'two messages in one chunk', count: 2, chunks: [requests(2)] },
    { name: 'single bytes', count: 2, chunks: oneByOne(requests(2)) },
    { name: 'cut in the header', count: 1, chunks: [requestFrame(0).subarray(0, 3), requestFrame(0).subarray(3)] },
    {
      name: 'one and a half, then the rest',
      count: 2,
      chunks: [requests(2).subarray(0, 300), requests(2).subarray(300)],
    },
    { name: 'larger than a TLS record', count: 1, chunks: [requestFrame(0, 300_000)] },
    { name: 'exactly the largest message', count: 1, chunks: [requestFrame(0, 1_048_576)] },
  ]
  const { listener } = await startServer(t)
  for (const { name, count, chunks } of cases) {
    const { socket, inbox } = await connect(t, listener)
    for (const chunk of chunks) {
      // Each in a TLS record of its own.
      await new Promise((resolve) => socket.write(chunk, resolve))
    }
    t.same(ids(await inbox.take(count)), upTo(count), name)
  }
})

void test('1.4 §7.1 / 2.1 §8.1: 1,000 pipelined requests are answered in order, and each buffer is given back', async (t) => {
  for (const later of [false, true]) {
    const handler = echo((id) => (later ? Promise.resolve(responseFrame(id)) : responseFrame(id)))
    const { listener } = await startServer(t, { handler })
    const { socket, inbox } = await connect(t, listener)
    socket.write(requests(1_000))
    t.same(ids(await inbox.take(1_000)), upTo(1_000), later ? 'promised' : 'at once')
    await eventually(() => handler.released === 1_000)
  }
})

void test('1.4 §7.1 / 2.1 §8.1: a later request that is done first waits for the earlier one', async (t) => {
  const finish = new Map<number, () => void>()
  const handler = echo((id) =>
    id % 2 === 1 ? responseFrame(id) : new Promise((resolve) => finish.set(id, () => resolve(responseFrame(id)))),
  )
  const { listener } = await startServer(t, { handler })
  const { socket, inbox } = await connect(t, listener)
  socket.write(requests(6))
  await eventually(() => handler.handled === 6)
  finish.get(4)?.()
  finish.get(2)?.()
  await new Promise((resolve) => setTimeout(resolve, 30))
  t.same(inbox.messages, [], 'nothing overtakes request 0')
  finish.get(0)?.()
  t.same(ids(await inbox.take(6)), upTo(6))
})

void test('2.1 §11.46 Codec Error: what is no message is answered once, then the connection is closed', async (t) => {
  const wrongType = requestFrame(0)
  wrongType.writeUInt8(0x02, 3)
  const header = (length: number): Buffer => {
    const bytes = requestFrame(0).subarray(0, 8)
    bytes.writeUInt32BE(length, 4)
    return bytes
  }
  const cases: readonly { name: string; bytes: Buffer; answered: readonly number[] }[] = [
    { name: 'another tag', bytes: responseFrame(0), answered: [] },
    { name: 'another type', bytes: wrongType, answered: [] },
    { name: 'HTTP', bytes: Buffer.from('GET / HTTP/1.1\r\n\r\n'), answered: [] },
    { name: 'eight bytes of it are enough', bytes: Buffer.from('GET / HT'), answered: [] },
    { name: 'a length of ffffffff, refused without its body', bytes: header(0xffffffff), answered: [] },
    { name: 'a length of 80000000', bytes: header(0x80000000), answered: [] },
    { name: 'one byte over the limit', bytes: header(1_048_576 - 8 + 1), answered: [] },
    { name: 'after good messages', bytes: Buffer.concat([requests(3), Buffer.from('GET / HT')]), answered: [0, 1, 2] },
  ]
  for (const { name, bytes, answered } of cases) {
    const { listener, handler } = await startServer(t)
    const { socket, inbox } = await connect(t, listener)
    socket.write(bytes)
    await inbox.closed
    t.same(ids(inbox.messages), [...answered, REFUSAL], name)
    t.same([handler.handled, handler.refused, handler.released], [answered.length, 1, answered.length + 1], name)
    t.equal(inbox.error, undefined, `${name}: closed, not reset`)
  }
})

void test('2.1 §11.46 Codec Error: the refusal comes after the answers that are still in work', async (t) => {
  const handler = echo((id) => new Promise((resolve) => setTimeout(() => resolve(responseFrame(id)), 40 - 10 * id)))
  const { listener } = await startServer(t, { handler })
  const { socket, inbox } = await connect(t, listener)
  socket.write(Buffer.concat([requests(3), Buffer.from('GET / HTTP/1.1\r\n\r\n')]))
  await inbox.closed
  t.same(ids(inbox.messages), [0, 1, 2, REFUSAL])
})

void test('2.1 §11.46 Codec Error: nothing that follows is read as a message or kept', async (t) => {
  const { listener, handler } = await startServer(t)
  const { socket, inbox } = await connect(t, listener)
  socket.allowHalfOpen = true
  const more = requestFrame(1, 262_144)
  const before = await bytesHeld()
  socket.write(Buffer.from('GET / HT'))
  await inbox.take(1)
  for (let sent = 0; sent < 64; sent += 1) await new Promise((resolve) => socket.write(more, resolve))
  t.ok((await bytesHeld()) - before < 1_048_576, 'of 16 MiB')
  socket.end()
  await inbox.closed
  t.same(ids(inbox.messages), [REFUSAL])
  t.equal(handler.handled, 0)
})

void test('1.4 §9.1.1.3 / 2.1 §10.1.3: a message takes no more memory than has come of it', async (t) => {
  const { listener } = await startServer(t)
  const { socket, inbox } = await connect(t, listener)
  const large = requestFrame(0, 1_048_576)
  const before = await bytesHeld()
  const write = (bytes: Buffer): Promise<unknown> => new Promise((resolve) => socket.write(bytes, resolve))
  await write(large.subarray(0, 8))
  t.ok((await bytesHeld()) - before < 200_000, 'the length alone')
  for (let at = 8; at < 20_008; at += 1) await write(large.subarray(at, at + 1))
  t.ok((await bytesHeld()) - before < 1_048_576, '20,000 single bytes, not a buffer for each')
  socket.write(large.subarray(20_008))
  t.same(ids(await inbox.take(1)), [0])
})

void test('1.4 §10 / 2.1 §10.4: a stream that ends early gets no reply', async (t) => {
  for (const size of [0, 1, 7, 8, 100, 199]) {
    const { listener, handler, entries } = await startServer(t)
    const { socket, inbox } = await connect(t, listener)
    socket.end(requestFrame(0).subarray(0, size))
    await inbox.closed
    t.same(inbox.messages, [], `${size} bytes`)
    t.same([handler.handled, handler.refused], [0, 0])
    await eventually(() => listener.connections === 0)
    t.same(
      entries.filter(({ level }) => level !== 'debug'),
      [],
      'for the log this is no event',
    )
  }
})

void test('1.4 §10 / 2.1 §10.4: a client that closes its side still gets its replies', async (t) => {
  const handler = echo((id) => new Promise((resolve) => setTimeout(() => resolve(responseFrame(id, 500_000)), 20)))
  const { listener } = await startServer(t, { handler })
  const { socket, inbox } = await connect(t, listener)
  socket.end(requests(50))
  await inbox.take(50)
  t.same(ids(inbox.messages), upTo(50))
  await inbox.closed
  t.equal(inbox.error, undefined)
})

void test('1.4 §10 / 2.1 §10.4: replies of a peer that has gone are given back', async (t) => {
  for (const side of ['client', 'server']) {
    const finish: (() => void)[] = []
    const handler = echo((id) => new Promise((resolve) => finish.push(() => resolve(responseFrame(id)))))
    const { listener } = await startServer(t, { handler, limits: { drain: 10 } })
    const { socket } = await connect(t, listener)
    socket.write(requests(20))
    await eventually(() => handler.handled === 20)
    for (const early of finish.splice(10)) early()
    if (side === 'client') socket.destroy()
    else {
      await listener.drain()
      t.equal(handler.released, 10, 'those that waited for an earlier one')
    }
    for (const late of finish) late()
    await eventually(() => handler.released === 20)
    await eventually(() => listener.connections === 0)
    t.pass(side)
  }
})

void test('1.4 §7.1 / 2.1 §8.1: nothing is answered after a reply that asks to close', async (t) => {
  for (const later of [false, true]) {
    const counting = echo()
    const handle = (message: Buffer): MaybePromise<Reply> => {
      counting.handled += 1
      const id = frameId(message)
      const reply = { bytes: responseFrame(id), close: id === 1, release: () => (counting.released += 1) }
      return later ? Promise.resolve(reply) : reply
    }
    const { listener } = await startServer(t, { handler: { ...counting, handle } })
    const { socket, inbox } = await connect(t, listener)
    socket.write(requests(4))
    await inbox.closed
    t.same(ids(inbox.messages), [0, 1])
    t.equal(inbox.error, undefined)
    await eventually(() => counting.released === counting.handled)
    t.equal(counting.handled, later ? 4 : 2)
  }
})
