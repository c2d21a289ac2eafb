import type { Operation } from '../protocol/enums/operation.ts'
import type { KmipError } from '../protocol/kmip-error.ts'
import type { ManagedObject } from './managed-object.ts'
import type { Principal } from './principal.ts'

/** Whose an object is. */
export type Ownership = { readonly tenant: string; readonly owner: string }

/** The one gate. */
export type Access = {
  /** Whether the principal may perform the operation at all. */
  mayPerform(principal: Principal, operation: Operation): boolean
  /** Whether it may perform it on this object. */
  mayUse(principal: Principal, operation: Operation, object: Ownership): boolean
  /** What somebody is told who may not use the object. */
  refusalOf(object: ManagedObject): KmipError
  /** The owner whose objects a search sees; undefined where it sees all of the tenant. */
  searchedOwner(principal: Principal): string | undefined
}
