import Database from 'better-sqlite3'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { t as file, test, type Test } from 'tap'
import { hsmRootKey } from '../../src/keystore/pkcs11/root/hsm-root-key.ts'
import { requireRoot } from '../../src/keystore/pkcs11/root/root-object.ts'
import { decodeStoredKey } from '../../src/keystore/software/store-key-form.ts'
import { openHost } from '../helpers/hsm-host.ts'
import { initialize, modulePids, newSite, run, serve, settled, type Site } from '../helpers/hsm-server.ts'
import { softHsm } from '../helpers/hsm-softhsm.ts'
import { memoryOf } from '../helpers/memory.ts'
import { temporaryDirectory } from '../helpers/temporary.ts'
import { registerAes } from '../wire/requests.ts'
import { doneBy, materialOf } from './stored-key.ts'

/*
 * Clear keys are in the memory of the server and nowhere else: not in the database, not in its log of changes, not in what
 * the server prints, not in a copy of the data directory, and not in the process that holds the module, which sees store
 * keys for the moment in which they are opened.
 */

file.setTimeout(600_000)

const why = softHsm.missing()
const options = why === undefined ? {} : { skip: why }

/** A secret as it could be written down. */
const formsOf = (secret: Buffer): readonly Buffer[] => [
  secret,
  ...(['hex', 'base64', 'base64url'] as const).map((encoding) => Buffer.from(secret.toString(encoding))),
  Buffer.from(secret.toString('hex').toUpperCase()),
]

const holds = (bytes: Buffer, secret: Buffer): boolean => formsOf(secret).some((form) => bytes.includes(form))

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())

const filesWith = (folder: string, secret: Buffer): readonly string[] =>
  filesIn(folder).filter((path) => holds(readFileSync(path), secret))

const memoryHolds = (pid: number, secret: Buffer): boolean => {
  for (const piece of memoryOf(pid)) if (holds(piece, secret)) return true
  return false
}

/** Store key 1 in the clear, opened as the server opens it. */
const storeKeyOf = async (t: Test, { token, data }: Site): Promise<Buffer> => {
  const database = new Database(join(data, 'kmipd.db'), { readonly: true })
  const row = database.prepare("SELECT value FROM settings WHERE name = 'store-key/1'").get() as { value: Buffer }
  database.close()
  const wrapped = decodeStoredKey(row.value)?.wrappings[0]?.wrapped ?? Buffer.alloc(0)
  // The module is configured by the environment of its process, which is this one's.
  Object.assign(process.env, token.env)
  const host = openHost(t, token)
  const key = await hsmRootKey(host, await requireRoot(host, { label: 'kmipd root' })).unwrap(
    wrapped,
    Buffer.from('kmipd store key 1'),
  )
  await host.close()
  return key
}

void test('1.4 §3.1: clear keys are in the memory of the server alone', options, async (t) => {
  const folder = temporaryDirectory('token')
  const site = newSite(await softHsm.prepare(folder))
  await initialize(site)
  const server = await serve(t, site, '--log-level', 'debug')
  const secret = randomBytes(32)
  const id = await doneBy(server, registerAes('1.4', secret))
  t.same(await materialOf(server, id), secret)
  await settled(server)
  const [module = 0] = modulePids(server)

  t.ok(memoryHolds(server.pid, secret), 'the server has it: what is searched for can be found')
  t.ok(memoryHolds(module, Buffer.from('kmipd test')), 'and so it can in the process of the module')
  t.notOk(memoryHolds(module, secret), 'which does not have it')
  t.ok(statSync(join(site.data, 'kmipd.db-wal')).size > 0, 'there is a log of changes to search')
  t.same(filesWith(site.data, secret), [], 'nor have the files')
  t.same(filesWith(folder, secret), [], 'nor has the token')
  const copy = temporaryDirectory('copy')
  await cp(site.data, copy, { recursive: true })
  await server.stop()
  t.same(filesWith(site.data, secret), [])
  t.same(filesWith(copy, secret), [])
  t.notOk(holds(Buffer.from(server.output()), secret))

  const again = await serve(t, site, '--log-level', 'debug')
  await settled(again)
  const storeKey = await storeKeyOf(t, site)
  t.equal(storeKey.length, 32)
  t.ok(memoryHolds(again.pid, storeKey), 'the store key is in the server')
  t.notOk(
    memoryHolds(modulePids(again)[0] ?? 0, storeKey),
    'and not in the process of the module: the one that has opened it is gone',
  )
  t.same(filesWith(site.data, storeKey), [])
  await again.stop()
  const status = await run(site, 'hsm', 'status')
  t.notOk(holds(Buffer.from(status.out + status.err + again.output()), Buffer.from(site.token.pin)))
})
