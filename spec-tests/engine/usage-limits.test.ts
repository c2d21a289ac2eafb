import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { access } from '../../src/access/authorize.ts'
import { createTicketOffice } from '../../src/access/ticket-office.ts'
import type { Principal } from '../../src/domain/principal.ts'
import { createEngine } from '../../src/engine/create-engine.ts'
import { createRootKey, openRootKey } from '../../src/keystore/software/root-key.ts'
import { createSoftwareKeyStore } from '../../src/keystore/software/software-key-store.ts'
import { loadStoreKeys } from '../../src/keystore/software/store-keys.ts'
import { OPERATIONS } from '../../src/operations/registry.generated.ts'
import { createUuidV7Ids } from '../../src/system.ts'
import { attributesOf, createKey, of } from '../helpers/calls.ts'
import { createClient, quiet, testClock, type TestClient } from '../helpers/harness.ts'
import { forEachEngine, type Place } from '../helpers/stores.ts'
import type { Test } from 'tap'

/* The numbered bad input 40: many uses of a key at once, by several processes on one database. */

const ALICE: Principal = { id: 'alice', name: 'alice', tenant: 'default', role: 'client', groups: [] }

const LIMIT = 10
const USES = 100

/** A server of its own on the database, as another process is. */
const serverOn = async (t: Test, place: Place, rootKeyFile: { readonly path: string }): Promise<TestClient> => {
  const store = await place.open()
  t.teardown(() => store.close())
  const clock = testClock()
  const rootKey = await openRootKey(rootKeyFile)
  const keys = createSoftwareKeyStore({
    storeKeys: await loadStoreKeys([rootKey], store.objects.settings),
    clock,
  })
  const engine = createEngine({
    store: store.objects,
    keys,
    access,
    authenticator: ({ principal }) => ({ principal }),
    tickets: createTicketOffice(86_400),
    clock,
    ids: createUuidV7Ids(),
    log: quiet,
    operations: OPERATIONS,
    serverVersion: 'test',
    cachedObjects: 100,
  })
  return createClient(() => engine, ALICE)
}

forEachEngine(`row 40, 1.4 §3.21 / 2.1 §4.59: of ${USES} uses at once ${LIMIT} succeed`, async (t, database) => {
  const place = await database.place()
  t.teardown(() => place.remove())
  const directory = await mkdtemp(join(tmpdir(), 'kmipd-limits-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const rootKeyFile = { path: join(directory, 'root.key') }
  await createRootKey(rootKeyFile)
  const servers = [await serverOn(t, place, rootKeyFile)]
  // An embedded database belongs to one process.
  while (database.name === 'PostgreSQL' && servers.length < 4) servers.push(await serverOn(t, place, rootKeyFile))
  const [first] = servers
  if (first === undefined) return
  const total = BigInt(LIMIT)
  const id = await createKey(first, '2.1', {
    name: 'UsageLimits',
    value: { usageLimitsTotal: total, usageLimitsCount: total, usageLimitsUnit: 'Object' },
  })
  await first.call('2.1', 'Activate', of(id))
  const encryption = { ...of(id), data: Buffer.alloc(16), cryptographicParameters: { blockCipherMode: 'ECB' } }
  const results = await Promise.all(
    Array.from({ length: USES }, (_, use) =>
      (servers[use % servers.length] ?? first).attempt('2.1', 'Encrypt', encryption),
    ),
  )
  t.equal(results.filter(({ status }) => status === 'Success').length, LIMIT)
  const { attributes } = await first.call('2.1', 'GetAttributes', { ...of(id), attributes: [{ name: 'UsageLimits' }] })
  t.match(
    attributes,
    attributesOf({
      name: 'UsageLimits',
      value: { usageLimitsTotal: total, usageLimitsCount: 0n, usageLimitsUnit: 'Object' },
    }).attributes,
  )
})
