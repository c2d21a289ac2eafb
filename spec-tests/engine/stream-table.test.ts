import { test } from 'tap'
import type { DataStream } from '../../src/domain/key-store.ts'
import type { Principal } from '../../src/domain/principal.ts'
import { STREAM_LIMITS, type StreamLimits } from '../../src/engine/streams/stream-limits.ts'
import { createStreamTable, type OpenEntry } from '../../src/engine/streams/stream-table.ts'
import { KmipError } from '../../src/protocol/kmip-error.ts'
import { createUuidV7Ids } from '../../src/system.ts'

/* What open streams take, and when it is given back (2.1 section 7.8). */

const principal = (id: string, tenant = 'default'): Principal => ({ id, name: id, tenant, role: 'client', groups: [] })
const terms = (objectId: string) =>
  ({ operation: 'Encrypt', key: { objectId, sealVersion: 1 }, parameters: {}, ivCounterNonce: undefined }) as const

const open = (limits: Partial<StreamLimits> = {}) => {
  let now = 1000
  const closed: string[] = []
  const table = createStreamTable({ now: () => now }, createUuidV7Ids(), { ...STREAM_LIMITS, ...limits })
  const streamOf = (name: string, held: number): DataStream => ({
    held,
    gathers: true,
    update: () => Buffer.alloc(0),
    finish: () => ({}),
    close: () => closed.push(name),
  })
  const add = (owner: Principal, objectId: string, held = 10): OpenEntry => {
    table.checkRoom(owner)
    const entry = table.add(owner, terms(objectId), streamOf(objectId, held))
    table.touch(entry)
    return entry
  }
  const find = (owner: Principal, { id }: OpenEntry) => table.find(owner, Buffer.from(id, 'hex'), 'Encrypt')
  return { table, add, find, closed, advance: (seconds: number) => (now += seconds) }
}

const isRefused = (run: () => unknown): boolean => {
  try {
    run()
    return false
  } catch (error) {
    return error instanceof KmipError && error.reason === 'ServerLimitExceeded'
  }
}

void test('2.1 §7.8: ten thousand streams that are opened do not grow beyond the limits', (t) => {
  const { table, add } = open()
  let refused = 0
  for (let count = 0; count < 10_000; count += 1) {
    if (isRefused(() => add(principal(`client ${count % 40}`), `key ${count}`))) refused += 1
  }
  t.equal(table.size, STREAM_LIMITS.inAll)
  t.equal(refused, 10_000 - STREAM_LIMITS.inAll)
  t.equal(table.bytes, STREAM_LIMITS.inAll * 10)
  const one = open()
  for (let count = 0; count < 100; count += 1) isRefused(() => one.add(principal('alice'), 'key'))
  t.equal(one.table.size, STREAM_LIMITS.perClient)
  t.end()
})

void test('2.1 §7.8: a stream is found by the client that opened it', (t) => {
  const { add, find } = open()
  const entry = add(principal('alice'), 'key')
  t.equal(find(principal('alice'), entry), entry)
  t.equal(find(principal('mallory'), entry), undefined)
  t.equal(find(principal('alice', 'another tenant'), entry), undefined)
  t.end()
})

void test('2.1 §7.8: the time of a stream begins again with each use', (t) => {
  const { table, add, find, closed, advance } = open()
  const [used, idle] = [add(principal('alice'), 'used'), add(principal('alice'), 'idle')]
  advance(STREAM_LIMITS.idle)
  table.touch(used)
  advance(1)
  t.equal(find(principal('alice'), idle), undefined)
  t.equal(find(principal('alice'), used), used)
  t.same(closed, ['idle'])
  t.equal(table.bytes, 10)
  used.user = {}
  advance(STREAM_LIMITS.idle + 1)
  t.equal(find(principal('alice'), used), used, 'one that is in work is not closed under it')
  t.end()
})

void test('2.1 §7.8: bytes are counted for the stream, the client and all', (t) => {
  const { table, add } = open({ bytesPerStream: 100, bytesPerClient: 150, bytesInAll: 220 })
  const first = add(principal('alice'), 'a', 90)
  t.ok(isRefused(() => table.checkBytes(first, 11)))
  t.notOk(isRefused(() => table.checkBytes(first, 10)))
  const second = add(principal('alice'), 'b', 50)
  t.ok(
    isRefused(() => table.checkBytes(second, 11)),
    'of the client',
  )
  const third = add(principal('bob'), 'c', 70)
  t.ok(
    isRefused(() => table.checkBytes(third, 11)),
    'of all',
  )
  table.remove(second)
  table.remove(second)
  t.notOk(isRefused(() => table.checkBytes(third, 11)))
  t.equal(table.bytes, 160)
  t.end()
})

void test('2.1 §6.1.16: streams of a key that is destroyed are closed', (t) => {
  const { table, add, find, closed } = open()
  const [idle, inWork, other] = [
    add(principal('alice'), 'key'),
    add(principal('alice'), 'key'),
    add(principal('alice'), 'other'),
  ]
  inWork.user = {}
  table.forget('key')
  t.equal(find(principal('alice'), idle), undefined)
  t.ok(inWork.isEnding)
  t.equal(find(principal('alice'), other), other)
  t.same(closed, ['key'])
  t.end()
})
