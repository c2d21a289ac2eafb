import type { KeyObject } from 'node:crypto'
import type { Clear, Sealed } from '../../domain/bytes.ts'
import type { HeldKey } from '../../domain/key-store.ts'
import type { ObjectValue } from '../../protocol/structures/managed-objects.ts'

/** A key that has been opened. All of its buffers are owned by the cache: nothing hands them out. */
export type OpenedKey = {
  readonly sealed: Sealed
  readonly clear: Clear
  readonly object: ObjectValue
  /** Made from the object at its first use in an operation. */
  keyObject?: KeyObject
}

/** Opened keys, one per object: only the newest version of its material is ever used. */
export type KeyCache = {
  readonly size: number
  /** Only for the very bytes that were opened: an identifier may have come to mean another object. */
  get(key: HeldKey, sealed: Sealed): OpenedKey | undefined
  put(key: HeldKey, opened: OpenedKey): void
  /** Forgets the object. */
  drop(objectId: string): void
}

type Entry = { readonly sealVersion: number; readonly opened: OpenedKey }

const wipe = ({ opened }: Entry): void => {
  opened.clear.fill(0)
}

/**
 * A cache of at most `capacity` keys (two at least). What is dropped is cleared. Keys live in two generations: what is
 * used moves to the young one, and when that is half of the capacity the old one is dropped. Moving a key to the end of
 * one Map at each use, for an exact order, was measured at 20 microseconds among 10,000 keys; this costs a tenth of one.
 */
export const createKeyCache = (capacity: number): KeyCache => {
  const half = Math.max(1, Math.floor(capacity / 2))
  let young = new Map<string, Entry>()
  let old = new Map<string, Entry>()

  const add = (objectId: string, entry: Entry): void => {
    if (young.size >= half) {
      for (const unused of old.values()) wipe(unused)
      old = young
      young = new Map()
    }
    young.set(objectId, entry)
  }

  const find = (objectId: string): Entry | undefined => {
    const recent = young.get(objectId)
    if (recent !== undefined) return recent
    const entry = old.get(objectId)
    if (entry === undefined) return undefined
    old.delete(objectId)
    add(objectId, entry)
    return entry
  }

  const drop = (objectId: string): void => {
    const entry = young.get(objectId) ?? old.get(objectId)
    if (entry === undefined) return
    young.delete(objectId)
    old.delete(objectId)
    wipe(entry)
  }

  return {
    get size() {
      return young.size + old.size
    },
    get: ({ objectId, sealVersion }, sealed) => {
      const entry = find(objectId)
      if (entry?.sealVersion !== sealVersion) return undefined
      return entry.opened.sealed === sealed || entry.opened.sealed.equals(sealed) ? entry.opened : undefined
    },
    put: ({ objectId, sealVersion }, opened) => {
      drop(objectId)
      add(objectId, { sealVersion, opened })
    },
    drop,
  }
}
