import { createSecretKey, type KeyObject } from 'node:crypto'
import type { Deposit, HeldKey, KeyPairSpec, KeyStore } from '../../domain/key-store.ts'
import type { Sealed } from '../../domain/bytes.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { ObjectValue } from '../../protocol/structures/managed-objects.ts'
import { describeKey } from './asymmetric/asymmetric-key.ts'
import { parseKey, readKey } from './asymmetric/read-key.ts'
import { defaultFormat, writeKey } from './asymmetric/write-key.ts'
import { decrypt, encrypt, type SecretKey } from './cipher.ts'
import { convertObject } from './convert.ts'
import { generateSymmetricKey } from './generate-key.ts'
import { planKeyPair } from './generate-key-pair.ts'
import { plainValue } from './inspect-key.ts'
import { type Inspected, inspectObject } from './inspect-object.ts'
import { createKeyCache, type OpenedKey } from './key-cache.ts'
import { decodeCopy, decodeObject, encodeObject } from './object-codec.ts'
import type { RootKey } from './root-key.ts'
import { seal, unseal } from './seal.ts'
import { authenticate, isAuthentic, loadStoreKeys, type Settings, type StoreKeys } from './store-keys.ts'
import { createWorkQueue } from './work-queue.ts'

export type SoftwareKeyStoreOptions = {
  readonly rootKey: RootKey
  /** Where the wrapped store keys are kept. */
  readonly settings: Settings
  /** Most opened keys kept in memory. */
  readonly cacheEntries?: number
}

const DEFAULT_CACHE_ENTRIES = 10_000

/** Key pairs being made at once, and waiting: each occupies a thread of the pool that everything shares. */
const GENERATION_LIMITS = { running: 2, waiting: 64 } as const

const COLUMN = 'material'
const FIRST_VERSION = 1

const contextOf = (objectId: string, sealVersion: number) => ({ objectId, column: COLUMN, sealVersion })

const sealedOf = ({ ref }: HeldKey): Sealed => {
  if (ref.kind === 'sealed') return ref.sealed
  throw new KmipError('CryptographicFailure', 'The stored key cannot be opened', {
    cause: new Error(`the key is in the token ${ref.token}, which this keystore does not have`),
  })
}

const takeIn = (keys: StoreKeys, objectId: string, { object, attributes }: Inspected): Deposit => {
  const clear = encodeObject(object)
  const sealed = seal(keys, contextOf(objectId, FIRST_VERSION), clear)
  clear.fill(0)
  return { key: { objectId, sealVersion: FIRST_VERSION, ref: { kind: 'sealed', sealed } }, attributes }
}

const open = (keys: StoreKeys, { objectId, sealVersion }: HeldKey, sealed: Sealed): OpenedKey => {
  const clear = unseal(keys, contextOf(objectId, sealVersion), sealed)
  return { sealed, clear, object: decodeObject(clear) }
}

const keyOfPair = (objectType: 'PrivateKey' | 'PublicKey', keyObject: KeyObject, spec: KeyPairSpec): ObjectValue => {
  const key = describeKey(keyObject)
  if (key === undefined) throw new KmipError('CryptographicFailure', 'The key pair could not be made')
  const keyFormatType = defaultFormat(key)
  const keyBlock = {
    keyFormatType,
    keyValue: { keyMaterial: writeKey(key, keyFormatType), attributes: [] },
    cryptographicAlgorithm: spec.algorithm,
    cryptographicLength: key.length,
  }
  return { objectType, value: { keyBlock } }
}

/** A key made here: its numbers need no check. */
const own = (object: ObjectValue): Inspected => inspectObject(object, parseKey)

/** The bytes of a symmetric key, which the library copies. */
const secretBytes = ({ object }: OpenedKey): Buffer => {
  if (object.objectType !== 'SymmetricKey') {
    throw new KmipError('InvalidField', 'The object is no symmetric key')
  }
  const { keyBlock } = object.value
  if (keyBlock.keyValue === undefined) throw new KmipError('KeyValueNotPresent', 'The server does not hold the key')
  const material = plainValue(keyBlock)?.keyMaterial
  const bytes = Buffer.isBuffer(material) ? material : material?.key
  if (bytes === undefined) throw new KmipError('InvalidField', 'The key is wrapped and cannot be used')
  return bytes
}

const secretKeyOf = (opened: OpenedKey): SecretKey => {
  const keyObject = opened.keyObject ?? createSecretKey(secretBytes(opened))
  opened.keyObject = keyObject
  const { object } = opened
  const algorithm = object.objectType === 'SymmetricKey' ? object.value.keyBlock.cryptographicAlgorithm : undefined
  return { algorithm, keyObject }
}

/**
 * The keystore in software: what the root key protects is opened in this process, by node:crypto.
 * @throws StoreKeyError where the root key does not open the store keys
 */
export const createSoftwareKeyStore = async (options: SoftwareKeyStoreOptions): Promise<KeyStore> => {
  const { rootKey, settings, cacheEntries = DEFAULT_CACHE_ENTRIES } = options
  const keys = await loadStoreKeys(rootKey, settings)
  const cache = createKeyCache(cacheEntries)
  const queue = createWorkQueue(GENERATION_LIMITS)

  const opened = (key: HeldKey): OpenedKey => {
    const sealed = sealedOf(key)
    const known = cache.get(key, sealed)
    if (known !== undefined) return known
    const fresh = open(keys, key, sealed)
    cache.put(key, fresh)
    return fresh
  }

  return {
    generateKey: (objectId, spec) => takeIn(keys, objectId, own(generateSymmetricKey(spec))),
    generateKeyPair: async (ids, spec) => {
      const pair = await queue.run(planKeyPair(spec))
      return {
        privateKey: takeIn(keys, ids.privateKey, own(keyOfPair('PrivateKey', pair.privateKey, spec))),
        publicKey: takeIn(keys, ids.publicKey, own(keyOfPair('PublicKey', pair.publicKey, spec))),
      }
    },
    deposit: (objectId, object) => takeIn(keys, objectId, inspectObject(object, readKey)),
    // Answers get a copy: what the cache owns is cleared when it is dropped, perhaps before an answer is written.
    retrieve: (key, wanted) => convertObject(decodeCopy(opened(key).clear), wanted ?? {}),
    encrypt: (key, parameters, input) => encrypt(secretKeyOf(opened(key)), parameters, input),
    decrypt: (key, parameters, input) => decrypt(secretKeyOf(opened(key)), parameters, input),
    authenticate: (metadata) => authenticate(keys, metadata),
    isAuthentic: (metadata, mac) => isAuthentic(keys, metadata, mac),
    destroy: (destroyed) => {
      for (const { objectId } of destroyed) cache.drop(objectId)
      return Promise.resolve()
    },
  }
}
