import type { ManagedObject } from '../../domain/managed-object.ts'

/** Keeps objects that were read, the least recently used ones going first. */
export type ObjectCache = {
  get(tenant: string, id: string): ManagedObject | undefined
  set(object: ManagedObject): void
  delete(tenant: string, id: string): void
}

const keyOf = (tenant: string, id: string): string => `${tenant}/${id}`

/**
 * Valid only while no other process changes the database: what is committed here is put here (see `exclusive` of the
 * store).
 */
export const createObjectCache = (entries: number): ObjectCache => {
  const objects = new Map<string, ManagedObject>()
  return {
    get: (tenant, id) => {
      const key = keyOf(tenant, id)
      const object = objects.get(key)
      if (object === undefined) return undefined
      objects.delete(key)
      objects.set(key, object)
      return object
    },
    set: (object) => {
      const key = keyOf(object.tenant, object.id)
      objects.delete(key)
      objects.set(key, object)
      if (objects.size <= entries) return
      const [oldest] = objects.keys()
      if (oldest !== undefined) objects.delete(oldest)
    },
    delete: (tenant, id) => {
      objects.delete(keyOf(tenant, id))
    },
  }
}

/** Where other processes write, too: nothing is kept. */
export const noObjectCache: ObjectCache = {
  get: () => undefined,
  set: () => undefined,
  delete: () => undefined,
}
