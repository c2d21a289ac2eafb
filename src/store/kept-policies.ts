import { isPromise, type MaybePromise } from '../domain/maybe-promise.ts'
import type { RecordChange, RecordKind, RecordStore, StoredRecord } from '../domain/records.ts'

/** What is read with every object that is made, and hardly ever written: by the server itself, by no command. */
const KEPT: readonly RecordKind[] = ['constraints', 'defaults']

/** Most of what is kept: one or two for each tenant. */
const MOST = 1_000

export type KeptPolicies = {
  readonly records: RecordStore
  /** To be called when these have been written, or may have been. */
  readonly forget: (changes: readonly RecordChange[]) => void
}

/** Remembers policies, whether they are there or not. Only where no other process writes them. */
export const keepPolicies = (store: RecordStore): KeptPolicies => {
  const kept = new Map<string, StoredRecord | undefined>()

  const read: RecordStore['read'] = (kind, tenant, id) => {
    if (!KEPT.includes(kind)) return store.read(kind, tenant, id)
    const key = `${kind} ${tenant} ${id}`
    if (kept.has(key)) return kept.get(key)
    const found: MaybePromise<StoredRecord | undefined> = store.read(kind, tenant, id)
    if (!isPromise(found) && kept.size < MOST) kept.set(key, found)
    return found
  }

  return {
    records: { ...store, read },
    forget: (changes) => {
      if (changes.some(({ record }) => KEPT.includes(record.kind))) kept.clear()
    },
  }
}
