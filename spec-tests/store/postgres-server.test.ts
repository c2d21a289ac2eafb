import pg from 'pg'
import { test, type Test } from 'tap'
import { ConflictError, DuplicateError, type Commit } from '../../src/domain/object-store.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import { postgresPrograms, startPostgres, type PostgresServer } from '../helpers/postgres.ts'
import { commitOf, insertOf, objectRow, updateOf } from '../helpers/rows.ts'

/** Undefined, with a word about it, where the server programs are missing. */
const serverFor = async (t: Test, settings: readonly string[] = []): Promise<PostgresServer | undefined> => {
  const programs = await postgresPrograms()
  if (programs === undefined) {
    t.comment('skipped: no PostgreSQL server programs in /usr/lib/postgresql')
    return undefined
  }
  const server = await startPostgres(programs, settings)
  t.teardown(() => server.stop())
  return server
}

const UNSAFE = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'] as const

void test('a server that could lose what it acknowledged is refused', async (t) => {
  for (const setting of UNSAFE) {
    const server = await serverFor(t, [setting])
    if (server === undefined) return
    const connectionString = await server.connectionString('kmipd')
    await t.rejects(openPostgresStore({ connectionString }), {
      name: 'StoreError',
      problem: 'unsafe-server',
      message: new RegExp(setting.replace('=', ' = ')),
    })
  }
})

void test('several nodes share one database', async (t) => {
  const server = await serverFor(t)
  if (server === undefined) return
  const connectionString = await server.connectionString('kmipd')
  const nodes = await Promise.all([1, 2, 3].map(() => openPostgresStore({ connectionString, connections: 4 })))
  t.teardown(async () => {
    await Promise.all(nodes.map((node) => node.close()))
  })

  const commitOn = async (node: number, commit: Commit): Promise<void> => {
    await nodes[node % nodes.length]?.objects.commit(commit)
  }

  await t.test('compare and set: one node wins each version', async (t) => {
    await commitOn(0, commitOf(insertOf(objectRow('a'))))
    for (const version of [2, 3, 4]) {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 30 }, (_, index) =>
          commitOn(index, commitOf(updateOf(objectRow('a', { version, owner: `${index}` })))),
        ),
      )
      const lost = outcomes.filter((outcome) => outcome.status === 'rejected')
      t.equal(lost.length, 29)
      t.ok(lost.every(({ reason }) => reason instanceof ConflictError))
    }
    for (const { objects } of nodes) t.equal((await objects.read('default', 'a'))?.version, 4)
  })

  await t.test('1.4 §3.2 / 2.1 §4.32: one node gets a Name', async (t) => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 30 }, (_, index) =>
        commitOn(index, commitOf(insertOf(objectRow(`named ${index}`), { names: ['n'] }))),
      ),
    )
    const lost = outcomes.filter((outcome) => outcome.status === 'rejected')
    t.equal(lost.length, 29)
    t.ok(lost.every(({ reason }) => reason instanceof DuplicateError && reason.what === 'name'))
  })

  await t.test('rows that two nodes change in opposite order: every commit is written or a conflict', async (t) => {
    await commitOn(0, commitOf(insertOf(objectRow('x')), insertOf(objectRow('y'))))
    const ids = [
      ['x', 'y'],
      ['y', 'x'],
    ] as const
    const outcomes = await Promise.allSettled(
      ids.map((pair, index) => commitOn(index, commitOf(...pair.map((id) => updateOf(objectRow(id, { version: 2 })))))),
    )
    t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    t.ok(outcomes.every((outcome) => outcome.status === 'fulfilled' || outcome.reason instanceof ConflictError))
  })

  await t.test('the first setting put is the one that all nodes get', async (t) => {
    const values = await Promise.all(
      nodes.map(({ objects }, index) => objects.settings.putIfAbsent('key', Buffer.from([index]))),
    )
    t.equal(new Set(values.map((value) => value.toString('hex'))).size, 1)
  })
})

void test('a broken connection fails what was on it, and is replaced', async (t) => {
  const server = await serverFor(t)
  if (server === undefined) return
  const connectionString = await server.connectionString('kmipd')
  const store = await openPostgresStore({ connectionString })
  const administrator = new pg.Client({ connectionString })
  await administrator.connect()
  t.teardown(async () => {
    await administrator.end()
    await store.close()
  })
  await store.objects.commit(commitOf(insertOf(objectRow('a'))))
  const others = 'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()'
  await administrator.query(`${others} and datname = current_database()`)
  // The first write may still get a connection that is gone; the next one has a new one.
  const [first] = await Promise.allSettled([store.objects.commit(commitOf(insertOf(objectRow('b'))))])
  await store.objects.commit(commitOf(insertOf(objectRow('c'))))
  t.ok(await store.objects.read('default', 'c'))
  t.equal((await store.objects.read('default', 'b')) !== undefined, first.status === 'fulfilled')
})

void test('a server that is not there', async (t) => {
  const connectionString = 'postgresql://kmipd@%2Fabsent%2Ffolder/kmipd'
  await t.rejects(openPostgresStore({ connectionString }), { name: 'StoreError', problem: 'unreachable' })
})
