import type { Deposit, KeyStore } from '../../src/domain/key-store.ts'
import type { ObjectStore } from '../../src/domain/object-store.ts'
import { loadStoreKeys, type StoreKeyRing } from '../../src/keystore/software/store-keys.ts'
import { createRandomSource } from '../../src/keystore/software/random/random-source.ts'
import { createSoftwareKeyStore } from '../../src/keystore/software/software-key-store.ts'
import { rootKeyOf } from '../../src/keystore/software/root-key.ts'
import { KmipError } from '../../src/protocol/kmip-error.ts'
import type { KeyBlock, KeyMaterial } from '../../src/protocol/structures/key-block.ts'
import type { ObjectValue } from '../../src/protocol/structures/managed-objects.ts'

export type Settings = ObjectStore['settings']

/** Settings that live as long as the test. */
export const memorySettings = (): Settings => {
  const values = new Map<string, Buffer>()
  return {
    get: (name) => values.get(name),
    putIfAbsent: (name, value) => {
      const kept = values.get(name) ?? value
      values.set(name, kept)
      return Promise.resolve(kept)
    },
    put: (name, value) => {
      values.set(name, value)
      return Promise.resolve()
    },
    replace: (name, before, value) => {
      const isSame = values.get(name)?.equals(before) === true
      if (isSame) values.set(name, value)
      return Promise.resolve(isSame)
    },
  }
}

export const rootKey = (fill = 1) => rootKeyOf(Buffer.alloc(32, fill))

/** Has the next store key seal everything new. */
export const nextStoreKey = async (settings: Settings): Promise<StoreKeyRing> => {
  const keys = await loadStoreKeys([rootKey()], settings)
  await keys.publish([rootKey()])
  await keys.activate()
  return keys
}

const clock = { now: () => 1_800_000_000 }

export const openKeys = async (
  settings = memorySettings(),
  cacheEntries?: number,
  generator: Parameters<typeof createRandomSource>[0] = 'ansi-x9.31',
): Promise<KeyStore> =>
  createSoftwareKeyStore({
    storeKeys: await loadStoreKeys([rootKey()], settings),
    clock,
    random: createRandomSource(generator, clock),
    ...(cacheEntries === undefined ? {} : { cacheEntries }),
  })

/** The reason of the KmipError that `run` throws or rejects with; 'none' where it succeeds. */
export const reasonOf = async (run: () => unknown): Promise<string> => {
  try {
    await run()
    return 'none'
  } catch (error) {
    if (error instanceof KmipError) return error.reason
    throw error
  }
}

export const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

type KeyKind = 'SymmetricKey' | 'PublicKey' | 'PrivateKey'

/** A key object as a client brings it. */
export const keyObject = (
  objectType: KeyKind,
  material: KeyMaterial,
  rest: Omit<KeyBlock, 'keyValue'>,
): ObjectValue => ({
  objectType,
  value: { keyBlock: { ...rest, keyValue: { keyMaterial: material, attributes: [] } } },
})

export const blockOf = (object: ObjectValue): KeyBlock => {
  if ('keyBlock' in object.value) return object.value.keyBlock
  throw new Error(`${object.objectType} has no Key Block`)
}

export const materialOf = (object: ObjectValue): KeyMaterial => {
  const { keyValue } = blockOf(object)
  if (keyValue === undefined || Buffer.isBuffer(keyValue)) throw new Error('no plain Key Value')
  return keyValue.keyMaterial
}

export const bytesOf = (object: ObjectValue): Buffer => {
  const material = materialOf(object)
  if (!Buffer.isBuffer(material)) throw new Error('no bytes')
  return material
}

/** The formats of which there is a Digest, in the order of the instances. */
export const digestFormats = ({ attributes }: Deposit): readonly unknown[] =>
  attributes.flatMap((attribute) => (attribute.name === 'Digest' ? [attribute.value.keyFormatType] : []))

/** The values of one attribute of a deposit. */
export const valuesOf = ({ attributes }: Pick<Deposit, 'attributes'>, name: string): unknown[] =>
  attributes.filter((attribute) => attribute.name === name).map(({ value }) => value)
