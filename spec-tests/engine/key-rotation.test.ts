import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { decodeTicket, encodeTicket } from '../../src/access/ticket-record.ts'
import { makeProof } from '../../src/access/make-proof.ts'
import { openSecrets } from '../../src/access/user-secrets.ts'
import type { ServerRecord } from '../../src/domain/records.ts'
import type { LogFields } from '../../src/observe/log.ts'
import { createRootKey } from '../../src/keystore/software/root-key.ts'
import { attributesOf, createKey, of, registerKey } from '../helpers/calls.ts'
import { quiet, type TestClient } from '../helpers/harness.ts'
import {
  keyBytes,
  keyBytesIn,
  type RotatingServer,
  type ServerOptions,
  startRotating,
  storeKeysInUse,
} from '../helpers/key-rotation.ts'
import { type Engine, forEachEngine } from '../helpers/stores.ts'

/*
 * Keys are changed while clients are served: a new root key, a new store key, and everything under the old one sealed again.
 * Nothing is lost by it, and in the end the old keys open nothing.
 */

type Site = { readonly directory: string; run(options?: ServerOptions): Promise<RotatingServer> }

const siteFor = async (t: Test, database: Engine): Promise<Site> => {
  const place = await database.place()
  const directory = await mkdtemp(join(tmpdir(), 'kmipd-rotation-'))
  await createRootKey({ path: join(directory, 'root.key') })
  const running: RotatingServer[] = []
  t.teardown(async () => {
    for (const server of running) await server.stop()
    await place.remove()
    await rm(directory, { recursive: true, force: true })
  })
  return {
    directory,
    run: async (options) => {
      const server = await startRotating(await place.open(), directory, options)
      running.push(server)
      return server
    },
  }
}

const registered = (client: TestClient, count: number): Promise<readonly string[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => registerKey(client, '2.1', keyBytes(index))))

/** Indexes of the keys that are not what was registered. */
const wrongKeys = async (client: TestClient, ids: readonly string[]): Promise<readonly number[]> => {
  const answers = await Promise.all(ids.map((id) => client.attempt('2.1', 'Get', of(id))))
  return answers.flatMap(({ payload }, index) =>
    keyBytesIn(payload) === keyBytes(index).toString('hex') ? [] : [index],
  )
}

const ticketRecord = (id: string, document: Buffer): ServerRecord => ({
  kind: 'ticket',
  tenant: 'default',
  id,
  owner: 'alice',
  version: 1,
  createdAt: 1,
  expiresAt: undefined,
  document,
  sealed: undefined,
})

const TICKET = { principal: { id: 'alice', name: 'alice', tenant: 'default', role: 'client' } } as const

const addUser = async ({ store, keys }: RotatingServer): Promise<void> => {
  const user = { id: 'user-bob', name: 'bob' }
  const { proof } = await makeProof(() => Promise.resolve(keys), user, 'secret', { oneTime: true, hashed: false })
  const facts = { tenant: 'default', role: 'client', device: undefined, version: 1, createdAt: 1 } as const
  await store.users.add({ ...user, ...facts, ...proof, revokedAt: undefined })
}

/** One of everything that is sealed or authenticated. */
const fill = async (server: RotatingServer) => {
  const client = server.client()
  const ids = await registered(client, 40)
  const archived = ids[7] ?? ''
  await client.call('2.1', 'Archive', of(archived))
  const gone = await createKey(client, '2.1')
  await client.call('2.1', 'Destroy', of(gone))
  const admin = server.client('root', 'admin')
  await admin.call('2.1', 'SetConstraints', { constraints: { constraints: [{ objectTypes: { types: ['PGPKey'] } }] } })
  const template = { objectTypes: { types: ['PGPKey'] }, attributes: attributesOf({ name: 'Comment', value: 'none' }) }
  await admin.call('2.1', 'SetDefaults', { defaultsInformation: { objectDefaults: [template] } })
  const ticket = ticketRecord('ticket', encodeTicket(server.keys, 'ticket', TICKET))
  await server.store.objects.commit({ changes: [], audit: [], records: [{ kind: 'put', record: ticket }] })
  await addUser(server)
  await client.batch(
    '2.1',
    [{ operation: 'Create', request: { objectType: 'SymmetricKey', attributes: attributesOf() } }],
    {
      header: { asynchronousIndicator: 'Mandatory' },
    },
  )
  return { ids, archived }
}

forEachEngine(
  'rotation: everything is under the new store key, and the old root key opens nothing',
  async (t, database) => {
    const site = await siteFor(t, database)
    const server = await site.run()
    const { ids, archived } = await fill(server)
    t.same(await storeKeysInUse(server.store), [1])
    const [before] = await server.roots.list()
    await server.wish()
    const rotation = await server.settled()
    t.match(rotation, { phase: 'done', storeKey: 2, left: 0 })
    t.ok(rotation.resealed >= 46, 'objects, job, ticket, constraints, defaults and the secrets of the user')
    t.same(await storeKeysInUse(server.store), [2])
    t.same(await wrongKeys(server.client(), ids), [7], 'the archived one has to be recovered')
    await server.stop()

    const again = await site.run()
    const [present, ...others] = await again.roots.list()
    t.not(present?.id, before?.id)
    t.same(others, [], 'the next root key has taken the place of the other')
    const old = join(site.directory, `root.key.${before?.id ?? ''}.old`)
    t.ok(existsSync(old))
    await again.stop()
    await rm(old)

    const last = await site.run()
    t.equal(last.storeKeys.get(1), undefined)
    const client = last.client()
    await client.call('2.1', 'Recover', of(archived))
    t.same(await wrongKeys(client, ids), [])
    t.match(await client.call('2.1', 'GetConstraints', {}), { constraints: { constraints: [{}] } })
    t.match(await client.call('2.1', 'Query', { functions: ['QueryDefaultsInformation'] }), {
      defaultsInformation: { objectDefaults: [{}] },
    })
    const ticket = await last.store.objects.records.read('ticket', 'default', 'ticket')
    t.same(decodeTicket(last.keys, 'ticket', ticket?.document ?? Buffer.alloc(0)), TICKET)
    const user = await last.store.users.find('bob')
    t.equal((user && (await openSecrets(last.keys, user)))?.oneTime?.length, 20)
  },
)

/** Makes, changes and reads keys until told to stop. Returns what was made, and what went wrong. */
const busy = (
  client: TestClient,
  isOver: () => boolean,
): Promise<{ readonly made: string[]; readonly wrong: string[] }> => {
  const made: string[] = []
  const wrong: string[] = []
  const turn = async (count: number): Promise<void> => {
    const id = await registerKey(client, '2.1', keyBytes(count))
    made.push(id)
    await client.call('2.1', 'Activate', of(id))
    const earlier = count % made.length
    const answer = await client.attempt('2.1', 'Get', of(made[earlier] ?? id))
    if (keyBytesIn(answer.payload) !== keyBytes(earlier).toString('hex')) wrong.push(id)
  }
  return (async () => {
    for (let count = 0; !isOver(); count += 1) await turn(count)
    return { made, wrong }
  })()
}

forEachEngine('rotation: clients create, change and read all the while, and nothing is lost', async (t, database) => {
  const site = await siteFor(t, database)
  // An embedded database belongs to one process.
  const servers = [await site.run({ grace: 1 })]
  if (database.name === 'PostgreSQL') servers.push(await site.run({ grace: 1 }))
  const [server] = servers
  if (server === undefined) return
  const ids = await registered(server.client(), 200)
  let over = false
  const clients = servers.map((one, index) => busy(one.client(`client ${index}`), () => over))
  await server.wish()
  t.match(await server.settled(), { phase: 'done', storeKey: 2, left: 0 })
  over = true
  for (const { made, wrong } of await Promise.all(clients)) {
    t.ok(made.length > 0)
    t.same(wrong, [])
  }
  t.same(await storeKeysInUse(server.store), [2])
  for (const one of servers) t.same(await wrongKeys(one.client(), ids), [])
})

forEachEngine(
  'rotation: a server that has stood still writes nothing under a key that is given up',
  async (t, database) => {
    if (database.name !== 'PostgreSQL') {
      t.pass('an embedded database belongs to one process')
      return
    }
    const site = await siteFor(t, database)
    const still = await site.run({ watches: false })
    const server = await site.run()
    await registered(still.client(), 3)
    await server.wish(true)
    t.match(await server.settled(), { phase: 'done', left: 0 })
    const { status } = await still
      .client()
      .attempt('2.1', 'Create', { objectType: 'SymmetricKey', attributes: attributesOf() })
    t.equal(status, 'OperationFailed')
    t.same(await storeKeysInUse(server.store), [2])
  },
)

type Line = { readonly event: string; readonly fields: LogFields | undefined }

const listening = () => {
  const lines: Line[] = []
  const take = (event: string, fields?: LogFields): void => void lines.push({ event, fields })
  return { lines, log: { ...quiet, warn: take, error: take } }
}

const messagesIn = (error: unknown): readonly string[] =>
  error instanceof Error ? [error.message, ...messagesIn(error.cause)] : []

const causes = (lines: readonly Line[]): string => lines.flatMap(({ fields }) => messagesIn(fields?.error)).join('\n')

/** Writes a row as somebody would who has the database and no keys: with what `change` makes of MAC and material. */
const tamper = async ({ store }: RotatingServer, id: string, change: (bytes: Buffer) => void): Promise<void> => {
  const row = await store.objects.read('default', id)
  if (row?.material?.kind !== 'sealed') throw new Error('no such row')
  const mac = Buffer.from(row.mac)
  change(mac)
  // In place: it is the material of the row that is written.
  change(row.material.sealed)
  await store.objects.commit({ changes: [], audit: [], reseals: [{ ...row, version: row.version + 1, mac }] })
}

forEachEngine(
  'rotation: what does not open keeps the keys that it may need, and is refused clearly',
  async (t, database) => {
    const site = await siteFor(t, database)
    const { lines, log } = listening()
    const server = await site.run({ log })
    const [unknown = '', damaged = '', fine = ''] = await registered(server.client(), 3)
    await server.client().call('2.1', 'Get', of(fine))
    await tamper(server, unknown, (mac) => mac.writeUInt32BE(9, 1))
    await server.stop()

    const second = await site.run({ log })
    t.match(await second.client().attempt('2.1', 'Get', of(unknown)), {
      status: 'OperationFailed',
      reason: 'CryptographicFailure',
    })
    t.match(causes(lines), `object ${unknown} is under store key 9, which is not there`)
    await second.wish(true)
    t.match(await second.settled(), { phase: 'done', left: 0 }, 'no key that there is would help it')

    await tamper(second, damaged, (mac) => mac.writeUInt8(mac.readUInt8(9) ^ 1, 9))
    await second.wish()
    t.match(await second.settled(), { phase: 'done', storeKey: 3, left: 1 })
    t.match(causes(lines), `object ${damaged} fails its MAC`)
    await second.stop()

    const third = await site.run()
    t.ok(third.storeKeys.get(2), 'kept')
    t.equal((await third.roots.list()).length, 2, 'and so is its root key')
    t.equal((await third.client().attempt('2.1', 'Get', of(fine))).status, 'Success')
  },
)

forEachEngine('rotation: a wish that cannot be fulfilled changes nothing, and says why', async (t, database) => {
  const site = await siteFor(t, database)
  const server = await site.run()
  const [id = ''] = await registered(server.client(), 1)
  await createRootKey({ path: join(site.directory, 'root.key.next'), passphrase: 'another' })
  await server.wish(true)
  t.match(await server.settled(), { phase: 'failed', reason: /root\.key\.next needs its passphrase/ })
  t.equal((await server.client().attempt('2.1', 'Get', of(id))).status, 'Success')
  t.same(await storeKeysInUse(server.store), [1])
  await rm(join(site.directory, 'root.key.next'))
  await server.wish()
  t.match(await server.settled(), { phase: 'done', storeKey: 2 })
  t.ok((await readdir(site.directory)).includes('root.key'))
})
