import { createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import { type ObjectStore, OLDEST_STORE_KEY } from '../../domain/object-store.ts'
import { type RootKey, RootKeyUnavailableError } from '../root-key.ts'
import { numberBytes, numberIn } from './setting-number.ts'
import {
  decodeStoredKey,
  destroyedForm,
  encodeStoredKey,
  isDestroyedForm,
  isListAuthentic,
  isUnderAlone,
  type StoredKey,
  type Wrapping,
} from './store-key-form.ts'

/*
 * Store keys seal what is in the database. They are numbered, so that they can be changed while the older ones still
 * open what they sealed, and each is kept in the database itself, wrapped under every root key there is.
 */

export type Settings = ObjectStore['settings']

/** One store key: the key that seals material, and the one that authenticates metadata, derived from it. */
export type StoreKey = { readonly number: number; readonly seal: KeyObject; readonly mac: KeyObject }

export type StoreKeys = {
  /** Seals everything new. */
  readonly current: StoreKey
  get(number: number): StoreKey | undefined
}

/** The store keys of a database, and how they change. */
export type StoreKeyRing = StoreKeys & {
  /** Number of the newest one there is; it may not seal yet. */
  readonly newest: number
  /** Reads what has changed in the database; from then on store keys open with `roots`, where they are given. */
  refresh(roots?: readonly RootKey[]): Promise<void>
  /** Wraps every store key under those of `roots` under which it is not wrapped yet. Returns how many wrappings it made. */
  cover(roots: readonly RootKey[]): Promise<number>
  /** Makes the next store key, under `roots` alone, where there is none such yet that does not seal; returns its number. */
  publish(roots: readonly RootKey[]): Promise<number>
  /** Lets the newest store key seal everything new. */
  activate(): Promise<void>
  /** Destroys all store keys before the current one, in the database. They are forgotten with `forget`. */
  destroyOld(): Promise<void>
  /** Forgets what is destroyed: what it has sealed does not open any more. */
  forget(): void
}

/** The store keys do not open: another root key is needed, or the database is damaged. Ends the start. */
export class StoreKeyError extends Error {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'StoreKeyError'
  }
}

const KEY_BYTES = 32
/** More rotations than anyone makes; a larger number is damage, not a reason to read on. */
const MAX_NUMBER = 100_000

const CURRENT = 'store-key/current'
const nameOf = (number: number): string => `store-key/${number}`

const purpose = (number: number): Buffer => Buffer.from(`kmipd store key ${number}`)

/** Looks at once whether it opens again: a module that errs here would be noticed when everything is lost. */
const wrapUnder = async (root: RootKey, number: number, key: Buffer): Promise<Wrapping> => {
  const wrapped = await root.wrap(key, purpose(number))
  const opened = await root.unwrap(wrapped, purpose(number)).catch((cause: unknown) => {
    if (cause instanceof RootKeyUnavailableError) throw cause
    throw new StoreKeyError(`the root key ${root.id} does not open what it has just wrapped`, { cause })
  })
  const isSame = opened.equals(key)
  opened.fill(0)
  if (!isSame) throw new StoreKeyError(`the root key ${root.id} opens something else than it has wrapped`)
  return { rootId: root.id, wrapped }
}

const wrapUnderAll = async (roots: readonly RootKey[], number: number, key: Buffer): Promise<Buffer> =>
  encodeStoredKey(number, key, await Promise.all(roots.map((root) => wrapUnder(root, number, key))))

const idsOf = (roots: readonly { readonly id: string }[]): string => roots.map(({ id }) => id).join(', ')

/** Says which root keys would do, so that the operator knows which one is missing. */
const noRootFits = (number: number, wrappings: readonly Wrapping[], roots: readonly RootKey[]): StoreKeyError => {
  const wanted = wrappings.map(({ rootId }) => rootId).join(', ')
  const needs = wrappings.length === 1 ? `the root key ${wanted}` : `one of the root keys ${wanted}`
  return new StoreKeyError(`store key ${number} needs ${needs}; given: ${roots.length === 0 ? 'none' : idsOf(roots)}`)
}

const storedKey = (number: number, value: Buffer): StoredKey => {
  const stored = decodeStoredKey(value)
  if (stored === undefined) throw new StoreKeyError(`store key ${number} has a form that this version does not know`)
  return stored
}

const doesNotOpen = (number: number, { id }: RootKey, cause: unknown): StoreKeyError => {
  const message =
    cause instanceof RootKeyUnavailableError
      ? `store key ${number} cannot be opened now: ${cause.message}`
      : `store key ${number} is damaged: the root key ${id} is right but does not open it`
  return new StoreKeyError(message, { cause })
}

/** Tries the roots that would do one after the other: one that fails is no reason to do without the others. */
const unwrapStored = async (number: number, stored: StoredKey, roots: readonly RootKey[]): Promise<Buffer> => {
  let failure: StoreKeyError | undefined
  for (const root of roots) {
    const wrapping = stored.wrappings.find(({ rootId }) => rootId === root.id)
    if (wrapping === undefined) continue
    try {
      return await root.unwrap(wrapping.wrapped, purpose(number))
    } catch (cause) {
      failure ??= doesNotOpen(number, root, cause)
    }
  }
  throw failure ?? noRootFits(number, stored.wrappings, roots)
}

const storeKeyOf = (number: number, bytes: Buffer): StoreKey => {
  const seal = createSecretKey(bytes)
  bytes.fill(0)
  const mac = Buffer.from(hkdfSync('sha256', seal, '', 'kmipd metadata mac', KEY_BYTES))
  const key = { number, seal, mac: createSecretKey(mac) }
  mac.fill(0)
  return key
}

/** @throws StoreKeyError where no root opens it, or its list of wrappings is not the one that was written */
const openStored = async (number: number, value: Buffer, roots: readonly RootKey[]): Promise<StoreKey> => {
  const stored = storedKey(number, value)
  const bytes = await unwrapStored(number, stored, roots)
  if (bytes.length !== KEY_BYTES || !isListAuthentic(number, bytes, stored))
    throw new StoreKeyError(`store key ${number} is damaged: the list of its root keys is not what was written`)
  return storeKeyOf(number, bytes)
}

const currentNumber = async (settings: Settings): Promise<number> => {
  const value = await settings.get(CURRENT)
  if (value === undefined) return 1
  const number = numberIn(value) ?? 0
  if (number < 1 || number > MAX_NUMBER) throw new StoreKeyError(`the setting ${CURRENT} is damaged`)
  return number
}

/** Makes a store key where there is none of its number. Nodes that do so at once all use what the first of them wrote. */
const makeKey = async (settings: Settings, number: number, roots: readonly RootKey[]): Promise<void> => {
  const fresh = randomBytes(KEY_BYTES)
  const stored = await wrapUnderAll(roots, number, fresh)
  fresh.fill(0)
  await settings.putIfAbsent(nameOf(number), stored)
}

/** How often a change is tried again that another process has come before. */
const MOST_RETRIES = 8

/** Adds wrappings of one key. Returns how many. */
const coverKey = async (settings: Settings, key: StoreKey, roots: readonly RootKey[]): Promise<number> => {
  for (let retry = 0; retry < MOST_RETRIES; retry += 1) {
    const value = await settings.get(nameOf(key.number))
    if (value === undefined || isDestroyedForm(value)) return 0
    const { wrappings } = storedKey(key.number, value)
    const missing = roots.filter(({ id }) => wrappings.every(({ rootId }) => rootId !== id))
    if (missing.length === 0) return 0
    const bytes = key.seal.export()
    const added = await Promise.all(missing.map((root) => wrapUnder(root, key.number, bytes)))
    const covered = encodeStoredKey(key.number, bytes, [...wrappings, ...added])
    bytes.fill(0)
    if (await settings.replace(nameOf(key.number), value, covered)) return added.length
  }
  throw new StoreKeyError(`store key ${key.number} is being changed by another process`)
}

/** Never lowers it, whoever else is at it. */
const raiseCurrent = async (settings: Settings, number: number): Promise<void> => {
  const before = await settings.get(CURRENT)
  if ((await currentNumber(settings)) >= number) return
  if (before === undefined) await settings.putIfAbsent(CURRENT, numberBytes(number))
  else await settings.replace(CURRENT, before, numberBytes(number))
}

/** What is in memory of the store keys. */
type Known = {
  readonly keys: Map<number, StoreKey>
  readonly destroyed: Set<number>
  current: StoreKey
  newest: number
}

/** Reads on from what is known. A number beyond the current one may be there: it will seal next. */
const readKeys = async (
  settings: Settings,
  known: Map<number, StoreKey>,
  roots: readonly RootKey[],
): Promise<Known> => {
  const sealing = await currentNumber(settings)
  const keys = new Map(known)
  const destroyed = new Set<number>()
  let newest = 0
  for (let number = 1; number <= MAX_NUMBER; number += 1) {
    const value = await settings.get(nameOf(number))
    if (value === undefined && number > sealing) break
    if (value === undefined) throw new StoreKeyError(`store key ${number} is missing`)
    newest = number
    if (isDestroyedForm(value)) destroyed.add(number)
    else if (!keys.has(number)) keys.set(number, await openStored(number, value, roots))
  }
  const current = keys.get(sealing)
  if (current === undefined || destroyed.has(sealing)) throw new StoreKeyError(`store key ${sealing} is destroyed`)
  return { keys, destroyed, current, newest }
}

/** What an operator is shown of a store key. */
export type StoreKeyFacts = {
  readonly number: number
  readonly state: 'seals' | 'opens' | 'published' | 'destroyed'
  /** The root keys that open it. */
  readonly roots: readonly string[]
}

const stateOf = (number: number, sealing: number): StoreKeyFacts['state'] => {
  if (number === sealing) return 'seals'
  return number < sealing ? 'opens' : 'published'
}

/** The store keys of a database, without opening any. @throws StoreKeyError where one is damaged */
export const describeStoreKeys = async (settings: Settings): Promise<readonly StoreKeyFacts[]> => {
  const sealing = await currentNumber(settings)
  const facts: StoreKeyFacts[] = []
  for (let number = 1; number <= MAX_NUMBER; number += 1) {
    const value = await settings.get(nameOf(number))
    if (value === undefined) break
    if (isDestroyedForm(value)) facts.push({ number, state: 'destroyed', roots: [] })
    else {
      const roots = storedKey(number, value).wrappings.map(({ rootId }) => rootId)
      facts.push({ number, state: stateOf(number, sealing), roots })
    }
  }
  return facts
}

/** The fence of the store needs a row to be held by. */
const ensureFence = async (settings: Settings): Promise<void> => {
  if ((await settings.get(OLDEST_STORE_KEY)) === undefined) await settings.putIfAbsent(OLDEST_STORE_KEY, numberBytes(1))
}

/**
 * Reads all store keys; makes the first, under all of `roots`, where there is none yet.
 * @throws StoreKeyError where none of the roots is one that they are wrapped under, or one of them is damaged
 */
export const loadStoreKeys = async (roots: readonly RootKey[], settings: Settings): Promise<StoreKeyRing> => {
  if ((await settings.get(nameOf(1))) === undefined) await makeKey(settings, 1, roots)
  await ensureFence(settings)
  let given = roots
  let known = await readKeys(settings, new Map(), given)

  const refresh = async (others: readonly RootKey[] = given): Promise<void> => {
    given = others
    known = await readKeys(settings, known.keys, given)
  }
  const alive = (): readonly StoreKey[] => [...known.keys.values()].filter(({ number }) => !known.destroyed.has(number))

  return {
    get current() {
      return known.current
    },
    get newest() {
      return known.newest
    },
    get: (number) => known.keys.get(number),
    refresh,
    cover: async (wanted) => {
      let made = 0
      for (const key of alive()) made += await coverKey(settings, key, wanted)
      return made
    },
    publish: async (wanted) => {
      await refresh()
      if (known.newest === known.current.number || !isUnderAlone(await settings.get(nameOf(known.newest)), wanted)) {
        await makeKey(settings, known.newest + 1, wanted)
        await refresh([...given, ...wanted.filter((root) => given.every(({ id }) => id !== root.id))])
      }
      return known.newest
    },
    activate: async () => {
      await raiseCurrent(settings, known.newest)
      await refresh()
    },
    destroyOld: async () => {
      for (const { number } of alive().filter((key) => key.number < known.current.number))
        await settings.put(nameOf(number), destroyedForm())
      await refresh()
    },
    forget: () => {
      for (const number of known.destroyed) known.keys.delete(number)
    },
  }
}
