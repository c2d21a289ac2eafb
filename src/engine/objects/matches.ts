import { OBJECT_TYPE, STATE } from '../../protocol/enumerations.ts'
import { isArchived, isDestroyed, type ManagedObject, stateOf } from '../../domain/managed-object.ts'
import type { Condition, LifecycleColumns, Search, SearchFacts, SearchKey } from '../../domain/object-store.ts'
import { lifecycleOf } from '../../domain/state.ts'
import type { Together } from './locate-search.ts'
import { searchFacts } from './search-facts.ts'
import { hasFields, searchKeys } from './search-keys.ts'

/*
 * A search evaluated on one object in memory: for what a batch with Undo has changed and not yet committed. The tests
 * hold it against what the databases answer.
 */

/** What a search looks at: in the database columns and keys, here made from the object. */
type Searched = {
  readonly object: ManagedObject
  readonly facts: SearchFacts & LifecycleColumns
  readonly keys: readonly SearchKey[]
}

const hasKey = ({ keys }: Searched, wanted: SearchKey): boolean => keys.some((key) => key.equals(wanted))

const holds = (searched: Searched, condition: Condition, now: number): boolean => {
  const { object, facts } = searched
  switch (condition.kind) {
    case 'equals':
      return hasKey(searched, condition.key)
    case 'usual':
      return hasKey(searched, condition.key) || !hasKey(searched, condition.marker)
    case 'range': {
      const date = facts[condition.fact]
      return date !== undefined && date >= condition.from && date <= condition.to
    }
    case 'at-least': {
      const limit = facts[condition.fact]
      return limit !== undefined && limit >= condition.limit
    }
    case 'has-bits': {
      const mask = facts[condition.fact]
      return mask !== undefined && (mask & condition.bits) === condition.bits
    }
    case 'id':
      return object.id === condition.id
    case 'object-type':
      return OBJECT_TYPE.code[object.objectType] === condition.objectType
    case 'object-types': {
      const code = OBJECT_TYPE.code[object.objectType]
      return code >= condition.from && code <= condition.to
    }
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
  const { attributes } = object
  const facts = { ...lifecycleOf(attributes), ...searchFacts(object) }
  const searched = { object, facts, keys: searchKeys(attributes) }
  return search.conditions.every((condition) => holds(searched, condition, search.now))
}
