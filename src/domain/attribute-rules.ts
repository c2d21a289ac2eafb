import type { AttributeRow, Permission } from '../protocol/attribute.ts'
import type { Attribute, AttributeRef } from '../protocol/attribute-instance.ts'
import { attributeRow } from '../protocol/attribute-lookup.ts'
import { OBJECT_TYPE, type ObjectType } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { valueOf } from './attribute-set.ts'
import { isArchived, type ManagedObject, stateOf } from './managed-object.ts'

/** An attribute that exists in some version, with or without its value. */
export type KnownRef = Exclude<AttributeRef, { readonly name: 'Unknown' }> | Attribute

/** What the table says of an attribute besides its wire form. */
export type AttributeRules = Pick<
  AttributeRow<unknown>,
  | 'always'
  | 'setBy'
  | 'clientModifies'
  | 'clientDeletes'
  | 'multiple'
  | 'objectTypes'
  | 'stated'
  | 'origin'
  | 'addedAgain'
  | 'quietUntil'
  | 'check'
>

/** Custom attributes have no row: those of clients are theirs (1.4 section 3.39, 2.1 section 4.60). */
const CLIENT_VENDOR: AttributeRules = {
  always: false,
  setBy: 'either',
  clientModifies: 'yes',
  clientDeletes: 'yes',
  multiple: true,
  objectTypes: OBJECT_TYPE.names,
}

/** `y-` attributes are the server's: a client may neither make nor change one. */
const SERVER_VENDOR: AttributeRules = { ...CLIENT_VENDOR, setBy: 'server', clientModifies: 'no', clientDeletes: 'no' }

const SERVER_VENDOR_NAME = 'y'

export const rulesOf = (ref: KnownRef): AttributeRules => {
  if (ref.name !== 'VendorAttribute') return attributeRow(ref.name)
  return ref.vendor === SERVER_VENDOR_NAME ? SERVER_VENDOR : CLIENT_VENDOR
}

/** Whether objects of the type have the attribute. */
export const appliesTo = ({ objectTypes }: AttributeRules, objectType: ObjectType): boolean =>
  objectTypes.includes(objectType)

type Occasion = {
  readonly object: ManagedObject
  /** Seconds since 1970. */
  readonly now: number
  /** The instance concerned; undefined where there is none yet. */
  readonly instance: Attribute | undefined
}

const isBeforeDeactivation = ({ object, now }: Occasion): boolean => {
  const state = stateOf(object, now)
  return state === 'PreActive' || state === 'Active'
}

const isReached = ({ instance, now }: Occasion): boolean => typeof instance?.value === 'number' && instance.value <= now

const isUnused = ({ object }: Occasion): boolean => {
  const limits = valueOf(object.attributes, 'UsageLimits')
  return limits === undefined || (limits.usageLimitsCount ?? limits.usageLimitsTotal) === limits.usageLimitsTotal
}

const PERMITS: Readonly<Record<Permission, (occasion: Occasion) => boolean>> = {
  yes: () => true,
  no: () => false,
  'pre-active': ({ object, now }) => stateOf(object, now) === 'PreActive',
  'not-deactivated': isBeforeDeactivation,
  'until-reached': (occasion) => isBeforeDeactivation(occasion) && !isReached(occasion),
  unused: isUnused,
}

/**
 * Checks a permission that depends on the life of the object; `no` is for the caller, whose reason differs. Among the
 * reasons of the attribute operations, Wrong Key Lifecycle State is new in 2.1.
 * @throws KmipError WrongKeyLifecycleState
 */
export const checkCondition = (permission: Permission, occasion: Occasion): void => {
  if (permission === 'no' || PERMITS[permission](occasion)) return
  throw new KmipError('WrongKeyLifecycleState', 'The state of the object does not allow to change the attribute', {
    older: 'PermissionDenied',
    since: '2.1',
  })
}

/** 2.1 has two reasons for one thing, and says in each operation's table which of them it uses. */
export const readOnly = (reason: 'ReadOnlyAttribute' | 'AttributeReadOnly'): KmipError =>
  new KmipError(reason, 'The attribute is read-only', { older: 'PermissionDenied' })

/** @throws KmipError ObjectArchived: the attributes of an archived object are read, not changed (1.4 section 11.14) */
export const checkOnline = (object: ManagedObject): void => {
  if (isArchived(object)) throw new KmipError('ObjectArchived', 'The object is archived')
}
