import type { AttributeRef } from '../../protocol/attribute-instance.ts'
import type { AttributeFilter } from '../../protocol/attribute-wire.ts'
import { attributeRow } from '../../protocol/attribute-lookup.ts'
import {
  OBJECT_CLASS,
  OBJECT_CLASS_MASK,
  OBJECT_TYPE,
  STATE,
  STORAGE_STATUS_MASK,
} from '../../protocol/enumerations.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { AnyValue } from '../../schema/combinators.ts'
import { type Enumeration } from '../../schema/enumeration.ts'
import { ITEM_TYPE } from '../../ttlv/item-type.ts'
import { readLong, tagAt, typeAt } from '../../ttlv/reader.ts'
import { TAG } from '../../protocol/tags.ts'
import type { Condition, DateFact, LimitFact, MaskFact, Search } from '../../domain/object-store.ts'
import type { LocateQuery } from '../../domain/operation-context.ts'
import { dateFact } from './search-facts.ts'
import { fieldsValue, filterFields, filterValue, isFoundByFields, type KnownRef, mayMix } from './search-values.ts'
import { equalTo } from './usual-values.ts'

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

/** The fields that a filter names of a structure; at least one. */
const namedFields = ({ value }: AttributeFilter): readonly Buffer[] => {
  if (value.type !== 'Structure') throw invalid('The filter has the wrong type')
  const fields = filterFields(value.value)
  if (fields.length === 0) throw invalid('A filter names no field of its structure')
  return fields
}

const known = (ref: AttributeRef): KnownRef => {
  if (ref.name === 'Unknown') throw new KmipError('InvalidAttribute', 'A filter names an attribute that does not exist')
  return ref
}

/** Usage Limits match where Total and Count are at least as large; the unit must be the same. */
const limitCondition = (field: Buffer): Condition => {
  const atLeast = (fact: LimitFact): Condition => {
    if (typeAt(field, 0) !== ITEM_TYPE.LongInteger) throw invalid('The filter has the wrong type')
    return { kind: 'at-least', fact, limit: readLong(field, 0) }
  }
  switch (tagAt(field, 0)) {
    case TAG.UsageLimitsTotal:
      return atLeast('limitTotal')
    case TAG.UsageLimitsCount:
      return atLeast('limitCount')
    default:
      return equalTo({ name: 'UsageLimits' }, fieldsValue(field))
  }
}

/** How many fields a structure of the standard has at most; a vendor's may have any number. */
const fieldCount = (ref: KnownRef): number => {
  if (ref.name === 'VendorAttribute') return Number.POSITIVE_INFINITY
  const { kind } = attributeRow(ref.name)
  return 'fields' in kind && typeof kind.fields === 'object' && kind.fields !== null
    ? Object.keys(kind.fields).length
    : Number.POSITIVE_INFINITY
}

const wholeOrFields = (ref: KnownRef, fields: readonly Buffer[]): readonly Condition[] =>
  fields.length === fieldCount(ref) && !isFoundByFields(ref)
    ? [equalTo(ref, fieldsValue(...fields))]
    : fields.map((field) => equalTo(ref, fieldsValue(field)))

/** One date is an exact time, two of the same attribute are a range with both ends. */
const dateRange = (fact: DateFact, filters: readonly AttributeFilter[]): Condition => {
  const times = filters.map(({ value }) => {
    if (value.type !== 'DateTime') throw invalid('The filter has the wrong type')
    return value.value
  })
  if (times.length > 2) throw invalid('More than two values of one date')
  return { kind: 'range', fact, from: Math.min(...times), to: Math.max(...times) }
}

const text = (value: AnyValue): string => {
  if (value.type !== 'TextString') throw invalid('The filter has the wrong type')
  return value.value
}

const hasBits = (fact: MaskFact, value: AnyValue): Condition => {
  if (value.type !== 'Integer') throw invalid('The filter has the wrong type')
  return { kind: 'has-bits', fact, bits: value.value }
}

// Object Class ---------------------------------------------------------------------------------------------------------

/** The classes as they follow each other among the codes of Object Types (3.0 sections 2.1 and 2.2). */
const CLASSES = [
  [OBJECT_CLASS_MASK.code.User, OBJECT_TYPE.code.Certificate, OBJECT_TYPE.code.CertificateRequest],
  [OBJECT_CLASS_MASK.code.System, OBJECT_TYPE.code.User, OBJECT_TYPE.code.HashedPasswordCredential],
] as const

/** User Objects only where the request does not say; no condition where there are no others (3.0 section 6.1.32). */
const classCondition = (mask: number | undefined, hasSystemObjects = true): readonly Condition[] => {
  if (mask === undefined && !hasSystemObjects) return []
  const bits = mask ?? OBJECT_CLASS_MASK.code.User
  if ((bits & ~OBJECT_CLASS_MASK.all) !== 0) throw new KmipError('InvalidField', 'The Object Class Mask has other bits')
  const wanted = CLASSES.filter(([bit]) => (bits & bit) !== 0)
  const [first] = wanted
  const last = wanted.at(-1)
  if (first === undefined || last === undefined) throw new KmipError('InvalidField', 'No Object Class is searched')
  return wanted.length === CLASSES.length ? [] : [{ kind: 'object-types', from: first[1], to: last[2] }]
}

const classBit = (value: AnyValue): number => {
  const name = OBJECT_CLASS.nameOf(enumerationCode(OBJECT_CLASS, value))
  return name === undefined ? 0 : OBJECT_CLASS_MASK.code[name]
}

const standard = (filter: AttributeFilter): readonly Condition[] => {
  const { ref, value } = filter
  switch (ref.name) {
    case 'UniqueIdentifier':
      return [{ kind: 'id', id: text(value) }]
    case 'ObjectType':
      return [{ kind: 'object-type', objectType: enumerationCode(OBJECT_TYPE, value) }]
    case 'ObjectClass':
      return classCondition(classBit(value))
    case 'State':
      return [{ kind: 'state', state: enumerationCode(STATE, value) }]
    case 'CryptographicUsageMask':
      return [hasBits('usageMask', value)]
    case 'ProtectionStorageMask':
      return [hasBits('storageMask', value)]
    case 'UsageLimits':
      return namedFields(filter).map(limitCondition)
    default:
      return value.type === 'Structure'
        ? wholeOrFields(known(ref), namedFields(filter))
        : [equalTo(known(ref), filterValue(value))]
  }
}

/** Values of filters are in the form that is stored, whatever the version. */
const hasRightType = ({ ref, value }: AttributeFilter): boolean => {
  if (ref.name === 'Unknown' || ref.name === 'VendorAttribute') return true
  const { itemTypes, storedTypes = itemTypes } = attributeRow(ref.name).kind
  return storedTypes.some((type) => type === ITEM_TYPE[value.type])
}

const dateOf = ({ ref }: AttributeFilter): DateFact | undefined =>
  ref.name === 'Unknown' || ref.name === 'VendorAttribute' ? undefined : dateFact(ref.name)

/** A database takes about a thousand conditions, and every one more costs all clients the time to prepare the search. */
const MOST_CONDITIONS = 200

/** @throws KmipError for a filter that cannot be evaluated, and for too many */
const conditionsOf = (filters: readonly AttributeFilter[]): readonly Condition[] => {
  for (const filter of filters) if (!hasRightType(filter)) throw invalid('The filter has the wrong type')
  const byDate = Map.groupBy(filters, dateOf)
  const dates = [...byDate].flatMap(([fact, some]) => (fact === undefined ? [] : dateRange(fact, some)))
  const conditions = [...(byDate.get(undefined) ?? []).flatMap(standard), ...dates]
  if (conditions.length > MOST_CONDITIONS) throw new KmipError('ServerLimitExceeded', 'There are too many filters')
  return conditions
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

/** Objects that no client has been served. */
const FRESH: readonly Condition[] = [equalTo({ name: 'Fresh' }, filterValue({ type: 'Boolean', value: true }))]

/**
 * What a member of a group has to be, the best first. The default member is the policy of this server: each in its turn
 * until all have been served, and then the first of them (1.4 section 4.9, 2.1 section 6.1.28).
 */
const memberConditions = ({ objectGroupMember, filters }: LocateQuery): readonly (readonly Condition[])[] => {
  if (objectGroupMember === undefined) return [[]]
  if (!filters.some(({ ref }) => ref.name === 'ObjectGroup')) {
    throw new KmipError('InvalidField', 'Object Group Member needs an Object Group')
  }
  return objectGroupMember === 'GroupMemberDefault' ? [FRESH, []] : [FRESH]
}

export type SearchScope = {
  readonly tenant: string
  readonly owner: string | undefined
  readonly now: number
  /** Most identifiers in one answer. */
  readonly cap: number
  /** Whether there may be System Objects. */
  readonly hasSystemObjects?: boolean | undefined
}

const countOrFail = (value: number | undefined, fallback: number): number => {
  if (value !== undefined && value < 0) throw new KmipError('InvalidField', 'A number of items is negative')
  return value ?? fallback
}

/** Fields that must be those of one instance, which the keys of an object cannot tell. */
export type Together = { readonly ref: KnownRef; readonly fields: readonly Buffer[] }

const togetherOf = (filter: AttributeFilter): readonly Together[] => {
  const { ref, value } = filter
  if (value.type !== 'Structure' || ref.name === 'UsageLimits') return []
  const fields = namedFields(filter)
  const isWhole = fields.length === fieldCount(known(ref)) && !isFoundByFields(known(ref))
  return fields.length === 1 || isWhole || !mayMix(known(ref)) ? [] : [{ ref: known(ref), fields }]
}

/** A search, and what has to be checked on each object that it finds. */
export type LocatePlan = { readonly search: Search; readonly together: readonly Together[] }

/**
 * The searches for a query: the first that finds anything answers it. Several objects come newest first; where one
 * member of a group is wanted, it is the one that has waited longest.
 * @throws KmipError for a filter that cannot be evaluated
 */
export const planLocate = (
  query: LocateQuery,
  { cap, hasSystemObjects = false, ...scope }: SearchScope,
): readonly LocatePlan[] => {
  const { objectGroupMember } = query
  const wanted = Math.min(countOrFail(query.maximumItems, cap), cap)
  const limit = objectGroupMember === 'GroupMemberDefault' ? Math.min(wanted, 1) : wanted
  const conditions = [...conditionsOf(query.filters), ...classCondition(query.objectClassMask, hasSystemObjects)]
  const together = query.filters.flatMap(togetherOf)
  const rest = {
    ...scope,
    storage: storageOf(query.storageStatusMask),
    offset: countOrFail(query.offsetItems, 0),
    limit,
    count: true,
    oldestFirst: objectGroupMember !== undefined && limit === 1,
  }
  return memberConditions(query).map((member) => ({
    search: { ...rest, conditions: [...conditions, ...member] },
    together,
  }))
}
