import { sql } from 'kysely'
import { test, type Test } from 'tap'
import type { Condition, ObjectRow } from '../../src/domain/object-store.ts'
import { initial } from '../../src/store/migrations/001-initial.ts'
import { MIGRATIONS } from '../../src/store/migrations/list.ts'
import { migrate, schemaVersion } from '../../src/store/migrations/migrate.ts'
import type { Migration } from '../../src/store/migrations/migration.ts'
import { materialColumns, recordOf } from '../../src/store/object-record.ts'
import type { SqlValue } from '../../src/store/statement.ts'
import { commitOf, insertOf, objectRow, searchFor, searchKey } from '../helpers/rows.ts'
import { forEachEngine, type BareConnection, type Engine } from '../helpers/stores.ts'

const connectFor = async (t: Test, engine: Engine): Promise<BareConnection> => {
  const place = await engine.place()
  const bare = await place.connect()
  t.teardown(async () => {
    await bare.end()
    await place.remove()
  })
  return bare
}

const second: Migration = {
  version: 2,
  up: ({ db, columns }) => [db.schema.createTable('added').addColumn('name', columns.text)],
}

/** Its first statement succeeds, its second cannot. */
const broken: Migration = {
  version: 3,
  up: ({ db, columns }) => [
    db.schema.createTable('half').addColumn('name', columns.text),
    db.schema.createTable('added').addColumn('name', columns.text),
  ],
}

const hasTable = async ({ connection }: BareConnection, name: string): Promise<boolean> => {
  try {
    await connection.execute(`select 1 from ${name}`)
    return true
  } catch {
    return false
  }
}

forEachEngine('the schema grows one version after the other', async (t, engine) => {
  const bare = await connectFor(t, engine)
  const { dialect, connection } = bare
  t.equal(await schemaVersion(dialect, connection), 0)
  await migrate(dialect, connection, [initial])
  t.equal(await schemaVersion(dialect, connection), 1)
  await migrate(dialect, connection, [initial, second])
  t.equal(await schemaVersion(dialect, connection), 2)
  t.ok(await hasTable(bare, 'added'))
  await migrate(dialect, connection, [initial, second])
  t.equal(await schemaVersion(dialect, connection), 2, 'nothing is done twice')
})

forEachEngine('a migration that fails leaves nothing behind', async (t, engine) => {
  const bare = await connectFor(t, engine)
  await t.rejects(migrate(bare.dialect, bare.connection, [initial, second, broken]))
  t.equal(await schemaVersion(bare.dialect, bare.connection), 2, 'what came before it stays')
  t.notOk(await hasTable(bare, 'half'))
})

forEachEngine('a database of a newer program is refused', async (t, engine) => {
  const place = await engine.place()
  t.teardown(() => place.remove())
  const bare = await place.connect()
  const { dialect, connection } = bare
  const future = { version: MIGRATIONS.length + 1, up: () => [] }
  await migrate(dialect, connection, [...MIGRATIONS, future])
  await bare.end()
  await t.rejects(place.open(), { name: 'StoreError', problem: 'newer-schema' })
})

forEachEngine('a database of another program is refused and left alone', async (t, engine) => {
  const place = await engine.place()
  t.teardown(() => place.remove())
  const bare = await place.connect()
  const { dialect, connection } = bare
  await connection.execute('create table objects (name text)')
  await t.rejects(place.open(), { name: 'StoreError', problem: 'foreign' })
  await t.rejects(schemaVersion(dialect, connection), { name: 'StoreError', problem: 'foreign' })
  await connection.execute('select name from objects')
  await bare.end()
})

void test('migrations are numbered from 1 without gaps', (t) => {
  t.strictSame(
    MIGRATIONS.map(({ version }) => version),
    MIGRATIONS.map((_, index) => index + 1),
  )
  t.end()
})

forEachEngine('the audit trail has a row for each record of a commit that was written', async (t, engine) => {
  const place = await engine.place()
  t.teardown(() => place.remove())
  const store = await place.open()
  const record = { time: 5, principal: 'admin', operation: 'Create', objectId: 'a', outcome: 'Success' }
  await store.objects.commit({
    ...commitOf(insertOf(objectRow('a'))),
    audit: [record, { ...record, objectId: undefined }],
  })
  await t.rejects(store.objects.commit({ ...commitOf(insertOf(objectRow('a'))), audit: [record] }))
  await store.close()
  const bare = await place.connect()
  const { dialect, connection } = bare
  t.teardown(() => bare.end())
  const all = sql<{ time: number; object_id: string | null }>`select time, object_id from audit order by audit_key`
  const rows = await connection
    .prepare({ name: undefined, sql: all.compile(dialect.db).sql, bind: () => [] })
    .all(undefined)
  t.same(rows, [
    { time: 5, object_id: 'a' },
    { time: 5, object_id: null },
  ])
})

const insertOld = (
  { connection, dialect }: BareConnection,
  record: Readonly<Record<string, SqlValue>>,
  table = 'objects',
) => {
  const literals = Object.values(record).map((value) => {
    if (Buffer.isBuffer(value)) {
      return dialect.name === 'sqlite' ? `x'${value.toString('hex')}'` : `'\\x${value.toString('hex')}'::bytea`
    }
    return typeof value === 'string' ? `'${value}'` : String(value)
  })
  return connection.execute(`insert into ${table} (${Object.keys(record).join(', ')}) values (${literals.join(', ')})`)
}

forEachEngine('what was archived before there was an archive moves into it', async (t, engine) => {
  const place = await engine.place()
  t.teardown(() => place.remove())
  const bare = await place.connect()
  await migrate(bare.dialect, bare.connection, MIGRATIONS.slice(0, 2))
  const row = objectRow('old', { lifecycle: { ...objectRow('none').lifecycle, archiveDate: 5 } })
  const kept = objectRow('on-line')
  const insert = (one: ObjectRow) => insertOld(bare, { ...recordOf(one), ...materialColumns(one.material) })
  await insert(row)
  await insert(kept)
  await bare.end()
  const store = await place.open()
  t.teardown(() => store.close())
  t.strictSame(await store.objects.read('default', 'old'), row)
  t.strictSame(await store.objects.read('default', 'on-line'), kept)
})

type OldKey = readonly [attribute: string, value: string, number?: number]

const FALSE = '06000000080000000000000000'
const TRUE = '06000000080000000000000001'
const SHA_256 = '42003805000000040000000600000000'
const SHA_512 = '42003805000000040000000800000000'
const RAW = '42004205000000040000000100000000'
const digestValue = (byte: string): string => `4200350800000020${byte.repeat(32)}`

const USUAL_KEYS: readonly OldKey[] = [
  ['420039', '0900000008000000000000000a', 10],
  ['42002c', '02000000040000000c00000000', 12],
  ['420120', FALSE],
  ['4200a8', TRUE],
  ['420034', SHA_256],
  ['420034', RAW],
  ['420034', digestValue('aa')],
  ['420034', `${SHA_256}${digestValue('aa')}${RAW}`],
  ['420095.total', Buffer.from(String(2n ** 62n)).toString('hex'), 2 ** 62],
  ['x/colour', '0700000003626c750000000000'],
]

const UNUSUAL_KEYS: readonly OldKey[] = [
  ['420039', '0900000008000000000000000a', 20],
  ['420120', TRUE],
  ['4200a8', TRUE],
  ['420034', SHA_256],
  ['420034', SHA_512],
  ['420034', RAW],
  ['420034', digestValue('bb')],
]

forEachEngine('1.4 §4.9 / 2.1 §6.1.28: what was found by separate keys is found by one', async (t, engine) => {
  const place = await engine.place()
  t.teardown(() => place.remove())
  const bare = await place.connect()
  await migrate(bare.dialect, bare.connection, MIGRATIONS.slice(0, 4))
  const objects = [
    ['usual', USUAL_KEYS],
    ['unusual', UNUSUAL_KEYS],
    ['bare', []],
  ] as const
  for (const [index, [id, keys]] of objects.entries()) {
    await insertOld(bare, recordOf(objectRow(id)))
    for (const [attribute, value, number = null] of keys) {
      const key = { attribute, value: Buffer.from(value, 'hex'), object: index + 1, number }
      await insertOld(bare, key, 'search_keys')
    }
  }
  await bare.end()
  const store = await place.open()
  t.teardown(() => store.close())
  const key = (attribute: string, value: string) => searchKey(attribute, Buffer.from(value, 'hex'))
  const equals = (attribute: string, value: string): Condition => ({ kind: 'equals', key: key(attribute, value) })
  const usual = (attribute: string, value: string): Condition => ({
    kind: 'usual',
    key: key(attribute, value),
    marker: searchKey(attribute, ''),
  })
  const cases: readonly (readonly [title: string, condition: Condition, ids: readonly string[]])[] = [
    ['a usual value', usual('420120', FALSE), ['usual']],
    ['another value', equals('420120', TRUE), ['unusual']],
    ['a usual value that both have', usual('4200a8', TRUE), ['unusual', 'usual']],
    ['a usual field', usual('420034', SHA_256), ['unusual', 'usual']],
    ['a usual field of an object that has more', usual('420034', RAW), ['unusual', 'usual']],
    ['another field', equals('420034', SHA_512), ['unusual']],
    ['a field that is always kept', equals('420034', digestValue('aa')), ['usual']],
    ['an attribute of a vendor', equals('x/colour', '0700000003626c750000000000'), ['usual']],
    ['a date', { kind: 'range', fact: 'initialDate', from: 10, to: 19 }, ['usual']],
    ['bits', { kind: 'has-bits', fact: 'usageMask', bits: 4 }, ['usual']],
    ['a limit', { kind: 'at-least', fact: 'limitTotal', limit: 2n ** 62n }, ['usual']],
    ['a limit that is too low', { kind: 'at-least', fact: 'limitTotal', limit: 2n ** 62n + 1n }, []],
  ]
  for (const [title, condition, ids] of cases) {
    t.strictSame((await store.objects.search(searchFor({ conditions: [condition] }))).ids, ids, title)
  }
})
