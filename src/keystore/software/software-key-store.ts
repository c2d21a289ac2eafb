import { createSecretKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { Deposit, EncryptInput, EncryptOutput, HeldKey, KeyPairSpec, KeyStore } from '../../domain/key-store.ts'
import type { Sealed } from '../../domain/bytes.ts'
import { then } from '../../domain/maybe-promise.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { CryptographicParameters } from '../../protocol/structures/cryptographic-parameters.ts'
import type { ObjectValue } from '../../protocol/structures/managed-objects.ts'
import { type AsymmetricKey, describeKey } from './asymmetric/asymmetric-key.ts'
import { parseKey, type ReadKey, readKey } from './asymmetric/read-key.ts'
import { defaultFormat, writeKey } from './asymmetric/write-key.ts'
import { decrypt, encrypt, type SecretKey } from './cipher.ts'
import { convertObject } from './convert.ts'
import { hash } from './hash.ts'
import { deriveObject } from './derive/derive.ts'
import { generateSymmetricKey } from './generate-key.ts'
import { planKeyPair } from './generate-key-pair.ts'
import { plainValue } from './inspect-key.ts'
import { type Inspected, inspectObject } from './inspect-object.ts'
import { createKeyCache, type OpenedKey } from './key-cache.ts'
import { decodeCopy, decodeObject, encodeObject } from './object-codec.ts'
import { isMac, mac } from './mac.ts'
import { createRandomSource } from './random.ts'
import type { RootKey } from './root-key.ts'
import { rsaDecrypt, rsaEncrypt } from './rsa-cipher.ts'
import { seal, unseal } from './seal.ts'
import { sign, verify } from './signature.ts'
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

const takeIn = (
  keys: StoreKeys,
  objectId: string,
  { object, attributes }: Inspected,
  sealVersion = FIRST_VERSION,
): Deposit => {
  const clear = encodeObject(object)
  const sealed = seal(keys, contextOf(objectId, sealVersion), clear)
  clear.fill(0)
  return { key: { objectId, sealVersion, ref: { kind: 'sealed', sealed } }, attributes }
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

const asymmetricMaterial = ({ object }: OpenedKey): ReadKey => {
  const { objectType } = object
  if (objectType === 'Certificate') {
    const key = describeKey(new X509Certificate(object.value.certificateValue).publicKey)
    return key ?? 'kept'
  }
  if (objectType !== 'PublicKey' && objectType !== 'PrivateKey') return 'kept'
  const { keyBlock } = object.value
  const material = plainValue(keyBlock)?.keyMaterial
  if (material === undefined || typeof keyBlock.keyFormatType === 'number') return 'kept'
  return parseKey(objectType, keyBlock.keyFormatType, material)
}

const asymmetricKeyOf = (opened: OpenedKey): AsymmetricKey => {
  const known = opened.keyObject === undefined ? undefined : describeKey(opened.keyObject)
  const key = known ?? asymmetricMaterial(opened)
  if (key === 'kept') throw new KmipError('InvalidField', 'The key is in a form in which it cannot be used')
  opened.keyObject = key.keyObject
  return key
}

const encryptWith = (key: OpenedKey, parameters: CryptographicParameters, input: EncryptInput): EncryptOutput => {
  if (key.object.objectType === 'SymmetricKey') return encrypt(secretKeyOf(key), parameters, input)
  const data = rsaEncrypt(asymmetricKeyOf(key), parameters, input.data)
  return { data, ivCounterNonce: undefined, tag: undefined }
}

const decryptWith = (key: OpenedKey, parameters: CryptographicParameters, input: EncryptInput): Buffer =>
  key.object.objectType === 'SymmetricKey'
    ? decrypt(secretKeyOf(key), parameters, input)
    : rsaDecrypt(asymmetricKeyOf(key), parameters, input.data)

/**
 * The keystore in software: what the root key protects is opened in this process, by node:crypto.
 * @throws StoreKeyError where the root key does not open the store keys
 */
export const createSoftwareKeyStore = async (options: SoftwareKeyStoreOptions): Promise<KeyStore> => {
  const { rootKey, settings, cacheEntries = DEFAULT_CACHE_ENTRIES } = options
  const keys = await loadStoreKeys(rootKey, settings)
  const cache = createKeyCache(cacheEntries)
  const queue = createWorkQueue(GENERATION_LIMITS)
  const random = createRandomSource()

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
    derive: (objectId, sources, derivation, spec) => {
      // Copies: the cache may drop what it owns while a derivation waits for its thread.
      const objects = sources.map((source) => decodeCopy(opened(source).clear))
      const derive = () => deriveObject(objects, derivation, spec)
      const derived = derivation.method === 'PBKDF2' ? queue.run(async () => derive()) : derive()
      return then(derived, (object) => takeIn(keys, objectId, own(object)))
    },
    deposit: (objectId, object, replaced) =>
      takeIn(keys, objectId, inspectObject(object, readKey), (replaced?.sealVersion ?? 0) + FIRST_VERSION),
    // Answers get a copy: what the cache owns is cleared when it is dropped, perhaps before an answer is written.
    retrieve: (key, wanted) => convertObject(decodeCopy(opened(key).clear), wanted ?? {}),
    encrypt: (key, parameters, input) => encryptWith(opened(key), parameters, input),
    decrypt: (key, parameters, input) => decryptWith(opened(key), parameters, input),
    sign: (key, parameters, input) => sign(asymmetricKeyOf(opened(key)), parameters, input),
    verify: (key, parameters, input, signature) => verify(asymmetricKeyOf(opened(key)), parameters, input, signature),
    mac: (key, parameters, data) => mac(secretKeyOf(opened(key)), parameters, data),
    isMac: (key, parameters, data, given) => isMac(secretKeyOf(opened(key)), parameters, data, given),
    hash,
    random: (length) => random.bytes(length),
    seedRandom: (material) => {
      random.seed(material)
      return material.length
    },
    authenticate: (metadata) => authenticate(keys, metadata),
    isAuthentic: (metadata, mac) => isAuthentic(keys, metadata, mac),
    destroy: (destroyed) => {
      for (const { objectId } of destroyed) cache.drop(objectId)
      return Promise.resolve()
    },
  }
}
