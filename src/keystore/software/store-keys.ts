import { createHmac, createSecretKey, hkdfSync, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto'
import type { ObjectStore } from '../../domain/object-store.ts'
import type { RootKey } from './root-key.ts'

/*
 * Store keys seal what is in the database. They are numbered, so that they can be changed while the older ones still
 * open what they sealed, and each is kept in the database itself, wrapped under the root key.
 */

export type Settings = ObjectStore['settings']

/** One store key: the key that seals material, and the one that authenticates metadata, derived from it. */
export type StoreKey = { readonly number: number; readonly seal: KeyObject; readonly mac: KeyObject }

export type StoreKeys = {
  /** Seals everything new. */
  readonly current: StoreKey
  get(number: number): StoreKey | undefined
}

/** The store keys do not open: another root key is needed, or the database is damaged. Ends the start. */
export class StoreKeyError extends Error {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'StoreKeyError'
  }
}

const FORMAT = 1
const ROOT_ID_BYTES = 8
const HEADER_BYTES = 1 + ROOT_ID_BYTES
const KEY_BYTES = 32
/** More rotations than anyone makes; a larger number is damage, not a reason to read on. */
const MAX_NUMBER = 100_000

const CURRENT = 'store-key/current'
const nameOf = (number: number): string => `store-key/${number}`

const purpose = (number: number): Buffer => Buffer.from(`kmipd store key ${number}`)

/** Format, fingerprint of the root key, wrapped key. The fingerprint tells the operator which root key is missing. */
const wrapStoreKey = (root: RootKey, number: number, key: Buffer): Buffer =>
  Buffer.concat([Buffer.of(FORMAT), Buffer.from(root.id, 'hex'), root.wrap(key, purpose(number))])

const unwrapStoreKey = (root: RootKey, number: number, wrapped: Buffer): Buffer => {
  if (wrapped[0] !== FORMAT) throw new StoreKeyError(`store key ${number} has a form that this version does not know`)
  const rootId = wrapped.toString('hex', 1, HEADER_BYTES)
  if (rootId !== root.id) {
    throw new StoreKeyError(`store key ${number} needs the root key ${rootId}; the one given is ${root.id}`)
  }
  try {
    return root.unwrap(wrapped.subarray(HEADER_BYTES), purpose(number))
  } catch (cause) {
    throw new StoreKeyError(`store key ${number} is damaged: the root key ${root.id} is right but does not open it`, {
      cause,
    })
  }
}

const storeKeyOf = (number: number, bytes: Buffer): StoreKey => {
  const seal = createSecretKey(bytes)
  bytes.fill(0)
  const mac = Buffer.from(hkdfSync('sha256', seal, '', 'kmipd metadata mac', KEY_BYTES))
  const key = { number, seal, mac: createSecretKey(mac) }
  mac.fill(0)
  return key
}

const firstKey = async (root: RootKey, settings: Settings): Promise<Buffer> => {
  const known = await settings.get(nameOf(1))
  if (known !== undefined) return known
  const fresh = randomBytes(KEY_BYTES)
  const wrapped = wrapStoreKey(root, 1, fresh)
  fresh.fill(0)
  // Nodes that start at once all use what the first of them wrote.
  return settings.putIfAbsent(nameOf(1), wrapped)
}

const currentNumber = async (settings: Settings): Promise<number> => {
  const value = await settings.get(CURRENT)
  if (value === undefined) return 1
  const number = value.length === 4 ? value.readUInt32BE() : 0
  if (number < 1 || number > MAX_NUMBER) throw new StoreKeyError(`the setting ${CURRENT} is damaged`)
  return number
}

/**
 * Reads all store keys; makes the first where there is none yet.
 * @throws StoreKeyError where the root key is not the one they are wrapped under, or one of them is damaged
 */
export const loadStoreKeys = async (root: RootKey, settings: Settings): Promise<StoreKeys> => {
  const keys = new Map<number, StoreKey>()
  let current = storeKeyOf(1, unwrapStoreKey(root, 1, await firstKey(root, settings)))
  keys.set(1, current)
  const last = await currentNumber(settings)
  for (let number = 2; number <= last; number += 1) {
    const wrapped = await settings.get(nameOf(number))
    if (wrapped === undefined) throw new StoreKeyError(`store key ${number} is missing`)
    current = storeKeyOf(number, unwrapStoreKey(root, number, wrapped))
    keys.set(number, current)
  }
  return { current, get: (number) => keys.get(number) }
}

/** Makes the next store key and lets it seal everything new; what is sealed already stays under its own key. */
export const addStoreKey = async (root: RootKey, settings: Settings): Promise<StoreKeys> => {
  const { current } = await loadStoreKeys(root, settings)
  const number = current.number + 1
  const fresh = randomBytes(KEY_BYTES)
  await settings.putIfAbsent(nameOf(number), wrapStoreKey(root, number, fresh))
  fresh.fill(0)
  const value = Buffer.alloc(4)
  value.writeUInt32BE(number)
  await settings.put(CURRENT, value)
  return loadStoreKeys(root, settings)
}

const MAC_FORMAT = 1
const MAC_HEADER_BYTES = 5
const MAC_BYTES = 32

const macOf = (key: StoreKey, metadata: Buffer): Buffer => createHmac('sha256', key.mac).update(metadata).digest()

/** MAC of metadata: format, number of the store key, HMAC-SHA256. */
export const authenticate = (keys: StoreKeys, metadata: Buffer): Buffer => {
  const header = Buffer.alloc(MAC_HEADER_BYTES)
  header[0] = MAC_FORMAT
  header.writeUInt32BE(keys.current.number, 1)
  return Buffer.concat([header, macOf(keys.current, metadata)])
}

/** Whether {@link authenticate} made `mac` of `metadata`, under any store key. */
export const isAuthentic = (keys: StoreKeys, metadata: Buffer, mac: Buffer): boolean => {
  if (mac.length !== MAC_HEADER_BYTES + MAC_BYTES || mac[0] !== MAC_FORMAT) return false
  const key = keys.get(mac.readUInt32BE(1))
  return key !== undefined && timingSafeEqual(macOf(key, metadata), mac.subarray(MAC_HEADER_BYTES))
}
