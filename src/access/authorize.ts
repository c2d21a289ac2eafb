import type { Access, Ownership } from '../domain/access.ts'
import type { Principal } from '../domain/principal.ts'
import type { Operation } from '../protocol/enums/operation.ts'

/** A rule that may grant an operation on an object of the principal's own tenant. */
type Grant = (principal: Principal, operation: Operation, object: Ownership) => boolean

const isOwner: Grant = (principal, _operation, object) => object.owner === principal.id

const isAdmin: Grant = (principal) => principal.role === 'admin'

/**
 * One of these is enough. This is the place for more: groups, and policies with rights for single operations. A grant
 * that reaches objects of others must be known to `searchedOwner`, too, or Locate would not find what Get hands out.
 */
const GRANTS: readonly Grant[] = [isOwner, isAdmin]

/**
 * The one gate, keyed by operation, before every use of an object, whatever names it. No grant reaches into another
 * tenant. Whoever is refused is answered as if the object were not there (1.4 section 11.1, 2.1 section 11.46).
 */
export const access: Access = {
  /** Every role that there is may ask for every operation; what it may do it to is the matter of `mayUse`. */
  mayPerform: () => true,
  mayUse: (principal, operation, object) =>
    object.tenant === principal.tenant && GRANTS.some((grant) => grant(principal, operation, object)),
  searchedOwner: (principal) => (principal.role === 'admin' ? undefined : principal.id),
}
