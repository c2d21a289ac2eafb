import { OBJECT_TYPE, STATE } from '../../protocol/enumerations.ts'
import { isArchived, isDestroyed, type ManagedObject, stateOf } from '../../domain/managed-object.ts'
import type { Condition, Search, SearchKey } from '../../domain/object-store.ts'
import type { Together } from './locate-search.ts'
import { hasFields, searchKeys } from './search-keys.ts'

/*
 * A search evaluated on one object in memory: for what a batch with Undo has changed and not yet committed. The tests
 * hold it against what the databases answer.
 */

const numberMatches = (keys: readonly SearchKey[], attribute: string, matches: (number: number) => boolean): boolean =>
  keys.some((key) => key.attribute === attribute && key.number !== undefined && matches(key.number))

const holds = (object: ManagedObject, keys: readonly SearchKey[], condition: Condition, now: number): boolean => {
  switch (condition.kind) {
    case 'equals':
      return keys.some((key) => key.attribute === condition.attribute && key.value.equals(condition.value))
    case 'range':
      return numberMatches(keys, condition.attribute, (number) => number >= condition.from && number <= condition.to)
    case 'has-bits':
      return numberMatches(keys, condition.attribute, (number) => (number & condition.bits) === condition.bits)
    case 'id':
      return object.id === condition.id
    case 'object-type':
      return OBJECT_TYPE.code[object.objectType] === condition.objectType
    case 'state':
      return STATE.code[stateOf(object, now)] === condition.state
  }
}

const inStorage = (object: ManagedObject, storage: Search['storage']): boolean => {
  if (isDestroyed(object)) return storage.destroyed
  return isArchived(object) ? storage.archived : storage.online
}

/** Whether the fields that belong together are those of one instance each. */
export const holdsTogether = (object: ManagedObject, together: readonly Together[]): boolean =>
  together.every(({ ref, fields }) => hasFields(object.attributes, ref, fields))

/** Whether a search finds the object. */
export const matches = (object: ManagedObject, search: Search): boolean => {
  if (object.tenant !== search.tenant || (search.owner !== undefined && object.owner !== search.owner)) return false
  if (!inStorage(object, search.storage)) return false
  const keys = searchKeys(object.attributes)
  return search.conditions.every((condition) => holds(object, keys, condition, search.now))
}
