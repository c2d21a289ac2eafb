import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { test, type Test } from 'tap'
import { createModuleHost } from '../../src/keystore/pkcs11/module-host.ts'
import { openHsmRootKey } from '../../src/keystore/pkcs11/root/hsm-root-key.ts'
import { loadStoreKeys } from '../../src/keystore/software/store-keys.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { optionsFor, prepareToken } from '../helpers/hsm-host.ts'
import { flagsFor, kmipdHere, newData } from '../helpers/hsm-here.ts'
import { modulePids } from '../helpers/hsm-server.ts'
import { softHsm } from '../helpers/hsm-softhsm.ts'
import type { HsmToken } from '../helpers/hsm-token.ts'
import { connectTo, identityOf, type KmipServer, startKmipd } from '../helpers/server.ts'
import { valueAt } from '../wire/message.ts'
import { create, get, named, registerAes } from '../wire/requests.ts'
import { ask, idFrom } from '../wire/session.ts'

/* The whole server with its root key in SoftHSM, through KMIP over TLS. */

const missing = softHsm.missing()
const options = missing === undefined ? { timeout: 100_000 } : { skip: missing }

const start = async (t: Test, data: string): Promise<KmipServer> => {
  const server = await startKmipd(data)
  t.teardown(() => server.kill())
  return server
}

const adminOf = async (t: Test, server: KmipServer) => {
  const connection = await connectTo(server, await identityOf(server.data, 'admin'))
  t.teardown(() => connection.close())
  return connection
}

/** Everything in the folder, as one piece for each file. */
const filesOf = (folder: string): readonly (readonly [string, Buffer])[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name))] as const)

/** All that a process can read of its own memory: what a core dump of it would hold. */
const memoryOf = (pid: number): Buffer => {
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  const pieces = readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .map((line) => /^([0-9a-f]+)-([0-9a-f]+) r.*$/.exec(line))
    .filter((range) => range !== null && !/\[v(var|syscall|var_vclock)\]$/.test(range[0]))
    .map((range) => {
      const [start, end] = [BigInt(`0x${range?.[1] ?? '0'}`), BigInt(`0x${range?.[2] ?? '0'}`)]
      const piece = Buffer.alloc(Number(end - start))
      return piece.subarray(0, readAvailable(memory, piece, start))
    })
  closeSync(memory)
  return Buffer.concat(pieces)
}

/** A page that is mapped and cannot be read is in no core dump either. */
const readAvailable = (file: number, piece: Buffer, start: bigint): number => {
  try {
    return readSync(file, piece, 0, piece.length, start)
  } catch {
    return 0
  }
}

/** The store key that the server has made: what must be nowhere. */
const storeKeyOf = async (token: HsmToken, data: string): Promise<Buffer> => {
  const host = createModuleHost(optionsFor(token))
  const store = await openSqliteStore({ path: join(data, 'kmipd.db'), exclusive: false })
  try {
    const root = await openHsmRootKey(host, { label: 'kmipd root' })
    return (await loadStoreKeys([root], store.objects.settings)).current.seal.export()
  } finally {
    await store.close()
    await host.close()
  }
}

void test('HSM: with the root key in it, objects are served, and no key is in clear anywhere', options, async (t) => {
  const token = await prepareToken(softHsm)
  const data = newData()
  const said = await kmipdHere('hsm', 'init', '--data', data, ...flagsFor(token))
  t.match(said, /found token +"kmipd test"/)
  t.match(said, /made root key +"kmipd root" [0-9a-f]{16}: AES-256, wraps by AES-GCM/)
  const server = await start(t, data)
  const known = Buffer.from('4b6e6f776e206b65792c20746f206265206c6f6f6b656420666f722e2e2e2e2e', 'hex')
  const connection = await adminOf(t, server)
  const id = await idFrom(connection, registerAes('2.1', known))
  const made = await idFrom(connection, create('1.4', named('made')))
  const material = async (one: string, from = connection) =>
    valueAt((await ask(from, get('2.1', one))).payload, 'SymmetricKey', 'KeyBlock', 'KeyValue', 'KeyMaterial')
  const madeKey = await material(made)
  t.ok(Buffer.isBuffer(madeKey) && madeKey.length === 32)
  t.notOk(existsSync(join(data, 'root.key')), 'there is no root key in a file')
  const storeKey = await storeKeyOf(token, data)
  const secrets: readonly (readonly [string, Buffer])[] = [
    ['the known key', known],
    ['the key that was made', Buffer.isBuffer(madeKey) ? madeKey : known],
    ['the store key', storeKey],
  ]
  const files = filesOf(data)
  t.ok(files.some(([name]) => name === 'kmipd.db-wal'))
  for (const [what, secret] of secrets) {
    for (const [name, content] of files) {
      t.notOk(content.includes(secret), `${what} is not in ${name}`)
      t.notOk(content.includes(secret.toString('hex')), `nor in hex`)
      t.notOk(content.includes(secret.toString('base64')), `nor in base64`)
    }
    t.notMatch(server.output(), secret.toString('hex'))
    t.notOk(Buffer.from(server.output(), 'latin1').includes(secret))
  }
  t.notMatch(server.output(), token.pin)
  const [modulePid = 0] = modulePids(server)
  const memory = memoryOf(modulePid)
  t.ok(memory.includes('libsofthsm2.so'), 'the memory of the process of the module')
  for (const [what, secret] of secrets.slice(0, 2)) t.notOk(memory.includes(secret), `${what} is not in it`)
  t.equal(await server.stop(), 0)

  const again = await start(t, data)
  const second = await adminOf(t, again)
  t.same(await material(id, second), known, 'after a restart it opens what it sealed')
})

void test('HSM: a token that goes away while objects are served stops nothing', options, async (t) => {
  const token = await prepareToken(softHsm)
  const data = newData()
  await kmipdHere('hsm', 'init', '--data', data, ...flagsFor(token))
  const server = await start(t, data)
  const connection = await adminOf(t, server)
  const [modulePid = 0] = modulePids(server)
  process.kill(modulePid, 'SIGSEGV')
  t.match(await idFrom(connection, create('2.1')), /-/)
  while (!server.output().includes('HSM is there again')) await new Promise((resolve) => setTimeout(resolve, 20))
  t.match(server.output(), /HSM failed/)
  t.match(server.output(), /SIGSEGV/)
  t.match(await kmipdHere('hsm', 'status', '--data', data), /last fault +\d{4}-.*SIGSEGV/)
  t.equal(await server.stop(), 0)
})
