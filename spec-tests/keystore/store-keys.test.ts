import { test } from 'tap'
import { type RootKey, RootKeyUnavailableError } from '../../src/keystore/root-key.ts'
import { authenticate, isAuthentic } from '../../src/keystore/software/metadata-mac.ts'
import { loadStoreKeys, StoreKeyError } from '../../src/keystore/software/store-keys.ts'
import { memorySettings, nextStoreKey, rootKey, type Settings } from './software.ts'

/* Store keys of docs "Key protection": numbered, wrapped under every root key, kept in the database. */

const failure = async (run: () => Promise<unknown>): Promise<string> => {
  try {
    await run()
    return 'none'
  } catch (error) {
    if (error instanceof StoreKeyError) return error.message
    throw error
  }
}

const flipped = (bytes: Buffer): Buffer => {
  const changed = Buffer.from(bytes)
  changed.writeUInt8(changed.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1)
  return changed
}

const sealBytes = (key: { seal: { export(): Buffer } }): string => key.seal.export().toString('hex')

void test('store keys: the first start makes number 1, later ones read it', async (t) => {
  const settings = memorySettings()
  const first = await loadStoreKeys([rootKey()], settings)
  const second = await loadStoreKeys([rootKey()], settings)
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
  const nodes = await Promise.all([1, 2, 3].map(() => loadStoreKeys([rootKey()], slow)))
  t.equal(new Set(nodes.map(({ current }) => sealBytes(current))).size, 1)
})

void test('store keys: another root key is refused, with the one that is needed', async (t) => {
  const settings = memorySettings()
  await loadStoreKeys([rootKey(1)], settings)
  const message = await failure(() => loadStoreKeys([rootKey(2)], settings))
  t.match(message, rootKey(1).id)
  t.match(message, rootKey(2).id)
})

void test('store keys: every flipped bit of a wrapped store key is noticed', async (t) => {
  const settings = memorySettings()
  await loadStoreKeys([rootKey()], settings)
  const wrapped = Buffer.from((await settings.get('store-key/1')) ?? Buffer.alloc(0))
  t.ok(wrapped.length > 32)
  for (let bit = 0; bit < wrapped.length * 8; bit += 1) {
    const changed = Buffer.from(wrapped)
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    await settings.put('store-key/1', changed)
    if ((await failure(() => loadStoreKeys([rootKey()], settings))) === 'none') t.fail(`bit ${bit}`)
  }
})

/** Roots that err: what they wrap does not open, or opens to something else. */
const ERRING: readonly RootKey[] = [
  { ...rootKey(2), wrap: async (plain, aad) => flipped(await rootKey(2).wrap(plain, aad)) },
  { ...rootKey(2), wrap: (plain, aad) => rootKey(2).wrap(flipped(plain), aad) },
  { ...rootKey(2), unwrap: async (wrapped, aad) => flipped(await rootKey(2).unwrap(wrapped, aad)) },
]

void test('store keys: nothing is kept that a root key has wrapped wrongly', async (t) => {
  for (const root of ERRING) {
    const settings = memorySettings()
    t.match(await failure(() => loadStoreKeys([root], settings)), /just wrapped|opens something else/)
    t.equal(await settings.get('store-key/1'), undefined)
    const sound = await loadStoreKeys([rootKey(1)], settings)
    const before = await settings.get('store-key/1')
    t.not(await failure(() => sound.cover([root])), 'none')
    t.not(await failure(() => sound.publish([root])), 'none')
    t.same(await settings.get('store-key/1'), before)
    t.equal(await settings.get('store-key/2'), undefined)
  }
})

void test('store keys: a wrapped key under another number does not open', async (t) => {
  const settings = memorySettings()
  await loadStoreKeys([rootKey()], settings)
  const wrapped = (await settings.get('store-key/1')) ?? Buffer.alloc(0)
  await settings.put('store-key/2', wrapped)
  await settings.put('store-key/current', Buffer.from([0, 0, 0, 2]))
  t.match(await failure(() => loadStoreKeys([rootKey()], settings)), 'store key 2 is damaged')
})

void test('store keys: a missing key and a damaged number end the start', async (t) => {
  const settings = memorySettings()
  await loadStoreKeys([rootKey()], settings)
  await settings.put('store-key/current', Buffer.from([0, 0, 0, 3]))
  t.match(await failure(() => loadStoreKeys([rootKey()], settings)), 'store key 2 is missing')
  for (const value of [Buffer.alloc(0), Buffer.alloc(4), Buffer.alloc(4, 0xff), Buffer.alloc(5, 1)]) {
    await settings.put('store-key/current', value)
    t.match(await failure(() => loadStoreKeys([rootKey()], settings)), 'damaged', value.toString('hex'))
  }
})

void test('store keys: metadata is authentic under the key it was authenticated with, also after a rotation', async (t) => {
  const settings = memorySettings()
  const before = await loadStoreKeys([rootKey()], settings)
  const metadata = Buffer.from('attributes of one object')
  const mac = authenticate(before, metadata)
  const after = await nextStoreKey(settings)
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

const [first, second, third] = [rootKey(1), rootKey(2), rootKey(3)]

void test('store keys: wrapped under several roots, they open with any of them', async (t) => {
  const settings = memorySettings()
  const keys = await loadStoreKeys([first, second], settings)
  for (const roots of [[first], [second], [third, second]]) {
    t.equal(sealBytes((await loadStoreKeys(roots, settings)).current), sealBytes(keys.current))
  }
  const message = await failure(() => loadStoreKeys([third], settings))
  t.match(message, `needs one of the root keys ${first.id}, ${second.id}; given: ${third.id}`)
  t.match(await failure(() => loadStoreKeys([], settings)), 'given: none')
})

void test('store keys: every flipped bit of a list of root keys is noticed, whichever root opens it', async (t) => {
  const settings = memorySettings()
  await loadStoreKeys([first, second], settings)
  const stored = (await settings.get('store-key/1')) ?? Buffer.alloc(0)
  for (let bit = 0; bit < stored.length * 8; bit += 1) {
    const changed = Buffer.from(stored)
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    await settings.put('store-key/1', changed)
    for (const root of [first, second])
      if ((await failure(() => loadStoreKeys([root], settings))) === 'none') t.fail(`bit ${bit}`)
  }
  for (let length = 0; length < stored.length; length += 1) {
    await settings.put('store-key/1', stored.subarray(0, length))
    if ((await failure(() => loadStoreKeys([first], settings))) === 'none') t.fail(`length ${length}`)
  }
})

/** A store key of the first form, as versions before the list wrote it. */
const formerSettings = async (): Promise<Settings> => {
  const settings = memorySettings()
  const wrapped = await first.wrap(Buffer.alloc(32, 7), Buffer.from('kmipd store key 1'))
  await settings.put('store-key/1', Buffer.concat([Buffer.of(1), Buffer.from(first.id, 'hex'), wrapped]))
  return settings
}

void test('store keys: the form of one root key is read, and gets a list when a root is added', async (t) => {
  const settings = await formerSettings()
  const keys = await loadStoreKeys([first], settings)
  t.equal(sealBytes(keys.current), Buffer.alloc(32, 7).toString('hex'))
  t.match(await failure(() => loadStoreKeys([second], settings)), `needs the root key ${first.id}; given: ${second.id}`)
  t.equal(await keys.cover([first, second]), 1)
  t.equal(await keys.cover([first, second]), 0, 'nothing is left to do')
  t.equal(sealBytes((await loadStoreKeys([second], settings)).current), sealBytes(keys.current))
})

void test('store keys: processes that add roots at once leave out none', async (t) => {
  const settings = await formerSettings()
  const keys = await loadStoreKeys([first], settings)
  await Promise.all([keys.cover([second]), keys.cover([third])])
  for (const root of [first, second, third]) t.equal((await loadStoreKeys([root], settings)).current.number, 1)
})

const unavailable: RootKey = {
  ...second,
  unwrap: () => Promise.reject(new RootKeyUnavailableError('the token does not answer')),
}

void test('store keys: a root key that cannot be asked is done without, or said so', async (t) => {
  const settings = memorySettings()
  await loadStoreKeys([first, second], settings)
  t.equal((await loadStoreKeys([unavailable, first], settings)).current.number, 1)
  t.match(
    await failure(() => loadStoreKeys([unavailable], settings)),
    'cannot be opened now: the token does not answer',
  )
})

void test('store keys: a new one is wrapped under the roots that it is for, seals when told, and the old one goes', async (t) => {
  const settings = memorySettings()
  const keys = await loadStoreKeys([first], settings)
  t.equal(await keys.publish([second]), 2)
  t.equal(await keys.publish([second]), 2, 'not another one')
  t.equal(keys.current.number, 1)
  const other = await loadStoreKeys([first, second], settings)
  t.same([other.current.number, other.newest], [1, 2])
  t.match(await failure(() => loadStoreKeys([first], settings)), `store key 2 needs the root key ${second.id}`)
  await keys.activate()
  await other.refresh()
  t.same([keys.current.number, other.current.number], [2, 2])
  await keys.destroyOld()
  t.ok(keys.get(1), 'what is under way may need it')
  keys.forget()
  t.notOk(keys.get(1))
  t.equal((await loadStoreKeys([second], settings)).current.number, 2, 'the old root is not needed')
  await other.refresh()
  other.forget()
  t.notOk(other.get(1))
  await settings.put('store-key/2', Buffer.of(0))
  t.match(await failure(() => loadStoreKeys([second], settings)), 'store key 2 is destroyed')
})

void test('store keys: one that an attempt under other roots has left never seals, and goes with the old one', async (t) => {
  const settings = memorySettings()
  const keys = await loadStoreKeys([first], settings)
  t.equal(await keys.publish([first]), 2)
  t.equal(await keys.publish([second]), 3, 'it is under the root that is to be left')
  await keys.activate()
  t.equal(keys.current.number, 3)
  await keys.destroyOld()
  keys.forget()
  t.notOk(keys.get(2))
  t.equal((await loadStoreKeys([second], settings)).current.number, 3, 'the old root opens nothing')
  t.equal(await keys.publish([first, second]), 4)
  t.equal(await keys.publish([second]), 5, 'nor is one taken that the old root opens, too')
})
