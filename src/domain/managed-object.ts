import type { ObjectType } from '../protocol/enums/object-type.ts'
import type { State } from '../protocol/enums/state.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { type AttributeSet, valueOf } from './attribute-set.ts'
import type { HeldKey } from './key-store.ts'
import { lifecycleOf, stateAt } from './state.ts'

/** A managed object: who owns it, what is known of it, and where its material is. Never changed in place. */
export type ManagedObject = {
  /** Unique Identifier. */
  readonly id: string
  /** Version of the row it was read from; 0 before it is stored. */
  readonly rowVersion: number
  readonly tenant: string
  /** Identity of the principal that made it. */
  readonly owner: string
  readonly objectType: ObjectType
  /** Stored attributes; those that follow from the rest (State, Object Type, ...) are added by `allAttributes`. */
  readonly attributes: AttributeSet
  /** Absent once destroyed, and for an object registered without material. */
  readonly key: HeldKey | undefined
}

/** Owns what has been obliterated, of which nothing is left but its identifier: no principal has this identity. */
export const NOBODY = ''

export const stateOf = (object: ManagedObject, now: number): State => stateAt(lifecycleOf(object.attributes), now)

/** Objects that say who may come in (3.0 section 2.1); all others are those of users. */
const SYSTEM_OBJECTS: ReadonlySet<ObjectType> = new Set([
  'User',
  'Group',
  'PasswordCredential',
  'DeviceCredential',
  'OneTimePasswordCredential',
  'HashedPasswordCredential',
])

export const isSystemObject = ({ objectType }: Pick<ManagedObject, 'objectType'>): boolean =>
  SYSTEM_OBJECTS.has(objectType)

export const isDestroyed = (object: ManagedObject): boolean => valueOf(object.attributes, 'DestroyDate') !== undefined

export const isArchived = (object: ManagedObject): boolean => valueOf(object.attributes, 'ArchiveDate') !== undefined

/** Says the same of objects that never were and of those that are not this client's. */
export const noSuchObject = (): KmipError => new KmipError('ObjectNotFound', 'No object with that Unique Identifier')
