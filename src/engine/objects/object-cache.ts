import type { ManagedObject } from '../../domain/managed-object.ts'
import { createRecentEntries } from '../../domain/recent-entries.ts'

/** Keeps objects that were read, those going first that were not used for long. */
export type ObjectCache = {
  get(tenant: string, id: string): ManagedObject | undefined
  set(object: ManagedObject): void
  delete(tenant: string, id: string): void
}

/**
 * Valid only while no other process changes the database: what is committed here is put here (see `exclusive` of the
 * store). Where two tenants have objects of one identifier, which clients may choose, the latest of them is kept.
 */
export const createObjectCache = (entries: number): ObjectCache => {
  const objects = createRecentEntries<ManagedObject>(entries)

  const get = (tenant: string, id: string): ManagedObject | undefined => {
    const object = objects.get(id)
    return object?.tenant === tenant ? object : undefined
  }

  return {
    get,
    set: (object) => objects.put(object.id, object),
    delete: (tenant, id) => {
      if (get(tenant, id) !== undefined) objects.delete(id)
    },
  }
}

/** Where other processes write, too: nothing is kept. */
export const noObjectCache: ObjectCache = {
  get: () => undefined,
  set: () => undefined,
  delete: () => undefined,
}
