import type { KeyObject } from 'node:crypto'
import type { Clear, Sealed } from '../../domain/bytes.ts'
import type { HeldKey } from '../../domain/key-store.ts'
import { createRecentEntries } from '../../domain/recent-entries.ts'
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

/** A cache of at most `capacity` keys (two at least). What is dropped is cleared. */
export const createKeyCache = (capacity: number): KeyCache => {
  const entries = createRecentEntries<Entry>(capacity, wipe)
  return {
    get size() {
      return entries.size
    },
    get: ({ objectId, sealVersion }, sealed) => {
      const entry = entries.get(objectId)
      if (entry?.sealVersion !== sealVersion) return undefined
      return entry.opened.sealed === sealed || entry.opened.sealed.equals(sealed) ? entry.opened : undefined
    },
    put: ({ objectId, sealVersion }, opened) => entries.put(objectId, { sealVersion, opened }),
    drop: (objectId) => entries.delete(objectId),
  }
}
