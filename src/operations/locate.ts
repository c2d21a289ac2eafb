import { then } from '../domain/maybe-promise.ts'
import { attributeFilters } from '../protocol/attribute-wire.ts'
import { OBJECT_GROUP_MEMBER } from '../protocol/enumerations.ts'
import { TAG } from '../protocol/tags.ts'
import { enumOf, integer, text } from '../schema/primitives.ts'
import { optional, repeated } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'

/**
 * Locate: the objects that match every filter, newest first (1.4 section 4.9, 2.1 section 6.1.28). No hit is a success
 * with nothing in it. The ID Placeholder is set where one object is found, and emptied otherwise.
 */
export const locate = defineOperation({
  name: 'Locate',
  spec: { '1.4': '4.9', '2.1': '6.1.28' },
  request: {
    maximumItems: optional(TAG.MaximumItems, integer),
    offsetItems: optional(TAG.OffsetItems, integer, { since: '1.3' }),
    storageStatusMask: optional(TAG.StorageStatusMask, integer),
    objectGroupMember: optional(TAG.ObjectGroupMember, enumOf(OBJECT_GROUP_MEMBER), { since: '1.1' }),
    filters: attributeFilters(),
  },
  response: {
    locatedItems: optional(TAG.LocatedItems, integer, { since: '1.3' }),
    uniqueIdentifiers: repeated(TAG.UniqueIdentifier, text),
  },
  handle: ({ objects, batch }, request) => {
    const { maximumItems, offsetItems, storageStatusMask, objectGroupMember, filters } = request
    const query = { maximumItems, offsetItems, storageStatusMask, objectGroupMember, filters }
    return then(objects.locate(query), ({ ids, total }) => {
      const [only, ...others] = ids
      if (only !== undefined && others.length === 0) batch.produced(only)
      else batch.clear()
      return { locatedItems: total, uniqueIdentifiers: ids }
    })
  },
})
