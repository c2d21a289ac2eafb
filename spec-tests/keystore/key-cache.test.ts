import { test } from 'tap'
import type { Sealed } from '../../src/domain/bytes.ts'
import type { HeldKey } from '../../src/domain/key-store.ts'
import { createKeyCache, type OpenedKey } from '../../src/keystore/software/key-cache.ts'
import { decodeObject, encodeObject } from '../../src/keystore/software/object-codec.ts'
import { bytesOf, keyObject, openKeys, reasonOf } from './software.ts'

/* Opened keys are kept in memory, not too many, and not too long. */

const opened = (fill: number): { sealed: Sealed; entry: OpenedKey } => {
  const object = keyObject('SymmetricKey', Buffer.alloc(16, fill), { keyFormatType: 'Raw' })
  const clear = encodeObject(object)
  const sealed = Buffer.alloc(60, fill) as Buffer as Sealed
  return { sealed, entry: { sealed, clear, object: decodeObject(clear) } }
}

const held = (objectId: string, sealed: Sealed, sealVersion = 1): HeldKey => ({
  objectId,
  sealVersion,
  ref: { kind: 'sealed', sealed },
})

const isWiped = ({ clear }: OpenedKey): boolean => clear.every((byte) => byte === 0)

void test('cache: never more than its capacity, and what is dropped is cleared', (t) => {
  const cache = createKeyCache(10)
  const all = Array.from({ length: 50 }, (_, index) => opened(index + 1))
  for (const [index, { sealed, entry }] of all.entries()) {
    cache.put(held(`id ${index}`, sealed), entry)
    t.ok(cache.size <= 10)
  }
  const kept = all.filter(({ sealed }, index) => cache.get(held(`id ${index}`, sealed), sealed) !== undefined)
  t.ok(kept.length >= 5 && kept.length <= 10)
  t.equal(all.filter(({ entry }) => !isWiped(entry)).length, kept.length)
  t.end()
})

void test('cache: what is used stays, however many others come by', (t) => {
  const cache = createKeyCache(10)
  const used = opened(7)
  cache.put(held('used', used.sealed), used.entry)
  for (let index = 0; index < 100; index += 1) {
    const { sealed, entry } = opened(1)
    cache.put(held(`id ${index}`, sealed), entry)
    t.equal(cache.get(held('used', used.sealed), used.sealed), used.entry)
  }
  t.notOk(isWiped(used.entry))
  t.end()
})

void test('cache: another seal version, or other sealed bytes under the same id, are not what was opened', (t) => {
  const cache = createKeyCache(10)
  const { sealed, entry } = opened(1)
  cache.put(held('a', sealed), entry)
  t.equal(cache.get(held('a', sealed), Buffer.from(sealed) as Buffer as Sealed), entry, 'equal bytes')
  t.equal(cache.get(held('a', sealed, 2), sealed), undefined)
  const other = opened(2).sealed
  t.equal(cache.get(held('a', other), other), undefined)
  t.equal(cache.get(held('b', sealed), sealed), undefined)
  t.end()
})

void test('cache: a new version takes the place of the old one, which is cleared', (t) => {
  const cache = createKeyCache(10)
  const [first, second] = [opened(1), opened(2)]
  cache.put(held('a', first.sealed), first.entry)
  cache.put(held('a', second.sealed, 2), second.entry)
  t.ok(isWiped(first.entry))
  t.equal(cache.get(held('a', second.sealed, 2), second.sealed), second.entry)
  t.equal(cache.size, 1)
  cache.drop('a')
  cache.drop('never there')
  t.equal(cache.size, 0)
  t.ok(isWiped(second.entry))
  t.end()
})

void test('cache: a destroyed key is not served from memory', async (t) => {
  const keys = await openKeys()
  const { key } = await keys.generateKey('a', { algorithm: 'AES', length: 128 })
  const answer = bytesOf(await keys.retrieve(key))
  const copy = Buffer.from(answer)
  await keys.destroy([key])
  t.same(answer, copy, 'an answer under way keeps its bytes')
  const gone: HeldKey = { ...key, ref: { kind: 'sealed', sealed: Buffer.alloc(80, 1) as Buffer as Sealed } }
  t.equal(await reasonOf(() => keys.retrieve(gone)), 'CryptographicFailure')
  t.equal(
    await reasonOf(() => keys.encrypt(gone, { blockCipherMode: 'ECB' }, input(Buffer.alloc(16)))),
    'CryptographicFailure',
  )
})

void test('cache: of an id that came to mean another object, the new key is served', async (t) => {
  const keys = await openKeys()
  const [first, second] = [Buffer.alloc(16, 1), Buffer.alloc(16, 2)]
  const object = (bytes: Buffer) => keyObject('SymmetricKey', bytes, { keyFormatType: 'Raw' })
  const old = await keys.deposit('a', object(first))
  t.same(bytesOf(await keys.retrieve(old.key)), first)
  const fresh = await keys.deposit('a', object(second))
  t.same(bytesOf(await keys.retrieve(fresh.key)), second)
  t.same(bytesOf(await keys.retrieve(old.key)), first)
})

void test('cache: answers stay whole while keys are dropped for others', async (t) => {
  const keys = await openKeys(undefined, 2)
  const deposits = await Promise.all(
    [1, 2, 3, 4, 5, 6].map(async (fill) => {
      const object = keyObject('SymmetricKey', Buffer.alloc(16, fill), { keyFormatType: 'Raw' })
      return { fill, key: (await keys.deposit(`id ${fill}`, object)).key }
    }),
  )
  const answers = await Promise.all(deposits.map(async ({ fill, key }) => ({ fill, answer: await keys.retrieve(key) })))
  for (const { fill, answer } of answers) t.same(bytesOf(answer), Buffer.alloc(16, fill))
})

const input = (data: Buffer) => ({ data, ivCounterNonce: undefined, additionalData: undefined, tag: undefined })
