import { setTimeout } from 'node:timers/promises'
import { join } from 'node:path'
import { access } from '../../src/access/authorize.ts'
import { createTicketOffice } from '../../src/access/ticket-office.ts'
import { storeKeyOf } from '../../src/domain/bytes.ts'
import type { KeyStore } from '../../src/domain/key-store.ts'
import type { Principal } from '../../src/domain/principal.ts'
import {
  isUnderWay,
  readKeyRotation,
  type KeyRotation,
  wishedKeyRotation,
  writeKeyRotation,
} from '../../src/domain/key-rotation.ts'
import { createEngine, type Engine } from '../../src/engine/create-engine.ts'
import { createRootKeeper, type RootKeeper, type TokenPlace } from '../../src/keystore/root-keeper.ts'
import { createRotatingKeys } from '../../src/keystore/rotating-keys.ts'
import { createSoftwareKeyStore } from '../../src/keystore/software/software-key-store.ts'
import { loadStoreKeys, type StoreKeyRing } from '../../src/keystore/software/store-keys.ts'
import type { Log } from '../../src/observe/log.ts'
import { OPERATIONS } from '../../src/operations/registry.generated.ts'
import type { OpenStore } from '../../src/store/sqlite.ts'
import { createSystemClock, createUuidV7Ids } from '../../src/system.ts'
import { createClient, type Payload, quiet, type TestClient } from './harness.ts'

/* A server without a network whose keys can be changed, on any database. */

export type RotatingServer = {
  readonly engine: Engine
  readonly store: OpenStore
  readonly keys: KeyStore
  readonly storeKeys: StoreKeyRing
  readonly roots: RootKeeper
  client(name?: string, role?: Principal['role']): TestClient
  /** As the commands do: another root key unless told otherwise, another store key. */
  wish(keepRoot?: boolean): Promise<void>
  /** Resolves when the wish is fulfilled, or has failed. */
  settled(): Promise<KeyRotation>
  stop(): Promise<void>
}

export type ServerOptions = {
  readonly log?: Log
  /** False: it does not look whether keys are changed, as one that stands still. */
  readonly watches?: boolean
  /** Seconds that servers give each other. */
  readonly grace?: number
  readonly tokens?: readonly TokenPlace[]
}

const clock = createSystemClock()

export const startRotating = async (
  store: OpenStore,
  directory: string,
  { log = quiet, watches = true, grace = 0, tokens = [] }: ServerOptions = {},
): Promise<RotatingServer> => {
  const roots = createRootKeeper({ file: { path: join(directory, 'root.key') }, tokens }, log)
  const { settings } = store.objects
  const storeKeys = await loadStoreKeys((await roots.open()).given, settings).catch(async (error: unknown) => {
    await roots.close()
    await store.close()
    throw error
  })
  const keys = createSoftwareKeyStore({ storeKeys, clock })
  const engine = createEngine({
    store: store.objects,
    keys,
    access,
    authenticator: ({ principal }) => ({ principal }),
    tickets: createTicketOffice(86_400),
    clock,
    ids: createUuidV7Ids(),
    log,
    operations: OPERATIONS,
    serverVersion: 'test',
    cachedObjects: 1000,
    ...(watches
      ? {
          keyRotation: {
            rotating: createRotatingKeys({ storeKeys, settings, roots }),
            users: store.users,
            grace,
            interval: 20,
          },
        }
      : {}),
  })
  await engine.start()
  return {
    engine,
    store,
    keys,
    storeKeys,
    roots,
    client: (name = 'alice', role = 'client') =>
      createClient(() => engine, { id: name, name, tenant: 'default', role, groups: [] }),
    wish: async (keepRoot = false) => {
      const expected = keepRoot ? [] : await roots.prepare()
      const written = await writeKeyRotation(
        settings,
        await readKeyRotation(settings),
        wishedKeyRotation(createUuidV7Ids().next(), clock.now(), expected),
      )
      if (written === undefined) throw new Error('somebody else has a wish')
    },
    settled: async () => {
      for (;;) {
        const latest = await readKeyRotation(settings)
        if (latest !== undefined && !isUnderWay(latest.rotation)) return latest.rotation
        await setTimeout(20)
      }
    },
    stop: async () => {
      await engine.stop()
      await roots.close()
      await store.close()
    },
  }
}

/** The numbers of the store keys that anything sealed, or any row, is under. */
export const storeKeysInUse = async ({ objects, users }: OpenStore): Promise<readonly number[]> => {
  const rows = await objects.rows(0, 100_000)
  const records = await objects.records.all(0, 100_000)
  const bytes = [
    ...rows.flatMap(({ row: { mac, material } }) => (material?.kind === 'sealed' ? [mac, material.sealed] : [mac])),
    ...records.flatMap(({ sealed }) => sealed ?? []),
    ...(await users.list()).flatMap(({ secrets }) => secrets ?? []),
  ]
  return [...new Set(bytes.map((one) => storeKeyOf(one) ?? 0))].toSorted((a, b) => a - b)
}

/** Bytes of a key that tell which one it is. */
export const keyBytes = (index: number): Buffer => {
  const bytes = Buffer.alloc(32, 0xa5)
  bytes.writeUInt32BE(index)
  return bytes
}

/** The bytes of the key in an answer to Get, in hex; empty where there are none. */
export const keyBytesIn = (answer: Payload): string => {
  const bytes = /"keyMaterial":\{"type":"Buffer","data":\[([\d,]+)\]/.exec(JSON.stringify(answer))?.[1] ?? ''
  return Buffer.from(bytes.split(',').filter(Boolean).map(Number)).toString('hex')
}
