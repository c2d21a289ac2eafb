import type { Kind } from '../schema/kind.ts'
import type { Version } from '../schema/version.ts'
import type { Operation } from './enums/operation.ts'
import type { ObjectType } from './enums/object-type.ts'

/**
 * When a client may change or delete a value. Besides yes and no the standard knows conditions, each with a name here
 * and a rule in `domain/attribute-rules.ts`.
 */
export type Permission =
  | 'yes'
  | 'no'
  /** Only while the object is Pre-Active. */
  | 'pre-active'
  /** Only while the object is Pre-Active or Active. */
  | 'not-deactivated'
  /** Only while the object is Pre-Active or Active and the date has not been reached. */
  | 'until-reached'
  /** Only as long as Get Usage Allocation has not been performed. */
  | 'unused'

/** How Locate finds by an attribute: by equal value, by value or range, or through a rule of its own. */
export type SearchKey = 'exact' | 'date' | 'derived'

/** One attribute of the standard: its wire form and its rules (1.4 section 3, 2.1 section 4). */
export type AttributeRow<T> = {
  readonly tag: number
  /** Attribute Name of 1.x. */
  readonly label: string
  readonly kind: Kind<T>
  readonly since: Version
  readonly until?: Version
  /** SHALL always have a value, on the objects it applies to. */
  readonly always: boolean
  /** Who may set it first. */
  readonly setBy: 'client' | 'server' | 'either'
  readonly clientModifies: Permission
  readonly clientDeletes: Permission
  readonly multiple: boolean
  /** Operations that set it without being asked. */
  readonly implicit: readonly Operation[]
  readonly objectTypes: readonly ObjectType[]
  readonly search: SearchKey
}
