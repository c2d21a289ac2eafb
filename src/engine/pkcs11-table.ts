import type { Clock, Ids } from '../domain/clock.ts'
import type { Principal } from '../domain/principal.ts'
import {
  type CryptokiInstance,
  type CryptokiInstances,
  type CryptokiState,
  NEW_STATE,
  PKCS11_LIMITS,
  stateSize,
} from '../domain/pkcs11.ts'
import { createUsage, type UsageLimits } from './usage.ts'
import { createWatch } from './watch.ts'

/** `bytes` are those of the state. */
type Entry = { readonly id: string; readonly owner: string; state: CryptokiState; bytes: number; lastUsed: number }

/** What all clients have open of PKCS#11. */
export type Pkcs11Table = {
  readonly size: number
  /** What it holds. */
  readonly bytes: number
  /** `item` stands for what asks: run again, it finds everything as it was. */
  instancesFor(principal: Principal, item: object): CryptokiInstances
}

export type Pkcs11Limits = UsageLimits & { readonly idle: number }

/** The entries, and what they take together. */
const createEntries = (clock: Clock, limits: Pkcs11Limits) => {
  const entries = new Map<string, Entry>()
  const usage = createUsage(limits)
  const remove = (entry: Entry): void => {
    if (entries.delete(entry.id)) usage.add(entry.owner, -1, -entry.bytes)
  }
  /** Removes what has not been used for too long. Answers whether something is left. */
  const sweep = (): boolean => {
    const oldest = clock.now() - limits.idle
    for (const entry of entries.values()) if (entry.lastUsed < oldest) remove(entry)
    return entries.size > 0
  }
  // For what nobody asks for again: it is held for twice its time at most.
  const watch = createWatch(limits.idle, sweep)
  return {
    usage,
    get size() {
      return entries.size
    },
    find: (id: string): Entry | undefined => entries.get(id),
    put: (entry: Entry): void => {
      if (entries.has(entry.id)) return
      entries.set(entry.id, entry)
      usage.add(entry.owner, 1, entry.bytes)
      watch()
    },
    remove,
    sweep,
    change: (entry: Entry, state: CryptokiState): void => {
      const bytes = stateSize(state)
      if (entries.has(entry.id)) usage.add(entry.owner, 0, bytes - entry.bytes)
      entry.state = state
      entry.bytes = bytes
    },
  }
}

const ownerOf = ({ tenant, id }: Principal): string => `${tenant}\n${id}`

const correlationOf = (id: string): Buffer => Buffer.from(id, 'hex')

export const createPkcs11Table = (clock: Clock, ids: Ids, limits: Pkcs11Limits = PKCS11_LIMITS): Pkcs11Table => {
  const entries = createEntries(clock, limits)
  /** What an item has found: the entry, with the state that it was in. */
  const begun = new WeakMap<object, { readonly entry: Entry; readonly state: CryptokiState; readonly isNew: boolean }>()

  const instanceOf = (entry: Entry): CryptokiInstance => ({
    correlationValue: correlationOf(entry.id),
    get state() {
      return entry.state
    },
    set state(state) {
      entries.change(entry, state)
    },
    hasRoom: (bytes) => entries.usage.hasBytes(entry.owner, bytes),
    close: () => entries.remove(entry),
  })

  /** The same for each run of an item: what a run before has done is taken back. */
  const rewind = (item: object): void => {
    const before = begun.get(item)
    if (before === undefined) return
    const { entry, state, isNew } = before
    entries.change(entry, state)
    if (isNew) entries.remove(entry)
    else entries.put(entry)
  }

  const open = (principal: Principal, item: object): CryptokiInstance | undefined => {
    entries.sweep()
    const owner = ownerOf(principal)
    if (!entries.usage.hasRoom(owner)) return undefined
    const entry = { id: ids.next().replaceAll('-', ''), owner, state: NEW_STATE, bytes: 0, lastUsed: clock.now() }
    entries.put(entry)
    begun.set(item, { entry, state: NEW_STATE, isNew: true })
    return instanceOf(entry)
  }

  const find = (principal: Principal, item: object, correlationValue: Buffer): CryptokiInstance | undefined => {
    entries.sweep()
    const entry = entries.find(correlationValue.toString('hex'))
    if (entry?.owner !== ownerOf(principal)) return undefined
    entry.lastUsed = clock.now()
    begun.set(item, { entry, state: entry.state, isNew: false })
    return instanceOf(entry)
  }

  return {
    get size() {
      return entries.size
    },
    get bytes() {
      return entries.usage.bytes
    },
    instancesFor: (principal, item) => {
      rewind(item)
      return {
        open: () => open(principal, item),
        find: (correlationValue) => find(principal, item, correlationValue),
      }
    },
  }
}
