import {
  type Commit,
  ConflictError,
  DuplicateError,
  type ObjectRow,
  OLDEST_STORE_KEY,
} from '../../src/domain/object-store.ts'
import type { ServerRecord } from '../../src/domain/records.ts'
import { sql } from 'kysely'
import { StoreError } from '../../src/store/errors.ts'
import { statement } from '../../src/store/statement.ts'
import type { OpenStore } from '../../src/store/sqlite.ts'
import { commitOf, insertOf, objectRow, searchFor, searchKey, updateOf } from '../helpers/rows.ts'
import { forEachEngine, openFor } from '../helpers/stores.ts'

const read = (store: OpenStore, id: string): Promise<ObjectRow | undefined> =>
  Promise.resolve(store.objects.read('default', id))

const outcomeOf = async (store: OpenStore, commit: Commit): Promise<string> => {
  try {
    await store.objects.commit(commit)
    return 'done'
  } catch (error) {
    if (error instanceof DuplicateError) return `duplicate ${error.what}`
    return error instanceof ConflictError ? 'conflict' : `unexpected: ${String(error)}`
  }
}

const located = async (store: OpenStore, attribute: string, value: string): Promise<readonly string[]> => {
  const found = await store.objects.search(
    searchFor({ conditions: [{ kind: 'equals', key: searchKey(attribute, value) }] }),
  )
  return found.ids
}

const ROWS: readonly ObjectRow[] = [
  objectRow('sealed'),
  objectRow('resident', { material: { kind: 'resident', token: 'token', keyId: Buffer.from([0, 1, 255]) } }),
  objectRow('without-material', { material: undefined }),
  objectRow('dates', {
    lifecycle: {
      activationDate: 0,
      deactivationDate: 4_102_444_800,
      compromiseDate: -1,
      destroyDate: 2 ** 40,
      archiveDate: 5,
    },
  }),
  objectRow('bytes', { document: Buffer.from([0, 1, 2, 254, 255]), mac: Buffer.alloc(32, 7), objectType: 0x8000_0001 }),
  objectRow('names \u0000 of \u{1f511}'.replace('\u0000', 'any kind')),
]

forEachEngine('1.4 §3.1 / 2.1 §4.58: an object is read as it was written', async (t, engine) => {
  const store = await openFor(t, engine)
  await store.objects.commit(commitOf(...ROWS.map((row) => insertOf(row))))
  for (const row of ROWS) t.strictSame(await read(store, row.id), row, row.id)
  t.equal(await read(store, 'absent'), undefined)
  t.equal(await store.objects.read('other tenant', 'sealed'), undefined, 'identifiers belong to a tenant')
})

forEachEngine('1.4 §4.21 / 2.1 §6.1.14: Destroy keeps the row and clears its material', async (t, engine) => {
  const store = await openFor(t, engine)
  await store.objects.commit(commitOf(insertOf(objectRow('a'))))
  const destroyed = objectRow('a', { version: 2, material: undefined })
  await store.objects.commit(commitOf(updateOf(destroyed)))
  t.strictSame(await read(store, 'a'), destroyed)
})

forEachEngine('compare and set: an update names the version it read', async (t, engine) => {
  const store = await openFor(t, engine)
  await store.objects.commit(commitOf(insertOf(objectRow('a'))))
  const cases: readonly (readonly [version: number, outcome: string])[] = [
    [1, 'conflict'],
    [3, 'conflict'],
    [2, 'done'],
    [2, 'conflict'],
    [3, 'done'],
  ]
  for (const [version, outcome] of cases) {
    const row = objectRow('a', { version, owner: `owner ${version}` })
    t.equal(await outcomeOf(store, commitOf(updateOf(row))), outcome, `version ${version}`)
  }
  t.equal((await read(store, 'a'))?.owner, 'owner 3')
  t.equal(await outcomeOf(store, commitOf(updateOf(objectRow('absent', { version: 2 })))), 'conflict')
})

forEachEngine('of 100 updates of one version exactly one is written', async (t, engine) => {
  const store = await openFor(t, engine)
  await store.objects.commit(commitOf(insertOf(objectRow('a'))))
  for (const version of [2, 3]) {
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        outcomeOf(store, commitOf(updateOf(objectRow('a', { version, owner: `writer ${index}` })))),
      ),
    )
    t.equal(outcomes.filter((outcome) => outcome === 'done').length, 1)
    t.equal(outcomes.filter((outcome) => outcome === 'conflict').length, 99)
    t.equal((await read(store, 'a'))?.owner, `writer ${outcomes.indexOf('done')}`)
  }
})

forEachEngine('1.4 §3.1, §3.2 / 2.1 §4.58, §4.32: identifiers and Names are unique in a tenant', async (t, engine) => {
  const store = await openFor(t, engine)
  await store.objects.commit(commitOf(insertOf(objectRow('a'), { names: ['n'] })))
  const other = { tenant: 'other' }
  t.equal(await outcomeOf(store, commitOf(insertOf(objectRow('a')))), 'duplicate id')
  t.equal(await outcomeOf(store, commitOf(insertOf(objectRow('b'), { names: ['n'] }))), 'duplicate name')
  t.equal(await read(store, 'b'), undefined, 'nothing of a failed commit is written')
  t.equal(await outcomeOf(store, commitOf(insertOf(objectRow('b'), { names: ['x', 'x'] }))), 'duplicate name')
  t.equal(await outcomeOf(store, commitOf(insertOf(objectRow('b'), { names: ['N', 'm'] }))), 'done')
  t.equal(
    await outcomeOf(store, commitOf(updateOf(objectRow('b', { version: 2 }), { names: ['n'] }))),
    'duplicate name',
  )
  t.equal((await read(store, 'b'))?.version, 1)
  t.equal(await outcomeOf(store, commitOf(insertOf(objectRow('a', other), { names: ['n'] }))), 'done')
})

forEachEngine('1.4 §4.4 / 2.1 §6.1.43: Re-key moves the Name to the new object in one commit', async (t, engine) => {
  const store = await openFor(t, engine)
  const name = searchKey('420053', 'n')
  await store.objects.commit(commitOf(insertOf(objectRow('old'), { names: ['n'], keys: [name] })))
  const replacement = insertOf(objectRow('new'), { names: ['n'], keys: [name] })
  t.equal(await outcomeOf(store, commitOf(replacement, updateOf(objectRow('old', { version: 2 }), {}, [name]))), 'done')
  t.strictSame(await located(store, '420053', 'n'), ['new'])
  const back = commitOf(
    updateOf(objectRow('old', { version: 3 }), { names: ['n'] }),
    updateOf(objectRow('new', { version: 2 }), { names: ['m'] }),
  )
  t.equal(await outcomeOf(store, back), 'done', 'whatever the order of the changes')
  t.equal(await outcomeOf(store, commitOf(insertOf(objectRow('c'), { names: ['n'] }))), 'duplicate name')
})

forEachEngine('a commit is written whole or not at all', async (t, engine) => {
  const store = await openFor(t, engine)
  await store.objects.commit(commitOf(insertOf(objectRow('a'), { names: ['a'], keys: [searchKey('x', '1')] })))
  const cases: readonly (readonly [title: string, commit: Commit, outcome: string])[] = [
    ['the last is stale', commitOf(insertOf(objectRow('b')), updateOf(objectRow('a', { version: 9 }))), 'conflict'],
    ['the last is taken', commitOf(insertOf(objectRow('b')), insertOf(objectRow('a'))), 'duplicate id'],
    [
      'a Name is taken',
      commitOf(insertOf(objectRow('b'), { keys: [searchKey('x', '1')] }), insertOf(objectRow('c'), { names: ['a'] })),
      'duplicate name',
    ],
  ]
  for (const [title, commit, outcome] of cases) {
    t.equal(await outcomeOf(store, commit), outcome, title)
    t.equal(await read(store, 'b'), undefined, title)
    t.strictSame(await located(store, 'x', '1'), ['a'], title)
  }
})

forEachEngine('one bad member of a group takes no other with it', async (t, engine) => {
  const store = await openFor(t, engine)
  await store.objects.commit(commitOf(insertOf(objectRow('taken'))))
  const ids = Array.from({ length: 64 }, (_, index) => (index % 20 === 7 ? 'taken' : `id ${index}`))
  const outcomes = await Promise.all(ids.map((id) => outcomeOf(store, commitOf(insertOf(objectRow(id))))))
  t.strictSame(
    outcomes,
    ids.map((id) => (id === 'taken' ? 'duplicate id' : 'done')),
  )
  for (const id of ids) t.ok(await read(store, id), id)
})

forEachEngine('an update replaces search keys and Names', async (t, engine) => {
  const store = await openFor(t, engine)
  const [one, two, three] = [searchKey('x', '1'), searchKey('x', '2'), searchKey('y', '3')]
  await store.objects.commit(commitOf(insertOf(objectRow('a'), { keys: [one, two, two], names: ['m', 'n'] })))
  const update = updateOf(objectRow('a', { version: 2 }), { keys: [two, three], names: ['n', 'o'] }, [one, two])
  await store.objects.commit(commitOf(update))
  t.strictSame(await located(store, 'x', '1'), [])
  t.strictSame(await located(store, 'x', '2'), ['a'])
  t.strictSame(await located(store, 'y', '3'), ['a'])
  t.equal(await outcomeOf(store, commitOf(insertOf(objectRow('b'), { names: ['m'] }))), 'done', 'given up')
  t.equal(await outcomeOf(store, commitOf(insertOf(objectRow('c'), { names: ['o'] }))), 'duplicate name', 'taken')
})

forEachEngine('an update replaces what is searched by range', async (t, engine) => {
  const store = await openFor(t, engine)
  const found = async (from: number): Promise<readonly string[]> => {
    const conditions = [{ kind: 'range', fact: 'initialDate', from, to: from }] as const
    return (await store.objects.search(searchFor({ conditions }))).ids
  }
  await store.objects.commit(commitOf(insertOf(objectRow('a'), { facts: { initialDate: 1 } })))
  t.strictSame([await found(1), await found(5)], [['a'], []])
  await store.objects.commit(commitOf(updateOf(objectRow('a', { version: 2 }), { facts: { initialDate: 5 } })))
  t.strictSame([await found(1), await found(5)], [[], ['a']])
})

forEachEngine('64 commits at a time are all there after a restart', async (t, engine) => {
  const place = await engine.place()
  t.teardown(() => place.remove())
  const first = await place.open()
  const rows = Array.from({ length: 64 }, (_, index) => objectRow(`id ${index}`))
  await Promise.all(
    rows.map((row) =>
      first.objects.commit({
        changes: [insertOf(row)],
        audit: [{ time: 1, principal: 'admin', operation: 'Create', objectId: row.id, outcome: 'Success' }],
      }),
    ),
  )
  for (const row of rows) t.strictSame(await read(first, row.id), row)
  await first.close()
  const second = await place.open()
  t.teardown(() => second.close())
  for (const row of rows) t.strictSame(await read(second, row.id), row)
  t.equal((await second.objects.search(searchFor())).total, 64)
})

forEachEngine('a store that is closed answers what it was given, and takes nothing more', async (t, engine) => {
  const place = await engine.place()
  t.teardown(() => place.remove())
  const store = await place.open()
  const running = outcomeOf(store, commitOf(insertOf(objectRow('a'))))
  const closing = store.close()
  await t.rejects(
    store.objects.commit(commitOf(insertOf(objectRow('b')))),
    new StoreError('closed', 'the store is closed'),
  )
  await closing
  await store.close()
  t.equal(await running, 'done')
})

forEachEngine('settings: the first value put stays the value, whoever puts another', async (t, engine) => {
  const store = await openFor(t, engine)
  const { settings } = store.objects
  t.equal(await settings.get('key'), undefined)
  const values = await Promise.all(
    Array.from({ length: 20 }, (_, index) => settings.putIfAbsent('key', Buffer.from([index]))),
  )
  t.equal(new Set(values.map((value) => value.toString('hex'))).size, 1)
  t.strictSame(await settings.get('key'), values[0])
  await settings.put('key', Buffer.from('new'))
  t.strictSame(await settings.get('key'), Buffer.from('new'))
})

forEachEngine('settings: a value is replaced only where it is still the one that was read', async (t, engine) => {
  const store = await openFor(t, engine)
  const { settings } = store.objects
  t.notOk(await settings.replace('key', Buffer.from('old'), Buffer.from('new')), 'there is none')
  await settings.put('key', Buffer.from('old'))
  const replaced = await Promise.all(
    Array.from({ length: 10 }, (_, index) => settings.replace('key', Buffer.from('old'), Buffer.from([index]))),
  )
  t.equal(replaced.filter(Boolean).length, 1)
  t.strictSame(await settings.get('key'), Buffer.from([replaced.indexOf(true)]))
})

forEachEngine(
  'what is under a store key that is given up is not written, and everything else is',
  async (t, engine) => {
    const store = await openFor(t, engine)
    await store.objects.settings.put(OLDEST_STORE_KEY, Buffer.from([0, 0, 0, 5]))
    const under = (storeKey: number) => Buffer.from([1, 0, 0, 0, storeKey, 0])
    await store.objects.commit(commitOf(insertOf(objectRow('new', { mac: under(5) }))))
    await t.rejects(store.objects.commit(commitOf(insertOf(objectRow('old', { mac: under(4) })))), ConflictError)
    const record = { kind: 'put', record: logRecord } as const
    await t.rejects(store.objects.commit({ changes: [], audit: [], storeKey: 4, records: [record] }), ConflictError)
    await store.objects.commit({ changes: [], audit: [], records: [record] })
    t.ok(await store.objects.read('default', 'new'))
    t.notOk(await store.objects.read('default', 'old'))
  },
)

const logRecord: ServerRecord = {
  kind: 'log',
  tenant: 'default',
  id: 'a',
  owner: '',
  version: 1,
  createdAt: 1,
  expiresAt: undefined,
  document: Buffer.from('x'),
  sealed: undefined,
}

forEachEngine('a conflict names the object that was changed', async (t, engine) => {
  const store = await openFor(t, engine)
  await store.objects.commit(commitOf(insertOf(objectRow('a')), insertOf(objectRow('b'))))
  const changes = [updateOf(objectRow('a', { version: 2 })), updateOf(objectRow('b', { version: 7 }))]
  await t.rejects(store.objects.commit(commitOf(...changes)), new ConflictError('b'))
})

const LIFECYCLE = objectRow('none').lifecycle
const ARCHIVED = { ...LIFECYCLE, archiveDate: 5 }

forEachEngine('1.4 §4.22 / 2.1 §6.1.4: archived material leaves the table that is on line', async (t, engine) => {
  const place = await engine.place()
  t.teardown(() => place.remove())
  const store = await place.open()
  const resident = { kind: 'resident', token: 'token', keyId: Buffer.from([1]) } as const
  const rows = [objectRow('sealed'), objectRow('resident', { material: resident })]
  const changed = (row: ObjectRow, version: number, facts: Partial<ObjectRow>) =>
    updateOf({ ...row, version, ...facts })
  await store.objects.commit(commitOf(...rows.map((row) => insertOf(row))))
  await store.objects.commit(commitOf(...rows.map((row) => changed(row, 2, { lifecycle: ARCHIVED }))))
  await store.objects.commit(commitOf(...rows.map((row) => changed(row, 3, { lifecycle: ARCHIVED }))))
  for (const row of rows) t.strictSame(await read(store, row.id), { ...row, version: 3, lifecycle: ARCHIVED }, row.id)

  const bare = await place.connect()
  const count = async (table: 'objects' | 'archived_material'): Promise<number> => {
    const rowsWith = statement(() =>
      bare.dialect.db
        .selectFrom(table)
        .select((select) => select.fn.countAll<number>().as('count'))
        .where(sql<boolean>`sealed is not null or resident_key is not null`),
    )
    return (await bare.connection.prepare(rowsWith).first({}))?.count ?? -1
  }
  t.equal(await count('objects'), 0)
  t.equal(await count('archived_material'), 2)

  await store.objects.commit(commitOf(...rows.map((row) => changed(row, 4, {}))))
  for (const row of rows) t.strictSame(await read(store, row.id), { ...row, version: 4 }, `${row.id} recovered`)
  t.equal(await count('archived_material'), 0)

  await store.objects.commit(commitOf(insertOf(objectRow('brought', { lifecycle: ARCHIVED }))))
  t.equal(await count('archived_material'), 1)
  const destroyed = objectRow('brought', {
    version: 2,
    lifecycle: { ...ARCHIVED, destroyDate: 6 },
    material: undefined,
  })
  await store.objects.commit(commitOf(updateOf(destroyed)))
  t.strictSame(await read(store, 'brought'), destroyed)
  t.equal(await count('archived_material'), 0, 'Destroy destroys what is archived')
  await bare.end()
  await store.close()
})
