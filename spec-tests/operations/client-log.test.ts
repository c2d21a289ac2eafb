import { join } from 'node:path'
import { test } from 'tap'
import { type ClientLogEntry, entryOf } from '../../src/domain/client-log.ts'
import type { ServerRecord } from '../../src/domain/records.ts'
import { INTEROP_FUNCTION } from '../../src/protocol/enums/interop-function.ts'
import type { Version } from '../../src/schema/version.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { createKey, of, openServer, refusal } from '../helpers/calls.ts'

const { client, harness } = await openServer()

const VERSIONS: readonly Version[] = ['2.0', '2.1']
const DAY = 86_400
const MOST = 10_000

const withRecords = async <T>(
  use: (store: Awaited<ReturnType<typeof openSqliteStore>>) => Promise<T> | T,
): Promise<T> => {
  const store = await openSqliteStore({ path: join(harness.directory, 'kmipd.db'), exclusive: false })
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

const entries = (owner: string): Promise<readonly ClientLogEntry[]> =>
  withRecords(async ({ objects }) =>
    (await objects.records.list('default', { kind: 'log', owner, limit: 2 * MOST })).map(entryOf),
  )

for (const version of VERSIONS) {
  void test(`2.1 §6.1.29: ${version}: a message is kept with its client and time, whatever is in it`, async (t) => {
    const bob = harness.client(`bob-${version}`)
    const messages = ['Registered a symmetric key.', 'two\nlines', '東京 {"client":"admin"}']
    for (const logMessage of messages) {
      const answer = await bob.call(version, 'Log', { logMessage })
      t.same(
        Object.values(answer).filter((value) => value !== undefined),
        [],
      )
    }
    const kept = await entries(`bob-${version}`)
    t.same(
      kept.map(({ message }) => message),
      messages,
    )
    t.match(kept[0], { at: harness.clock.now(), client: `bob-${version}`, operation: 'Log' })
  })

  void test(`2.1 §6.1.26: ${version}: Interop is written down and changes nothing`, async (t) => {
    const carol = harness.client(`carol-${version}`)
    const key = await createKey(carol, version)
    for (const interopFunction of INTEROP_FUNCTION.names) {
      const result = await carol.attempt(version, 'Interop', { interopFunction, interopIdentifier: 'BL-M-1-21' })
      t.equal(refusal(result), 'Success', interopFunction)
    }
    t.ok((await carol.call(version, 'Get', of(key)))['SymmetricKey'], 'nor does Reset')
    t.same(
      (await entries(`carol-${version}`)).map(({ operation, message }) => `${operation}: ${message}`),
      INTEROP_FUNCTION.names.map((name) => `Interop: ${name} BL-M-1-21`),
    )
  })

  void test(`2.1 §6.1.29.1: ${version}: texts that are not logged`, async (t) => {
    const told = async (logMessage: string) => refusal(await client.attempt(version, 'Log', { logMessage }))
    t.equal(await told(''), 'InvalidField')
    t.equal(await told('x'.repeat(4097)), 'InvalidField')
    t.equal(await told('x'.repeat(4096)), 'Success')
    const identifier = { interopFunction: 'Begin', interopIdentifier: 'x'.repeat(5000) }
    t.equal(refusal(await client.attempt(version, 'Interop', identifier)), 'InvalidField')
  })
}

void test('2.1 §6.1.29: what is logged in a batch that is undone is not kept', async (t) => {
  const dave = harness.client('dave')
  await dave.batch(
    '2.1',
    [
      { operation: 'Log', request: { logMessage: 'never' } },
      { operation: 'Get', request: of('nothing of that name') },
    ],
    { option: 'Undo' },
  )
  t.same(await entries('dave'), [])
})

void test('2.1 §6.1.29: the oldest entries of a client make room when it has many, and go when their time is over', async (t) => {
  const now = harness.clock.now()
  const old = (index: number): ServerRecord => ({
    kind: 'log',
    tenant: 'default',
    id: `old-${index}`,
    owner: 'eve',
    version: 1,
    createdAt: now,
    expiresAt: now + 90 * DAY,
    document: Buffer.from(JSON.stringify({ client: 'eve', operation: 'Log', message: `old ${index}` })),
    sealed: undefined,
  })
  await withRecords(({ objects }) =>
    objects.commit({
      changes: [],
      audit: [],
      records: Array.from({ length: MOST }, (_, index) => ({ kind: 'put', record: old(index) })),
    }),
  )
  const eve = harness.client('eve')
  await eve.call('2.1', 'Log', { logMessage: 'one more' })
  const full = await entries('eve')
  t.equal(full.length, MOST)
  t.equal(full[0]?.message, 'old 1')
  harness.clock.advance(91 * DAY)
  await eve.call('2.1', 'Log', { logMessage: 'much later' })
  const swept = await entries('eve')
  t.equal(swept.length, MOST + 1 - 4, 'a few at a time')
  t.equal(swept.at(-1)?.message, 'much later')
})

void test('2.1 §6.1.29: a damaged entry is shown as far as it can be read', (t) => {
  const empty = { at: 5, client: '', operation: '', message: '' }
  for (const document of ['null', '[]', '{"client":5}', '"x"']) {
    t.same(entryOf({ createdAt: 5, document: Buffer.from(document) }), empty, document)
  }
  t.end()
})
