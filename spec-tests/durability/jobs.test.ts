import { t as file, test, type Test } from 'tap'
import { join } from 'node:path'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { createTicketOffice } from '../../src/access/ticket-office.ts'
import { access } from '../../src/access/authorize.ts'
import { anyOf } from '../../src/protocol/attribute-any.ts'
import { createEngine, type Engine as KmipEngine } from '../../src/engine/create-engine.ts'
import { createRootKey, openRootKey } from '../../src/keystore/software/root-key.ts'
import { createSoftwareKeyStore } from '../../src/keystore/software/software-key-store.ts'
import { loadStoreKeys } from '../../src/keystore/software/store-keys.ts'
import { OPERATIONS } from '../../src/operations/registry.generated.ts'
import type { OpenStore } from '../../src/store/sqlite.ts'
import { createUuidV7Ids } from '../../src/system.ts'
import type { Principal } from '../../src/domain/principal.ts'
import { attributesOf, named, registerKey } from '../helpers/calls.ts'
import { createClient, quiet, testClock, type TestClock } from '../helpers/harness.ts'
import type { Item, ItemResult, TestClient } from '../helpers/harness.ts'
import { decodeResponse, encodeRequest } from '../helpers/messages.ts'
import { connectTo, identityOf, startKmipd, temporaryData, type WireConnection } from '../helpers/server.ts'
import { forEachEngine, type Place } from '../helpers/stores.ts'

/*
 * An asynchronous request that was accepted is performed once, whatever happens to the process, and its answer is there
 * until it is fetched or its time is over (1.4 sections 4.28 and 6.8, 2.1 sections 6.1.38 and 9.1).
 */

file.setTimeout(300_000)

const MANDATORY = { header: { asynchronousIndicator: 'Mandatory' } } as const

const keyNamed = (name: string): Item => ({
  operation: 'Create',
  request: {
    objectType: 'SymmetricKey',
    attributes: attributesOf(
      { name: 'CryptographicAlgorithm', value: 'AES' },
      { name: 'CryptographicLength', value: 128 },
      { name: 'CryptographicUsageMask', value: 12 },
      named(name),
    ),
  },
})

const byName = (name: string): Item => ({
  operation: 'Locate',
  request: { filters: [{ ref: { name: 'Name' }, value: anyOf(named(name)) }] },
})

const first = (results: readonly ItemResult[]): ItemResult => {
  const [result] = results
  if (result === undefined) throw new Error('no item in the response')
  return result
}

const valueOf = ({ status, correlationValue }: ItemResult): Buffer => {
  if (status !== 'OperationPending' || correlationValue === undefined) throw new Error(`${status}, not pending`)
  return correlationValue
}

const idsIn = ({ payload }: ItemResult): readonly unknown[] => {
  const ids = payload['uniqueIdentifiers']
  return Array.isArray(ids) ? ids : []
}

type Ask = (items: readonly Item[], mandatory?: boolean) => Promise<readonly ItemResult[]>

const pollItem = (asynchronousCorrelationValue: Buffer): Item => ({
  operation: 'Poll',
  request: { asynchronousCorrelationValue },
})

const fetched = async (ask: Ask, value: Buffer): Promise<ItemResult> => {
  for (let tries = 0; tries < 100; tries += 1) {
    const polled = first(await ask([pollItem(value)]))
    if (polled.status !== 'OperationPending') return polled
  }
  throw new Error('the request stays pending')
}

// A process that is killed ----------------------------------------------------------------------------------------------

const askOver =
  (connection: WireConnection): Ask =>
  async (items, mandatory = false) =>
    decodeResponse(await connection.ask(encodeRequest('2.1', items, mandatory ? MANDATORY : {})), '2.1')

const KILLS = 3
const JOBS = 30

void test('1.4 §4.28 / 2.1 §9.1: a killed server: what was accepted is performed once, and its answer is there', async (t) => {
  const { data, remove } = await temporaryData()
  t.teardown(remove)
  let server = await startKmipd(data, ['--log-level', 'error'])
  t.teardown(() => server.kill())
  const identity = await identityOf(data, 'admin')
  for (let kill = 0; kill < KILLS; kill += 1) {
    const connection = await connectTo(server, identity)
    const names = Array.from({ length: JOBS }, (_, index) => `job ${kill} ${index}`)
    const half = names.length / 2
    const batch = names.slice(0, half).map((name, index) => ({ ...keyNamed(name), id: Buffer.from([index]) }))
    const values = (await askOver(connection)(batch, true)).map(valueOf)
    for (const name of names.slice(half)) values.push(valueOf(first(await askOver(connection)([keyNamed(name)], true))))
    await server.kill()
    server = await startKmipd(data, ['--log-level', 'error'])
    const again = await connectTo(server, identity)
    const ask = askOver(again)
    for (const [index, value] of values.entries()) {
      const polled = await fetched(ask, value)
      const located = idsIn(first(await ask([byName(names[index] ?? '')])))
      if (polled.status !== 'Success' || located.length !== 1 || located[0] !== polled.payload['uniqueIdentifier'])
        t.fail(`${names[index] ?? ''} is ${polled.status} and there ${located.length} times`)
    }
    again.close()
    connection.close()
  }
  t.equal(await server.stop(), 0)
})

// Engines that come and go on one database ------------------------------------------------------------------------------

const ALICE: Principal = { id: 'alice', name: 'alice', tenant: 'default', role: 'client', groups: [] }

type Running = { readonly engine: KmipEngine; readonly store: OpenStore; readonly client: TestClient }

type Site = { readonly clock: TestClock; run(options?: { refused?: boolean }): Promise<Running> }

const siteOf = async (t: Test, place: Place): Promise<Site> => {
  const directory = await mkdtemp(join(tmpdir(), 'kmipd-jobs-'))
  const rootKeyFile = { path: join(directory, 'root.key') }
  await createRootKey(rootKeyFile)
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const clock = testClock()
  return {
    clock,
    run: async ({ refused = false } = {}) => {
      const store = await place.open()
      const rootKey = await openRootKey(rootKeyFile)
      const keys = createSoftwareKeyStore({
        storeKeys: await loadStoreKeys([rootKey], store.objects.settings),
        clock,
      })
      const engine = createEngine({
        store: store.objects,
        keys,
        access,
        tickets: createTicketOffice(86_400),
        authenticator: ({ principal }) => ({ principal }),
        clock,
        ids: createUuidV7Ids(),
        log: quiet,
        operations: OPERATIONS,
        serverVersion: 'test',
        cachedObjects: 0,
        jobLimits: { perClient: 10, keep: 3600, answerSize: 1024 },
        currentPrincipal: (principal) => (refused ? undefined : principal),
      })
      return { engine, store, client: createClient(() => engine, ALICE) }
    },
  }
}

/** Ends a process after it has accepted and before it has run anything: as a crash does. */
const acceptOnly = async ({ engine, store, client }: Running, items: readonly Item[]): Promise<readonly Buffer[]> => {
  await engine.stop()
  const values = (await client.batch('2.1', items, MANDATORY)).map(valueOf)
  await store.close()
  return values
}

const askOf =
  ({ client }: Running): Ask =>
  (items) =>
    client.batch('2.1', items)

forEachEngine('1.4 §4.28 / 2.1 §9.1: what a process has accepted, the next one performs', async (t, database) => {
  const place = await database.place()
  t.teardown(() => place.remove())
  const site = await siteOf(t, place)
  const values = await acceptOnly(await site.run(), [keyNamed('left'), { operation: 'Activate', request: {} }])
  const next = await site.run()
  t.teardown(() => next.store.close())
  const [value = Buffer.alloc(0), activation = Buffer.alloc(0)] = values
  t.equal(first(await askOf(next)([pollItem(value)])).status, 'OperationPending', 'nothing is lost')
  await next.engine.start()
  if (!next.store.objects.exclusive) {
    t.equal(first(await askOf(next)([pollItem(value)])).status, 'OperationPending', 'it may be another one that has it')
    site.clock.advance(31)
    await next.engine.sweep()
  }
  t.equal((await fetched(askOf(next), value)).status, 'Success')
  t.equal((await fetched(askOf(next), activation)).status, 'Success', 'in the order of the batch')
  t.equal(idsIn(first(await askOf(next)([byName('left')]))).length, 1)
  await next.engine.stop()
})

forEachEngine('1.4 §4.28 / 2.1 §9.1: two processes that run one job commit it once', async (t, database) => {
  const place = await database.place()
  t.teardown(() => place.remove())
  const site = await siteOf(t, place)
  const names = Array.from({ length: 10 }, (_, index) => `both ${index}`)
  const values = await acceptOnly(
    await site.run(),
    names.map((name, index) => ({ ...keyNamed(name), id: Buffer.from([index]) })),
  )
  if (database.name === 'SQLite') {
    const only = await site.run()
    t.teardown(() => only.store.close())
    await t.rejects(site.run(), 'an embedded database belongs to one process')
    return
  }
  const both = [await site.run(), await site.run()]
  const [one, other] = both
  if (one === undefined || other === undefined) return
  t.teardown(() => Promise.all(both.map(({ store }) => store.close())))
  const process = (running: Running) =>
    running.client.attempt('2.1', 'Process', { asynchronousCorrelationValue: values.at(-1) })
  await Promise.all(both.map(process))
  for (const [index, value] of values.entries()) {
    t.equal((await fetched(askOf(other), value)).status, 'Success')
    t.equal(idsIn(first(await askOf(one)([byName(names[index] ?? '')]))).length, 1)
  }
  for (const { engine } of both) await engine.stop()
})

forEachEngine('1.4 §4.28 / 2.1 §9.1: the answer that nobody fetches is removed after its time', async (t, database) => {
  const place = await database.place()
  t.teardown(() => place.remove())
  const site = await siteOf(t, place)
  const running = await site.run()
  t.teardown(() => running.store.close())
  const ask = askOf(running)
  const value = valueOf(first(await running.client.batch('2.1', [keyNamed('forgotten')], MANDATORY)))
  await running.client.attempt('2.1', 'Process', { asynchronousCorrelationValue: value })
  site.clock.advance(3599)
  await running.engine.sweep()
  t.equal(await running.store.objects.records.count('job', 'default'), 1)
  site.clock.advance(1)
  await running.engine.sweep()
  t.equal(await running.store.objects.records.count('job', 'default'), 0)
  t.match(first(await ask([pollItem(value)])), { reason: 'InvalidAsynchronousCorrelationValue' })
  t.equal(idsIn(first(await ask([byName('forgotten')]))).length, 1, 'what it did stays')
  await running.engine.stop()
})

forEachEngine('1.4 §4.28 / 2.1 §9.1: a record that is not what was sealed does nothing', async (t, database) => {
  const place = await database.place()
  t.teardown(() => place.remove())
  const site = await siteOf(t, place)
  const before = await site.run()
  const values = await acceptOnly(before, [keyNamed('changed')])
  const [value = Buffer.alloc(0)] = values
  const running = await site.run()
  t.teardown(() => running.store.close())
  const { records } = running.store.objects
  const record = await records.read('job', 'default', value.toString('hex'))
  if (record === undefined) throw new Error('no record')
  const put = (changes: object) =>
    running.store.objects.commit({
      changes: [],
      audit: [],
      records: [{ kind: 'put', record: { ...record, version: 1, ...changes } }],
    })
  await put({ id: 'ff'.repeat(18) })
  await put({ id: 'fe'.repeat(18), owner: 'mallory' })
  const polled = first(await askOf(running)([pollItem(Buffer.alloc(18, 0xff))]))
  t.match(polled, { status: 'OperationFailed', reason: 'CryptographicFailure' })
  site.clock.advance(31)
  await running.engine.sweep()
  t.equal(await records.count('job', 'default'), 1, 'what cannot be opened is removed')
  t.equal((await fetched(askOf(running), value)).status, 'Success')
  await running.engine.stop()
})

forEachEngine('1.4 §4.28 / 2.1 §9.1: a client that may do nothing any more does nothing later', async (t, database) => {
  const place = await database.place()
  t.teardown(() => place.remove())
  const site = await siteOf(t, place)
  const [value = Buffer.alloc(0)] = await acceptOnly(await site.run(), [keyNamed('revoked')])
  const running = await site.run({ refused: true })
  t.teardown(() => running.store.close())
  site.clock.advance(31)
  await running.engine.start()
  t.match(await fetched(askOf(running), value), { reason: 'PermissionDenied' })
  t.equal(idsIn(first(await askOf(running)([byName('revoked')]))).length, 0)
  await running.engine.stop()
})

forEachEngine('1.4 §4.28 / 2.1 §9.1: no key is stored in the clear, and an answer has a size', async (t, database) => {
  const place = await database.place()
  t.teardown(() => place.remove())
  const site = await siteOf(t, place)
  const running = await site.run()
  t.teardown(() => running.store.close())
  const material = Buffer.from('a key that nobody may read here.')
  const id = await registerKey(running.client, '2.1', material)
  const get: Item = { operation: 'Get', request: { uniqueIdentifier: { by: 'id', id } } }
  const value = valueOf(first(await running.client.batch('2.1', [get], MANDATORY)))
  await running.client.attempt('2.1', 'Process', { asynchronousCorrelationValue: value })
  const record = await running.store.objects.records.read('job', 'default', value.toString('hex'))
  t.notOk(record?.document.includes(material))
  t.notOk(record?.sealed?.includes(material))
  t.equal((await fetched(askOf(running), value)).status, 'Success')
  const random: Item = { operation: 'RNGRetrieve', request: { dataLength: 2000 } }
  const large = valueOf(first(await running.client.batch('2.1', [random], MANDATORY)))
  t.match(await fetched(askOf(running), large), { operation: 'RNGRetrieve', reason: 'ResponseTooLarge' })
  await running.engine.stop()
})
