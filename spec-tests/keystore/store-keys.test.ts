import { test } from 'tap'
import {
  addStoreKey,
  authenticate,
  isAuthentic,
  loadStoreKeys,
  StoreKeyError,
} from '../../src/keystore/software/store-keys.ts'
import { memorySettings, rootKey, type Settings } from './software.ts'

/* Store keys of docs "Key protection": numbered, wrapped under the root key, kept in the database. */

const failure = async (run: () => Promise<unknown>): Promise<string> => {
  try {
    await run()
    return 'none'
  } catch (error) {
    if (error instanceof StoreKeyError) return error.message
    throw error
  }
}

const sealBytes = (key: { seal: { export(): Buffer } }): string => key.seal.export().toString('hex')

void test('store keys: the first start makes number 1, later ones read it', async (t) => {
  const settings = memorySettings()
  const first = await loadStoreKeys(rootKey(), settings)
  const second = await loadStoreKeys(rootKey(), settings)
  t.equal(first.current.number, 1)
  t.equal(sealBytes(second.current), sealBytes(first.current))
  t.notSame(
    first.current.seal.export(),
    first.current.mac.export(),
    'sealing and authenticating have keys of their own',
  )
})

void test('store keys: nodes that start at once agree', async (t) => {
  const settings = memorySettings()
  // Each node reads before any of them has written.
  const slow: Settings = { ...settings, get: async (name) => (await Promise.resolve(), settings.get(name)) }
  const nodes = await Promise.all([1, 2, 3].map(() => loadStoreKeys(rootKey(), slow)))
  t.equal(new Set(nodes.map(({ current }) => sealBytes(current))).size, 1)
})

void test('store keys: another root key is refused, with the one that is needed', async (t) => {
  const settings = memorySettings()
  await loadStoreKeys(rootKey(1), settings)
  const message = await failure(() => loadStoreKeys(rootKey(2), settings))
  t.match(message, rootKey(1).id)
  t.match(message, rootKey(2).id)
})

void test('store keys: every flipped bit of a wrapped store key is noticed', async (t) => {
  const settings = memorySettings()
  await loadStoreKeys(rootKey(), settings)
  const wrapped = Buffer.from((await settings.get('store-key/1')) ?? Buffer.alloc(0))
  t.ok(wrapped.length > 32)
  for (let bit = 0; bit < wrapped.length * 8; bit += 1) {
    const changed = Buffer.from(wrapped)
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    await settings.put('store-key/1', changed)
    if ((await failure(() => loadStoreKeys(rootKey(), settings))) === 'none') t.fail(`bit ${bit}`)
  }
})

void test('store keys: a wrapped key under another number does not open', async (t) => {
  const settings = memorySettings()
  await loadStoreKeys(rootKey(), settings)
  const wrapped = (await settings.get('store-key/1')) ?? Buffer.alloc(0)
  await settings.put('store-key/2', wrapped)
  await settings.put('store-key/current', Buffer.from([0, 0, 0, 2]))
  t.match(await failure(() => loadStoreKeys(rootKey(), settings)), 'store key 2 is damaged')
})

void test('store keys: a missing key and a damaged number end the start', async (t) => {
  const settings = memorySettings()
  await loadStoreKeys(rootKey(), settings)
  await settings.put('store-key/current', Buffer.from([0, 0, 0, 3]))
  t.match(await failure(() => loadStoreKeys(rootKey(), settings)), 'store key 2 is missing')
  for (const value of [Buffer.alloc(0), Buffer.alloc(4), Buffer.alloc(4, 0xff), Buffer.alloc(5, 1)]) {
    await settings.put('store-key/current', value)
    t.match(await failure(() => loadStoreKeys(rootKey(), settings)), 'damaged', value.toString('hex'))
  }
})

void test('store keys: metadata is authentic under the key it was authenticated with, also after a rotation', async (t) => {
  const settings = memorySettings()
  const before = await loadStoreKeys(rootKey(), settings)
  const metadata = Buffer.from('attributes of one object')
  const mac = authenticate(before, metadata)
  const after = await addStoreKey(rootKey(), settings)
  t.equal(after.current.number, 2)
  t.ok(isAuthentic(after, metadata, mac))
  t.notSame(authenticate(after, metadata), mac)
  t.ok(isAuthentic(after, metadata, authenticate(after, metadata)))
  t.notOk(isAuthentic(before, metadata, authenticate(after, metadata)), 'a number that is not known yet')
  t.notOk(isAuthentic(after, Buffer.from('attributes of two objects'), mac))
  for (let at = 0; at < mac.length; at += 1) {
    const changed = Buffer.from(mac)
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
    t.notOk(isAuthentic(after, metadata, changed), `byte ${at}`)
  }
  t.notOk(isAuthentic(after, metadata, mac.subarray(1)))
  t.notOk(isAuthentic(after, metadata, Buffer.alloc(0)))
})
