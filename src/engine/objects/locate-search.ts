import type { AttributeFilter } from '../../protocol/attribute-wire.ts'
import { attributeRow } from '../../protocol/attribute-lookup.ts'
import { OBJECT_TYPE, STATE, STORAGE_STATUS_MASK } from '../../protocol/enumerations.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { AnyValue } from '../../schema/combinators.ts'
import { type Enumeration } from '../../schema/enumeration.ts'
import { ITEM_TYPE } from '../../ttlv/item-type.ts'
import { nextItem, readLong, tagAt } from '../../ttlv/reader.ts'
import { TAG } from '../../protocol/tags.ts'
import type { Condition, Search } from '../../domain/object-store.ts'
import type { LocateQuery } from '../../domain/operation-context.ts'
import { filterValue, keyName, limitKeyName, MOST_COMBINED_FIELDS } from './search-keys.ts'

/*
 * From the filters of Locate to conditions of a search (1.4 section 4.9, 2.1 section 6.1.28). A filter that cannot be
 * evaluated to the letter is an error: leaving it out would hand a client the keys of another purpose.
 */

const invalid = (message: string): KmipError => new KmipError('InvalidAttributeValue', message)

const enumerationCode = (table: Enumeration, value: AnyValue): number => {
  if (value.type !== 'Enumeration') throw invalid('The filter has the wrong type')
  if (table.nameOf(value.value) === undefined)
    throw new KmipError('UnknownEnumeration', 'The filter has an unknown value')
  return value.value
}

const limitConditions = (structure: Buffer): readonly Condition[] => {
  const conditions: Condition[] = []
  for (let at = 0; at < structure.length; at = nextItem(structure, at)) {
    const tag = tagAt(structure, at)
    if (tag !== TAG.UsageLimitsTotal && tag !== TAG.UsageLimitsCount) continue
    const field = tag === TAG.UsageLimitsTotal ? 'total' : 'count'
    const from = Number(readLong(structure, at))
    conditions.push({ kind: 'range', attribute: limitKeyName(field), from, to: Number.MAX_SAFE_INTEGER })
  }
  return conditions
}

/** Usage Limits match where Total and Count are at least as large; the unit must be the same. */
const usageLimits = (filter: AttributeFilter): readonly Condition[] => {
  if (filter.value.type !== 'Structure') throw invalid('The filter has the wrong type')
  const unit: Buffer[] = []
  for (let at = 0; at < filter.value.value.length; at = nextItem(filter.value.value, at)) {
    if (tagAt(filter.value.value, at) === TAG.UsageLimitsUnit)
      unit.push(filter.value.value.subarray(at, nextItem(filter.value.value, at)))
  }
  const limits = limitConditions(filter.value.value)
  return unit.length === 0
    ? limits
    : [...limits, equals({ ...filter, value: { type: 'Structure', value: Buffer.concat(unit) } })]
}

const equals = ({ ref, value }: AttributeFilter): Condition => {
  if (ref.name === 'Unknown') throw new KmipError('InvalidAttribute', 'A filter names an attribute that does not exist')
  const { value: bytes, fields } = filterValue(value)
  if (value.type === 'Structure' && fields === 0) throw invalid('A filter names no field of its structure')
  if (fields > MOST_COMBINED_FIELDS)
    throw new KmipError('FeatureNotSupported', 'A filter names too many fields of a structure')
  return { kind: 'equals', attribute: keyName(ref), value: bytes }
}

/** One date is an exact time, two of the same attribute are a range with both ends. */
const dateRange = (filters: readonly AttributeFilter[]): readonly Condition[] => {
  const [first] = filters
  if (first === undefined || first.ref.name === 'Unknown') return []
  const times = filters.map(({ value }) => {
    if (value.type !== 'DateTime') throw invalid('The filter has the wrong type')
    return value.value
  })
  if (times.length > 2) throw invalid('More than two values of one date')
  return [{ kind: 'range', attribute: keyName(first.ref), from: Math.min(...times), to: Math.max(...times) }]
}

const text = (value: AnyValue): string => {
  if (value.type !== 'TextString') throw invalid('The filter has the wrong type')
  return value.value
}

const standard = (filter: AttributeFilter): readonly Condition[] => {
  const { ref, value } = filter
  switch (ref.name) {
    case 'UniqueIdentifier':
      return [{ kind: 'id', id: text(value) }]
    case 'ObjectType':
      return [{ kind: 'object-type', objectType: enumerationCode(OBJECT_TYPE, value) }]
    case 'State':
      return [{ kind: 'state', state: enumerationCode(STATE, value) }]
    case 'CryptographicUsageMask':
    case 'ProtectionStorageMask':
      if (value.type !== 'Integer') throw invalid('The filter has the wrong type')
      return [{ kind: 'has-bits', attribute: keyName(ref), bits: value.value }]
    case 'UsageLimits':
      return usageLimits(filter)
    default:
      return [equals(filter)]
  }
}

const hasRightType = ({ ref, value }: AttributeFilter): boolean =>
  ref.name === 'Unknown' ||
  ref.name === 'VendorAttribute' ||
  attributeRow(ref.name).kind.itemTypes.some((type) => type === ITEM_TYPE[value.type])

const isDate = ({ ref }: AttributeFilter): boolean =>
  ref.name !== 'Unknown' && ref.name !== 'VendorAttribute' && attributeRow(ref.name).search === 'date'

const conditionsOf = (filters: readonly AttributeFilter[]): readonly Condition[] => {
  for (const filter of filters) if (!hasRightType(filter)) throw invalid('The filter has the wrong type')
  const dates = Map.groupBy(filters.filter(isDate), ({ ref }) => ref.name)
  return [...filters.filter((filter) => !isDate(filter)).flatMap(standard), ...[...dates.values()].flatMap(dateRange)]
}

/** On-line only where the request does not say (1.4 section 4.9). */
const storageOf = (mask: number | undefined): Search['storage'] => {
  const bits = mask ?? STORAGE_STATUS_MASK.code.OnLineStorage
  const has = (bit: number): boolean => (bits & bit) !== 0
  return {
    online: has(STORAGE_STATUS_MASK.code.OnLineStorage),
    archived: has(STORAGE_STATUS_MASK.code.ArchivalStorage),
    destroyed: has(STORAGE_STATUS_MASK.code.DestroyedStorage),
  }
}

/** Fresh: objects that no client has been served. Default: the newest member of the group. */
const memberConditions = ({ objectGroupMember, filters }: LocateQuery): readonly Condition[] => {
  if (objectGroupMember === undefined) return []
  if (!filters.some(({ ref }) => ref.name === 'ObjectGroup')) {
    throw new KmipError('InvalidField', 'Object Group Member needs an Object Group')
  }
  if (objectGroupMember === 'GroupMemberDefault') return []
  return [equals({ ref: { name: 'Fresh' }, value: { type: 'Boolean', value: true } })]
}

export type SearchScope = {
  readonly tenant: string
  readonly owner: string | undefined
  readonly now: number
  /** Most identifiers in one answer. */
  readonly cap: number
}

const countOrFail = (value: number | undefined, fallback: number): number => {
  if (value !== undefined && value < 0) throw new KmipError('InvalidField', 'A number of items is negative')
  return value ?? fallback
}

/** @throws KmipError for a filter that cannot be evaluated */
export const toSearch = (query: LocateQuery, { cap, ...scope }: SearchScope): Search => {
  const wanted = Math.min(countOrFail(query.maximumItems, cap), cap)
  return {
    ...scope,
    conditions: [...conditionsOf(query.filters), ...memberConditions(query)],
    storage: storageOf(query.storageStatusMask),
    offset: countOrFail(query.offsetItems, 0),
    limit: query.objectGroupMember === 'GroupMemberDefault' ? Math.min(wanted, 1) : wanted,
    count: true,
  }
}
