import type { Attribute } from '../protocol/attribute-instance.ts'
import { CRYPTOGRAPHIC_USAGE_MASK, STORAGE_STATUS_MASK } from '../protocol/enumerations.ts'
import { makeObject, makerOf } from './made-object.ts'
import { type MaybePromise, then } from './maybe-promise.ts'
import type { LocateQuery, LocateResult, OperationContext } from './operation-context.ts'

/*
 * The group that nobody fills. "default" is a reserved Object Group (1.4 section 3.33, 2.1 section 4.36), and where a
 * client wants a fresh member of a group that has none left, the server may make one (1.4 section 4.9, 2.1 section
 * 6.1.28): this server does so in this group, and in no other.
 */

const DEFAULT_GROUP = 'default'

/** What a fresh member is. */
const MEMBER: readonly Attribute[] = [
  { name: 'CryptographicAlgorithm', value: 'AES' },
  { name: 'CryptographicLength', value: 256 },
  { name: 'CryptographicUsageMask', value: CRYPTOGRAPHIC_USAGE_MASK.of('Encrypt', 'Decrypt') },
  { name: 'ObjectGroup', value: DEFAULT_GROUP },
]

/** Asked for by its group alone: it need not be found out whether a new key would match anything else. */
const isForMember = (query: LocateQuery): boolean => {
  const { filters, objectGroupMember, maximumItems = 1, offsetItems = 0, storageStatusMask } = query
  const [filter] = filters
  if (objectGroupMember !== 'GroupMemberFresh' || filters.length !== 1 || filter?.ref.name !== 'ObjectGroup')
    return false
  const onLine = ((storageStatusMask ?? -1) & STORAGE_STATUS_MASK.of('OnLineStorage')) !== 0
  const named = filter.value.type === 'TextString' && filter.value.value === DEFAULT_GROUP
  return named && onLine && maximumItems > 0 && offsetItems === 0
}

/** What was found; in the default group a fresh member is made where there is none. */
export const withFreshMember = (
  context: OperationContext,
  query: LocateQuery,
  found: LocateResult,
): MaybePromise<LocateResult> => {
  if (found.ids.length > 0 || !isForMember(query)) return found
  const make = makerOf('SymmetricKey', context.keys)
  return then(makeObject(context, 'SymmetricKey', make, MEMBER), (id) => ({ ids: [id], total: 1 }))
}
