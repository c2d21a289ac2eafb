import { withFreshMember } from '../domain/default-group.ts'
import { then } from '../domain/maybe-promise.ts'
import type { BatchIdentifiers, LocateQuery, LocateResult } from '../domain/operation-context.ts'
import { type AttributeFilter, attributeFilters } from '../protocol/attribute-wire.ts'
import { OBJECT_GROUP_MEMBER } from '../protocol/enumerations.ts'
import { identifier } from '../protocol/structures/unique-identifier.ts'
import { TAG } from '../protocol/tags.ts'
import { enumOf, integer } from '../schema/primitives.ts'
import { optional, repeated } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'

/** A field that a real client sends as if it were an attribute (MySQL Enterprise, keyring_okv). */
const storageStatus = ({ ref, value }: AttributeFilter): number | undefined =>
  ref.name === 'Unknown' && ref.label === 'Storage Status Mask' && value.type === 'Integer' ? value.value : undefined

const withoutStatus = (query: LocateQuery): LocateQuery => {
  const status = query.filters.map(storageStatus).find((mask) => mask !== undefined)
  if (status === undefined) return query
  const filters = query.filters.filter((filter) => storageStatus(filter) === undefined)
  return { ...query, filters, storageStatusMask: query.storageStatusMask ?? status }
}

/**
 * The ID Placeholder is set where one object is answered and no other was a match, unless the client asked for one only:
 * what follows in the batch is meant for that object and none else (1.4 section 4.9, 2.1 section 6.1.28).
 */
const record = (
  batch: BatchIdentifiers,
  { ids, total = ids.length }: LocateResult,
  wanted: number | undefined,
): void => {
  batch.produced(...ids)
  if (ids.length !== 1 || (total > 1 && wanted !== 1)) batch.clear()
}

/** The number of matches is answered where it tells something: there are more than the answer holds. */
const counted = ({ ids, total = 0 }: LocateResult): number | undefined => (total > ids.length ? total : undefined)

/**
 * Locate: identifiers of the objects that match every filter, newest first (1.4 section 4.9, 2.1 section 6.1.28).
 */
export const locate = defineOperation({
  name: 'Locate',
  spec: { '1.4': '4.9', '2.1': '6.1.28' },
  request: {
    maximumItems: optional(TAG.MaximumItems, integer),
    offsetItems: optional(TAG.OffsetItems, integer, { since: '1.3' }),
    storageStatusMask: optional(TAG.StorageStatusMask, integer),
    objectGroupMember: optional(TAG.ObjectGroupMember, enumOf(OBJECT_GROUP_MEMBER), { since: '1.1', until: '2.1' }),
    objectClassMask: optional(TAG.ObjectClassMask, integer, { since: '3.0' }),
    filters: attributeFilters(),
  },
  response: {
    locatedItems: optional(TAG.LocatedItems, integer, { since: '1.3' }),
    uniqueIdentifiers: repeated(TAG.UniqueIdentifier, identifier),
  },
  handle: (context, request) => {
    const { objects, batch } = context
    const { maximumItems, offsetItems, storageStatusMask, objectGroupMember, objectClassMask, filters } = request
    const asked = { maximumItems, offsetItems, storageStatusMask, objectGroupMember, objectClassMask, filters }
    const query = withoutStatus(asked)
    const found = then(objects.locate(query), (result) => withFreshMember(context, query, result))
    return then(found, (result) => {
      record(batch, result, maximumItems)
      return { locatedItems: counted(result), uniqueIdentifiers: result.ids }
    })
  },
})
