import fc from 'fast-check'
import { test } from 'tap'
import type { HeldKey, KeyStore } from '../../src/domain/key-store.ts'
import type { Sealed } from '../../src/domain/bytes.ts'
import { decodeObject, encodeObject } from '../../src/keystore/software/object-codec.ts'
import { seal, unseal } from '../../src/keystore/software/seal.ts'
import { loadStoreKeys } from '../../src/keystore/software/store-keys.ts'
import { KmipError } from '../../src/protocol/kmip-error.ts'
import { bytesOf, keyObject, memorySettings, nextStoreKey, openKeys, reasonOf, rootKey } from './software.ts'

/* Sealing of docs "Key protection": AES-256-GCM, bound to object, column and seal version. */

const sealedOf = ({ ref }: HeldKey): Buffer => (ref.kind === 'sealed' ? ref.sealed : Buffer.alloc(0))

const withSealed = (key: HeldKey, sealed: Buffer): HeldKey => ({
  ...key,
  ref: { kind: 'sealed', sealed: sealed as Sealed },
})

const flip = (bytes: Buffer, bit: number): Buffer => {
  const changed = Buffer.from(bytes)
  changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
  return changed
}

const object = (bytes: Buffer) => keyObject('SymmetricKey', bytes, { keyFormatType: 'Raw' })

const aesKey = (keys: KeyStore, id: string) => Promise.resolve(keys.generateKey(id, { algorithm: 'AES', length: 256 }))

void test('seal: every flipped bit of a sealed key gives the same Cryptographic Failure', async (t) => {
  const keys = await openKeys()
  const { key } = await aesKey(keys, 'a')
  const sealed = sealedOf(key)
  t.equal(await reasonOf(() => keys.retrieve(key)), 'none')
  const texts = new Set<string>()
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    try {
      await keys.retrieve(withSealed(key, flip(sealed, bit)))
      t.fail(`bit ${bit} opens`)
    } catch (error) {
      texts.add(error instanceof KmipError ? `${error.reason} ${error.message}` : String(error))
    }
  }
  t.same([...texts], ['CryptographicFailure The stored key cannot be opened'])
})

void test('seal: cut short or empty, it does not open', async (t) => {
  const keys = await openKeys()
  const { key } = await aesKey(keys, 'a')
  for (const length of [0, 1, 16, 32, 33, sealedOf(key).length - 1]) {
    const cut = withSealed(key, sealedOf(key).subarray(0, length))
    t.equal(await reasonOf(() => keys.retrieve(cut)), 'CryptographicFailure', `${length} bytes`)
  }
})

void test('seal: a row moved under another id, or to another seal version, does not open', async (t) => {
  const keys = await openKeys()
  const [a, b] = [await aesKey(keys, 'a'), await aesKey(keys, 'b')]
  t.equal(await reasonOf(() => keys.retrieve({ ...a.key, objectId: 'b' })), 'CryptographicFailure')
  t.equal(await reasonOf(() => keys.retrieve({ ...a.key, sealVersion: 2 })), 'CryptographicFailure')
  t.equal(await reasonOf(() => keys.retrieve(withSealed(a.key, sealedOf(b.key)))), 'CryptographicFailure')
})

void test('seal: the context is unambiguous: no two of id, column and version seal alike', async (t) => {
  const keys = await loadStoreKeys([rootKey()], memorySettings())
  const clear = encodeObject(object(Buffer.alloc(16)))
  const contexts = [
    { objectId: 'ab', column: 'c', sealVersion: 1 },
    { objectId: 'a', column: 'bc', sealVersion: 1 },
    { objectId: 'abc', column: '', sealVersion: 1 },
    { objectId: 'ab', column: 'c', sealVersion: 256 },
  ]
  for (const [i, context] of contexts.entries()) {
    const sealed = seal(keys, context, clear)
    for (const [j, other] of contexts.entries()) {
      const opens = (await reasonOf(() => unseal(keys, other, sealed))) === 'none'
      t.equal(opens, i === j, `${i} under ${j}`)
    }
  }
})

void test('seal: a fresh nonce each time, and no clear byte of the key', async (t) => {
  const keys = await openKeys()
  const given = object(Buffer.from('0123456789abcdef0123456789abcdef'))
  const [first, second] = [await keys.deposit('a', given), await keys.deposit('a', given)]
  t.notSame(sealedOf(first.key), sealedOf(second.key))
  t.notOk(sealedOf(first.key).includes('0123456789'))
})

void test('seal: what an older store key sealed opens after a rotation, what nobody knows does not', async (t) => {
  const settings = memorySettings()
  const before = await openKeys(settings)
  const old = await aesKey(before, 'a')
  await nextStoreKey(settings)
  const after = await openKeys(settings)
  const fresh = await aesKey(after, 'b')
  t.equal(await reasonOf(() => after.retrieve(old.key)), 'none')
  t.equal(await reasonOf(() => after.retrieve(fresh.key)), 'none')
  t.equal(await reasonOf(() => before.retrieve(fresh.key)), 'CryptographicFailure')
})

void test('seal: a key in a hardware module does not open here', async (t) => {
  const keys = await openKeys()
  const key: HeldKey = { objectId: 'a', sealVersion: 1, ref: { kind: 'resident', token: 'hsm', keyId: Buffer.of(1) } }
  t.equal(await reasonOf(() => keys.retrieve(key)), 'CryptographicFailure')
})

void test('seal: whatever bytes go in come out', async (t) => {
  const keys = await loadStoreKeys([rootKey()], memorySettings())
  fc.assert(
    fc.property(fc.string(), fc.uint8Array({ maxLength: 300 }), fc.nat(), (objectId, bytes, sealVersion) => {
      const context = { objectId, column: 'material', sealVersion }
      const sealed = seal(keys, context, encodeObject(object(Buffer.from(bytes))))
      t.same(bytesOf(decodeObject(unseal(keys, context, sealed))), Buffer.from(bytes))
    }),
    { interruptAfterTimeLimit: 500, numRuns: 200 },
  )
})
