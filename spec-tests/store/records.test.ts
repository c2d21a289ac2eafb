import { createUnitRecords } from '../../src/engine/objects/unit-records.ts'
import { ConflictError } from '../../src/domain/object-store.ts'
import type { Principal } from '../../src/domain/principal.ts'
import type { NewRecord, RecordChange, Records, ServerRecord } from '../../src/domain/records.ts'
import type { OpenStore } from '../../src/store/sqlite.ts'
import { commitOf, insertOf, objectRow } from '../helpers/rows.ts'
import { forEachEngine, openFor } from '../helpers/stores.ts'

const record = (id: string, facts: Partial<ServerRecord> = {}): ServerRecord => ({
  kind: 'job',
  tenant: 'default',
  id,
  owner: 'alice',
  version: 1,
  createdAt: 100,
  expiresAt: undefined,
  document: Buffer.from(`document of ${id}`),
  sealed: undefined,
  ...facts,
})

const put = (...records: readonly ServerRecord[]): readonly RecordChange[] =>
  records.map((one) => ({ kind: 'put', record: one }))

const write = ({ objects }: OpenStore, records: readonly RecordChange[]): Promise<void> =>
  objects.commit({ changes: [], audit: [], records })

const ids = (records: readonly ServerRecord[]): readonly string[] => records.map(({ id }) => id)

forEachEngine('a record is read, listed and counted as it was written', async (t, engine) => {
  const store = await openFor(t, engine)
  const { records } = store.objects
  const first = record('a', { expiresAt: 200 })
  await write(store, put(first, record('b', { owner: 'bob' }), record('c'), record('d', { kind: 'ticket' })))
  const read = await records.read('job', 'default', 'a')
  t.strictSame(read, { ...first, sequence: read?.sequence })
  t.equal(await records.read('ticket', 'default', 'a'), undefined, 'identifiers belong to a kind')
  t.equal(await records.read('job', 'other', 'a'), undefined, 'and to a tenant')
  t.strictSame(ids(await records.list('default', { kind: 'job', limit: 10 })), ['a', 'b', 'c'])
  t.strictSame(ids(await records.list('default', { kind: 'job', limit: 2, newestFirst: true })), ['c', 'b'])
  const alices = { kind: 'job', owner: 'alice', limit: 10 } as const
  t.strictSame(ids(await records.list('default', alices)), ['a', 'c'])
  t.strictSame(ids(await records.list('default', { ...alices, newestFirst: true })), ['c', 'a'])
  t.strictSame(ids(await records.list('default', { ...alices, after: read?.sequence })), ['c'])
  t.equal(await records.count('job', 'default'), 3)
  t.equal(await records.count('job', 'default', 'bob'), 1)
  t.strictSame(ids(await records.expired('job', 199, 10)), [])
  t.strictSame(ids(await records.expired('job', 200, 10)), ['a'])
})

forEachEngine(
  'a record changes from the version that was read, and with the objects beside it or not at all',
  async (t, engine) => {
    const store = await openFor(t, engine)
    const { records } = store.objects
    await write(store, put(record('a')))
    await t.rejects(write(store, put(record('a'))), ConflictError, 'it is there already')
    await write(store, put(record('a', { version: 2, expiresAt: 5 })))
    await t.rejects(write(store, put(record('a', { version: 2 }))), ConflictError, 'another came first')
    await t.rejects(write(store, [{ kind: 'remove', record: record('a') }]), ConflictError)
    const both = { ...commitOf(insertOf(objectRow('object'))), records: put(record('a')) }
    await t.rejects(store.objects.commit(both), ConflictError)
    t.equal(await store.objects.read('default', 'object'), undefined)
    await write(store, [{ kind: 'remove', record: record('a', { version: 2 }) }])
    t.equal(await records.read('job', 'default', 'a'), undefined)
  },
)

forEachEngine('of many who change one record at a time, one succeeds', async (t, engine) => {
  const store = await openFor(t, engine)
  await write(store, put(record('a')))
  const race = Array.from({ length: 20 }, () => write(store, put(record('a', { version: 2 }))))
  const outcomes = await Promise.allSettled(race)
  t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
})

const ALICE: Principal = { id: 'alice', name: 'alice', tenant: 'default', role: 'client', groups: [] }

const wish = (id: string): NewRecord => ({
  kind: 'job',
  id,
  owner: 'alice',
  expiresAt: undefined,
  document: Buffer.from('new'),
  sealed: undefined,
})

const found = async (records: Records, id: string): Promise<ServerRecord> => {
  const one = await records.find('job', id)
  if (one === undefined) throw new Error(`no record ${id}`)
  return one
}

forEachEngine('a unit of work sees the records it has written, and writes each once', async (t, engine) => {
  const store = await openFor(t, engine)
  await write(store, put(record('kept'), record('gone'), record('renewed')))
  const unit = createUnitRecords(store.objects.records)
  const records = unit.recordsFor(ALICE, 300)
  records.add(wish('new'))
  records.replace(await found(records, 'new'), { document: Buffer.from('newer') })
  records.add(wish('short-lived'))
  records.remove(await found(records, 'short-lived'))
  records.replace(await found(records, 'kept'), { expiresAt: 7 })
  records.replace(await found(records, 'kept'), { document: Buffer.from('changed') })
  records.remove(await found(records, 'gone'))
  records.remove(await found(records, 'renewed'))
  t.equal(await records.find('job', 'renewed'), undefined)
  records.add(wish('renewed'))
  t.strictSame(ids(await records.list({ kind: 'job', limit: 10 })), ['kept', 'renewed', 'new'])
  t.equal(await records.count('job'), 3)
  t.equal(await records.count('job', 'alice'), 3)
  t.equal(await records.count('job', 'bob'), 0)
  await write(store, unit.changes())
  const after = createUnitRecords(store.objects.records).recordsFor(ALICE, 301)
  t.strictSame(ids(await after.list({ kind: 'job', limit: 10 })), ['kept', 'renewed', 'new'])
  t.match(await found(after, 'kept'), { version: 2, expiresAt: 7, document: Buffer.from('changed') })
  t.match(await found(after, 'new'), { version: 1, createdAt: 300, document: Buffer.from('newer') })
  t.match(await found(after, 'renewed'), { version: 2, document: Buffer.from('new') })
})

forEachEngine('what a unit of work removes takes no place in a list', async (t, engine) => {
  const store = await openFor(t, engine)
  await write(store, put(record('a'), record('b'), record('c'), record('d')))
  const records = createUnitRecords(store.objects.records).recordsFor(ALICE, 300)
  records.remove(await found(records, 'a'))
  records.remove(await found(records, 'b'))
  records.add(wish('new'))
  t.strictSame(ids(await records.list({ kind: 'job', limit: 1 })), ['c', 'new'])
  t.equal(await records.count('job'), 3)
})
