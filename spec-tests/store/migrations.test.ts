import { sql } from 'kysely'
import { test, type Test } from 'tap'
import type { ObjectRow } from '../../src/domain/object-store.ts'
import { initial } from '../../src/store/migrations/001-initial.ts'
import { MIGRATIONS } from '../../src/store/migrations/list.ts'
import { migrate, schemaVersion } from '../../src/store/migrations/migrate.ts'
import type { Migration } from '../../src/store/migrations/migration.ts'
import { materialColumns, recordOf } from '../../src/store/object-record.ts'
import { queriesFor } from '../../src/store/queries/all.ts'
import { commitOf, insertOf, objectRow } from '../helpers/rows.ts'
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

forEachEngine('what was archived before there was an archive moves into it', async (t, engine) => {
  const place = await engine.place()
  t.teardown(() => place.remove())
  const bare = await place.connect()
  const { dialect, connection } = bare
  await migrate(dialect, connection, MIGRATIONS.slice(0, 2))
  const row = objectRow('old', { lifecycle: { ...objectRow('none').lifecycle, archiveDate: 5 } })
  const kept = objectRow('on-line')
  const insert = (one: ObjectRow) => {
    const record = { ...recordOf(one), ...materialColumns(one.material) }
    return connection.prepare(queriesFor(dialect).objects.insert).first(record)
  }
  await insert(row)
  await insert(kept)
  await bare.end()
  const store = await place.open()
  t.teardown(() => store.close())
  t.strictSame(await store.objects.read('default', 'old'), row)
  t.strictSame(await store.objects.read('default', 'on-line'), kept)
})
