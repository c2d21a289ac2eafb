import type { CertificateKeeper } from '../../domain/certificate-keeper.ts'
import type { Clock } from '../../domain/clock.ts'
import type { Deposit, HeldKey, KeyPairSpec, KeyStore, WrappingKeys } from '../../domain/key-store.ts'
import type { Sealed } from '../../domain/bytes.ts'
import type { Resealing } from '../../domain/resealing.ts'
import { type MaybePromise, then } from '../../domain/maybe-promise.ts'
import { UNSPECIFIED } from '../../domain/random-generator.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { ObjectValue } from '../../protocol/structures/managed-objects.ts'
import { QUANTUM_ALGORITHMS } from '../quantum-keys.ts'
import { type AsymmetricKey, describeKey } from './asymmetric/asymmetric-key.ts'
import { hybridOf } from './asymmetric/hybrid.ts'
import { parseKey, readKey } from './asymmetric/read-key.ts'
import { defaultFormat, writeKey } from './asymmetric/write-key.ts'
import { certify, type OwnAuthority } from './certificates/certify.ts'
import { pgpAttributes, pgpCertificateIn } from './certificates/pgp-certificate.ts'
import { validateChain } from './certificates/validate-chain.ts'
import { convertObject } from './convert.ts'
import { decapsulate, encapsulate, sharedSecret } from './encapsulation.ts'
import { hash } from './hash.ts'
import { deriveObject } from './derive/derive.ts'
import { beginStream } from './data-stream.ts'
import { generateSymmetricKey } from './generate-key.ts'
import type { Pair } from './key-pair/make-pair.ts'
import { planKeyPair } from './key-pair/plan-pair.ts'
import { type Inspected, inspectObject } from './inspect-object.ts'
import { createKeyCache, type KeyCache, type OpenedKey } from './key-cache.ts'
import { decodeCopy, decodeObject, encodeObject } from './object-codec.ts'
import { isMac, mac } from './mac.ts'
import { planContainer, planOpening } from './pkcs12/container.ts'
import { createX931Source, type RandomSource } from './random/random-source.ts'
import { seal, sealAgain, sealRecord, sealRecordAgain, unseal, unsealRecord } from './seal.ts'
import { sign, verify } from './signature.ts'
import { authenticate, isAuthentic } from './metadata-mac.ts'
import type { StoreKeys } from './store-keys.ts'
import { joinParts } from './split/join.ts'
import { secretOf } from './split/secret-of-object.ts'
import { splitSecret } from './split/split.ts'
import { asymmetricKeyOf, decryptWith, encryptWith, secretKeyOf } from './use-key.ts'
import { createWorkQueue, type WorkQueue } from '../../domain/work-queue.ts'
import { unwrapObject } from './wrapping/unwrap-object.ts'
import { type OpenKey, wrapObject } from './wrapping/wrap-object.ts'

export type SoftwareKeyStoreOptions = {
  /** Opened already; what changes in there is gone by at once. */
  readonly storeKeys: StoreKeys
  readonly clock: Clock
  /** What makes key material; ANSI X9.31 where absent. */
  readonly random?: RandomSource
  /** The server's own issuing authority; without it, certificates are issued under keys of clients alone. */
  readonly authority?: OwnAuthority
  /** Most opened keys kept in memory. */
  readonly cacheEntries?: number
}

const DEFAULT_CACHE_ENTRIES = 10_000

/** Key pairs being made at once, and waiting: each occupies a thread of the pool that everything shares. */
const GENERATION_LIMITS = {
  running: 2,
  waiting: 64,
  refusal: 'Too many keys are being made: try again later',
} as const

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

const halfOf = (half: 'privateKey' | 'publicKey', pair: Pair): AsymmetricKey | undefined =>
  pair.partners === undefined ? describeKey(pair[half]) : hybridOf({ kem: pair[half], curve: pair.partners[half] })

const keyOfPair = (half: 'privateKey' | 'publicKey', pair: Pair, spec: KeyPairSpec): ObjectValue => {
  const key = halfOf(half, pair)
  if (key === undefined) throw new KmipError('CryptographicFailure', 'The key pair could not be made')
  const keyFormatType = defaultFormat(key)
  const keyBlock = {
    keyFormatType,
    keyValue: { keyMaterial: writeKey(key, keyFormatType), attributes: [] },
    cryptographicAlgorithm: spec.algorithm,
    cryptographicLength: key.length,
  }
  return { objectType: half === 'privateKey' ? 'PrivateKey' : 'PublicKey', value: { keyBlock } }
}

/** A key made here: its numbers need no check. */
const own = (object: ObjectValue): Inspected => inspectObject(object, parseKey)

/** What the library makes whatever our generator is, is not said to come from that one. */
const stating = ({ algorithm }: KeyPairSpec, made: Inspected): Inspected => {
  const known = QUANTUM_ALGORITHMS.get(algorithm)
  if (known === undefined || known.seedBytes !== undefined) return made
  return { ...made, attributes: [...made.attributes, { name: 'RandomNumberGenerator', value: UNSPECIFIED }] }
}

/** An object that a client brings, checked; the library that reads PGP certificates has to be waited for. */
const inspectedDeposit = (object: ObjectValue): MaybePromise<Inspected> => {
  const inspected = inspectObject(object, readKey)
  const pgp = pgpCertificateIn(object)
  if (pgp === undefined) return inspected
  return then(pgpAttributes(pgp), (more) => ({ ...inspected, attributes: [...inspected.attributes, ...more] }))
}

/** A key that is unwrapped for one use is not kept: whether it may be unwrapped is asked each time. */
const unwrapped = ({ sealed, clear }: OpenedKey, under: WrappingKeys, open: OpenKey): OpenedKey => {
  const fresh = encodeObject(unwrapObject(decodeCopy(clear), under, open))
  return { sealed, clear: fresh, object: decodeObject(fresh) }
}

/** Opens keys, each once for as long as the cache keeps it. */
const openerOf = (keys: StoreKeys, cache: KeyCache): OpenKey => {
  const kept = (key: HeldKey): OpenedKey => {
    const sealed = sealedOf(key)
    const known = cache.get(key, sealed)
    if (known !== undefined) return known
    const fresh = open(keys, key, sealed)
    cache.put(key, fresh)
    return fresh
  }
  const opened: OpenKey = (key) =>
    key.wrappedUnder === undefined ? kept(key) : unwrapped(kept(key), key.wrappedUnder, opened)
  return opened
}

const noAuthority: OwnAuthority = () =>
  Promise.reject(new KmipError('FeatureNotSupported', 'The server has no issuing authority of its own'))

const certifying = (opened: OpenKey, authority: OwnAuthority | undefined): CertificateKeeper => ({
  certify: (order) => certify(order, opened, authority ?? noAuthority),
  validateChain: async (chain) => validateChain(chain, (await authority?.())?.certificate),
})

const containing = (opened: OpenKey, queue: WorkQueue): Pick<KeyStore, 'sealContainer' | 'openContainer'> => ({
  sealContainer: async ({ privateKey, certificates, friendlyName }, password) => {
    const parts = {
      privateKey: privateKey && opened(privateKey),
      certificates: certificates.map(opened),
      friendlyName,
    }
    return queue.run(planContainer(parts, opened(password)))
  },
  openContainer: async (container, password, name) => queue.run(planOpening(container, opened(password), name)),
})

const splitting = (keys: StoreKeys, opened: OpenKey, random: RandomSource): Pick<KeyStore, 'split' | 'join'> => ({
  split: (ids, secret, scheme) => {
    // A copy: the cache may drop what it owns while a prime is checked.
    const object = 'held' in secret ? decodeCopy(opened(secret.held).clear) : generateSymmetricKey(secret.made, random)
    const parts = splitSecret(secretOf(object), scheme, (length) => random.bytes(length))
    return then(parts, (objects) => objects.map((part, index) => takeIn(keys, ids[index] ?? '', own(part))))
  },
  join: (objectId, parts, wanted) => {
    const objects = parts.map((part) => decodeCopy(opened(part).clear))
    return takeIn(keys, objectId, inspectObject(joinParts(objects, wanted), readKey))
  },
})

const encapsulating = (keys: StoreKeys, opened: OpenKey): Pick<KeyStore, 'encapsulate' | 'decapsulate'> => ({
  encapsulate: (objectId, key, parameters, wanted) => {
    const { secret, ciphertext } = encapsulate(asymmetricKeyOf(opened(key)), parameters)
    return { deposit: takeIn(keys, objectId, own(sharedSecret(secret, wanted))), ciphertext }
  },
  decapsulate: (objectId, key, parameters, { ciphertext, wanted }) => {
    const secret = decapsulate(asymmetricKeyOf(opened(key)), parameters, ciphertext)
    return takeIn(keys, objectId, own(sharedSecret(secret, wanted)))
  },
})

type Guarding = Pick<KeyStore, 'sealRecord' | 'openRecord' | 'authenticate' | 'isAuthentic'>

const resealing = (keys: StoreKeys): Omit<Resealing, 'storeKey'> => ({
  hasStoreKey: (number) => keys.get(number) !== undefined,
  reseal: (key) =>
    key.ref.kind === 'resident'
      ? key
      : {
          ...key,
          ref: { kind: 'sealed', sealed: sealAgain(keys, contextOf(key.objectId, key.sealVersion), key.ref.sealed) },
        },
  resealRecord: (place, sealed) => sealRecordAgain(keys, place, sealed),
})

/** What needs no key but the store keys. */
const guarding = (keys: StoreKeys): Guarding => ({
  sealRecord: (place, clear) => sealRecord(keys, place, clear),
  openRecord: (place, sealed) => unsealRecord(keys, place, sealed),
  authenticate: (metadata) => authenticate(keys, metadata),
  isAuthentic: (metadata, mac) => isAuthentic(keys, metadata, mac),
})

/** The keystore in software: what the store keys protect is opened in this process, by node:crypto. */
export const createSoftwareKeyStore = (options: SoftwareKeyStoreOptions): KeyStore => {
  const { storeKeys: keys, clock, random = createX931Source(clock), cacheEntries = DEFAULT_CACHE_ENTRIES } = options
  const cache = createKeyCache(cacheEntries)
  const queue = createWorkQueue(GENERATION_LIMITS)
  const opened = openerOf(keys, cache)

  return {
    generator: random.parameters,
    generateKey: (objectId, spec) => takeIn(keys, objectId, own(generateSymmetricKey(spec, random))),
    generateKeyPair: async (ids, spec) => {
      const make = planKeyPair(spec)
      const pair = await queue.run(() => make(random))
      return {
        privateKey: takeIn(keys, ids.privateKey, stating(spec, own(keyOfPair('privateKey', pair, spec)))),
        publicKey: takeIn(keys, ids.publicKey, stating(spec, own(keyOfPair('publicKey', pair, spec)))),
      }
    },
    derive: (objectId, sources, derivation, spec) => {
      // Copies: the cache may drop what it owns while a derivation waits for its thread.
      const objects = sources.map((source) => decodeCopy(opened(source).clear))
      const derive = () => deriveObject(objects, derivation, spec)
      const derived = derivation.method === 'PBKDF2' ? queue.run(async () => derive()) : derive()
      return then(derived, (object) => takeIn(keys, objectId, own(object)))
    },
    ...splitting(keys, opened, random),
    ...certifying(opened, options.authority),
    deposit: (objectId, object, replaced) =>
      then(inspectedDeposit(object), (inspected) =>
        takeIn(keys, objectId, inspected, (replaced?.sealVersion ?? 0) + FIRST_VERSION),
      ),
    // Answers get a copy: what the cache owns is cleared when it is dropped, perhaps before an answer is written.
    retrieve: (key, wanted) => convertObject(decodeCopy(opened(key).clear), wanted ?? {}),
    wrap: (key, wanted, wrapping) => wrapObject(convertObject(decodeCopy(opened(key).clear), wanted), wrapping, opened),
    unwrap: (object, under) => unwrapObject(object, under, opened),
    ...containing(opened, queue),
    encrypt: (key, parameters, input) => encryptWith(opened(key), parameters, input),
    decrypt: (key, parameters, input) => decryptWith(opened(key), parameters, input),
    sign: (key, parameters, input) => sign(asymmetricKeyOf(opened(key)), parameters, input),
    verify: (key, parameters, input, signature) => verify(asymmetricKeyOf(opened(key)), parameters, input, signature),
    ...encapsulating(keys, opened),
    mac: (key, parameters, data) => mac(secretKeyOf(opened(key)), parameters, data),
    isMac: (key, parameters, data, given) => isMac(secretKeyOf(opened(key)), parameters, data, given),
    hash,
    beginStream: (start) => beginStream(start, opened),
    random: (length) => random.bytes(length),
    seedRandom: (material) => random.seed(material),
    ...guarding(keys),
    ...resealing(keys),
    get storeKey() {
      return keys.current.number
    },
    destroy: (destroyed) => {
      for (const { objectId } of destroyed) cache.drop(objectId)
      return Promise.resolve()
    },
  }
}
