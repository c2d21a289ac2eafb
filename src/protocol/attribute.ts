import type { Kind } from '../schema/kind.ts'
import type { Version } from '../schema/version.ts'
import type { Operation } from './enums/operation.ts'
import type { ObjectType } from './enums/object-type.ts'
import type { ResultReason } from './enums/result-reason.ts'

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
  /** The tag that it has instead since some version. */
  readonly renamed?: { readonly tag: number; readonly since: Version }
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
  /**
   * A fact that follows from the material: nobody sets it later, but a client may state it where an object is made, and
   * it must then agree with the material (1.4 sections 4.1 to 4.3, 2.1 sections 6.1.8, 6.1.9 and 6.1.43).
   */
  readonly stated?: true
  /** Tells how the material was made: a client states it of material it brings, never of what the server makes. */
  readonly origin?: true
  /** May be added where it is there already, and then takes its place: a real client does so (VAST). */
  readonly addedAgain?: true
  /**
   * Up to this version an answer to a request for all attributes leaves it out: clients of that time lose the whole
   * answer over it (PyKMIP). Asked for by name it is there.
   */
  readonly quietUntil?: Version
  /** Why a value is refused; absent where every value of the kind will do. */
  check?(value: T): ResultReason | undefined
}
