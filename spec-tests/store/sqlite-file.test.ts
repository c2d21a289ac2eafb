import { open, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { test, type Test } from 'tap'
import type { Client } from '../../src/domain/principal.ts'
import { SQLITE } from '../../src/store/dialect.ts'
import { searchStatements, type SearchShape } from '../../src/store/queries/search.ts'
import { openDatabase } from '../../src/store/sqlite/connection.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { commitOf, insertOf, objectRow } from '../helpers/rows.ts'
import { temporaryFolder } from '../helpers/stores.ts'

const pathFor = async (t: Test): Promise<string> => {
  const folder = await temporaryFolder()
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return join(folder, 'kmipd.db')
}

const made = async (t: Test): Promise<string> => {
  const path = await pathFor(t)
  const store = await openSqliteStore({ path })
  await store.objects.commit(commitOf(insertOf(objectRow('a', { document: Buffer.alloc(200_000, 1) }))))
  await store.close()
  return path
}

const CLIENT: Client = {
  id: 'id',
  name: 'alice',
  tenant: 'default',
  role: 'client',
  fingerprint: 'ab',
  issuer: undefined,
  subject: undefined,
  createdAt: 1,
  revokedAt: undefined,
  profiles: [],
}

void test('every connection is durable: synchronous FULL in a write-ahead log', async (t) => {
  const path = await made(t)
  for (const access of ['read-write', 'read-only'] as const) {
    const database = openDatabase(path, access)
    const pragma = (name: string): unknown => database.pragma(name, { simple: true })
    t.equal(pragma('journal_mode'), 'wal', access)
    t.equal(pragma('synchronous'), 2, access)
    t.equal(pragma('foreign_keys'), 1, access)
    t.equal(pragma('busy_timeout'), 5_000, access)
    database.close()
  }
})

void test('the database is readable by its owner alone', async (t) => {
  t.equal((await stat(await made(t))).mode & 0o777, 0o600)
})

void test('one store at a time holds a data directory', async (t) => {
  const path = await pathFor(t)
  const store = await openSqliteStore({ path })
  t.equal(store.objects.exclusive, true)
  await t.rejects(openSqliteStore({ path }), { name: 'StoreError', problem: 'in-use' })
  await store.objects.commit(commitOf(insertOf(objectRow('a'))))
  await store.close()
  const again = await openSqliteStore({ path })
  t.ok(again.objects.read('default', 'a'))
  await again.close()
})

void test('an administrator changes clients beside the running server', async (t) => {
  const path = await pathFor(t)
  const server = await openSqliteStore({ path })
  const administration = await openSqliteStore({ path, exclusive: false })
  t.equal(administration.objects.exclusive, false)
  await administration.clients.add(CLIENT)
  t.strictSame(await server.clients.findByFingerprint('ab'), CLIENT)
  await server.clients.revoke('alice', 9)
  t.strictSame(await administration.clients.list(), [{ ...CLIENT, revokedAt: 9 }])
  await t.rejects(administration.objects.commit(commitOf(insertOf(objectRow('a')))), {
    name: 'StoreError',
    problem: 'in-use',
  })
  const values = await Promise.all(
    [server, administration].map(({ objects }, index) => objects.settings.putIfAbsent('key', Buffer.from([index]))),
  )
  t.strictSame(values[0], values[1])
  await administration.close()
  await server.objects.commit(commitOf(insertOf(objectRow('a'))))
  await server.close()
})

void test('an administrator makes the database where no server has run yet', async (t) => {
  const path = await pathFor(t)
  const administration = await openSqliteStore({ path, exclusive: false })
  await administration.clients.add(CLIENT)
  const server = await openSqliteStore({ path })
  t.strictSame(await server.clients.list(), [CLIENT])
  await administration.close()
  await server.close()
})

/** Noise over two pages. */
const overwrite = async (path: string, from: number): Promise<void> => {
  const file = await open(path, 'r+')
  await file.write(Buffer.alloc(8_192, 0xa5), 0, 8_192, from)
  await file.close()
}

const DAMAGES: readonly (readonly [title: string, problem: string, damage: (path: string) => Promise<void> | void])[] =
  [
    ['another kind of file', 'not-a-database', (path) => writeFile(path, 'a text, not a database\n'.repeat(100))],
    ['cut short', 'corrupt', (path) => truncate(path, 100_000)],
    ['cut within the first page', 'corrupt', (path) => truncate(path, 50)],
    ['overwritten in the middle', 'corrupt', (path) => overwrite(path, 8_192)],
    [
      'without one of its tables',
      'corrupt',
      (path) => {
        new Database(path).exec('drop table audit').close()
      },
    ],
  ]

for (const [title, problem, damage] of DAMAGES) {
  void test(`a damaged database is refused with its name: ${title}`, async (t) => {
    const path = await made(t)
    await damage(path)
    for (const exclusive of [true, false]) {
      await t.rejects(
        openSqliteStore({ path, exclusive }),
        { name: 'StoreError', problem, message: path },
        `${exclusive}`,
      )
    }
    await writeFile(path, '')
    const store = await openSqliteStore({ path })
    t.pass('and the directory is free again')
    await store.close()
  })
}

void test('a folder that is not there', async (t) => {
  const path = join(await pathFor(t), 'absent', 'kmipd.db')
  await t.rejects(openSqliteStore({ path }), { name: 'StoreError', problem: 'missing' })
})

void test('1.4 §4.9 / 2.1 §6.1.27: a page of many hits is read from an index in its order, never sorted', async (t) => {
  const database = openDatabase(await made(t), 'read-only')
  const storage = { online: true, archived: false, destroyed: false }
  const cases: readonly (readonly [shape: Omit<SearchShape, 'storage' | 'windowed' | 'oldestFirst'>, index: RegExp])[] =
    [
      [{ driver: { kind: 'equals' }, filters: [] }, /SEARCH d USING PRIMARY KEY \(key=\?/],
      [
        { driver: { kind: 'equals' }, filters: [{ kind: 'equals' }, { kind: 'state' }] },
        /SEARCH d USING PRIMARY KEY \(key=\?/,
      ],
      [
        { driver: { kind: 'owner' }, filters: [{ kind: 'object-type' }] },
        /SEARCH d USING COVERING INDEX objects_owner/,
      ],
      [{ driver: { kind: 'object-type' }, filters: [{ kind: 'owner' }] }, /SEARCH d USING COVERING INDEX objects_type/],
      [{ driver: { kind: 'newest' }, filters: [{ kind: 'state' }] }, /SEARCH d USING COVERING INDEX objects_newest/],
      [
        { driver: { kind: 'newest' }, filters: [{ kind: 'usual' }, { kind: 'has-bits', fact: 'usageMask' }] },
        /SEARCH d USING COVERING INDEX objects_newest/,
      ],
      [{ driver: { kind: 'newest' }, filters: [] }, /SEARCH d USING COVERING INDEX objects_newest/],
    ]
  for (const [shape, index] of cases.flatMap(([one, uses]) => [
    [{ ...one, windowed: false }, uses] as const,
    [{ ...one, windowed: true }, uses] as const,
  ])) {
    const { page } = searchStatements(SQLITE, { ...shape, storage, oldestFirst: false })
    const parameters = page.sql.match(/\?/g)?.map(() => null) ?? []
    const plan = database
      .prepare<null[], { detail: string }>(`explain query plan ${page.sql}`)
      .all(...parameters)
      .map(({ detail }) => detail)
      .join('\n')
    t.match(plan, index, page.sql)
    t.notMatch(plan, /ORDER BY/, page.sql)
  }
  database.close()
})

void test('1.4 §4.9 / 2.1 §6.1.27: a range is read from the index of its date', async (t) => {
  const database = openDatabase(await made(t), 'read-only')
  const storage = { online: true, archived: false, destroyed: false }
  const facts = ['initialDate', 'lastChangeDate', 'rotateDate', 'activationDate', 'archiveDate'] as const
  for (const fact of facts) {
    const driver = { kind: 'range', fact } as const
    const { page } = searchStatements(SQLITE, { driver, filters: [], storage, windowed: false, oldestFirst: false })
    const plan = database
      .prepare<null[], { detail: string }>(`explain query plan ${page.sql}`)
      .all(...(page.sql.match(/\?/g)?.map(() => null) ?? []))
    t.match(plan[0]?.detail, /SEARCH d USING COVERING INDEX objects_\w+_date \(tenant=\? AND \w+>\? AND \w+<\?\)/)
  }
  database.close()
})
