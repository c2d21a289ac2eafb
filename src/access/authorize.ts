import type { Access, Ownership } from '../domain/access.ts'
import { valueOf } from '../domain/attribute-set.ts'
import { NOBODY, noSuchObject } from '../domain/managed-object.ts'
import type { Principal } from '../domain/principal.ts'
import type { Operation } from '../protocol/enums/operation.ts'
import { KmipError } from '../protocol/kmip-error.ts'

/** A rule that may grant an operation on an object of the principal's own tenant. */
type Grant = (principal: Principal, operation: Operation, object: Ownership) => boolean

const isOwner: Grant = (principal, _operation, object) => object.owner === principal.id

const isAdmin: Grant = (principal) => principal.role === 'admin'

/**
 * One of these is enough. This is the place for more: groups, and policies with rights for single operations. A grant
 * that reaches objects of others must be known to `searchedOwner`, too, or Locate would not find what Get hands out.
 */
const GRANTS: readonly Grant[] = [isOwner, isAdmin]

const forbidden = (): KmipError =>
  new KmipError('PermissionDenied', 'The Operation Policy of the object does not allow that')

/**
 * What changes the rules for everybody in a tenant is the administrator's: the texts leave it to policy who may (2.1
 * sections 6.1.52 and 6.1.53), and so is who may come in. All else any client may ask for; what it may do it to is the
 * matter of `mayUse`.
 */
const ADMIN_OPERATIONS: ReadonlySet<Operation> = new Set<Operation>([
  'SetConstraints',
  'SetDefaults',
  // Who may come in (3.0 sections 6.1.9, 6.1.10 and 6.1.13).
  'CreateCredential',
  'CreateGroup',
  'CreateUser',
])

/**
 * The one gate, keyed by operation, before every use of an object, whatever names it. No grant reaches into another
 * tenant. Whoever is refused is answered as if the object were not there (1.4 section 11.1, 2.1 section 11.46), unless
 * its owner has named the Operation Policy that forbids it (1.4 section 3.18; docs/decisions/013).
 */
export const access: Access = {
  mayPerform: (principal, operation) => principal.role === 'admin' || !ADMIN_OPERATIONS.has(operation),
  mayUse: (principal, operation, object) =>
    object.owner !== NOBODY &&
    object.tenant === principal.tenant &&
    GRANTS.some((grant) => grant(principal, operation, object)),
  refusalOf: ({ attributes }) =>
    valueOf(attributes, 'OperationPolicyName') === undefined ? noSuchObject() : forbidden(),
  searchedOwner: (principal) => (principal.role === 'admin' ? undefined : principal.id),
}
