import type { Attribute } from '../protocol/attribute-instance.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { CRYPTOGRAPHIC_USAGE_MASK } from '../protocol/enumerations.ts'
import { type Constraint, constraints, type Constraints } from '../protocol/structures/constraints.ts'
import { accepted, checkRoom } from './attribute-values.ts'
import { allAttributes, attributeKey } from './attribute-views.ts'
import { equalValues } from './equal-values.ts'
import type { ManagedObject } from './managed-object.ts'
import { type MaybePromise, then } from './maybe-promise.ts'
import { closeness, isInScope, type ObjectScope, scopeKey } from './object-scope.ts'
import type { OperationContext } from './operation-context.ts'
import { policyRecord } from './policy-record.ts'

/*
 * Constraints (2.1 sections 6.1.22, 6.1.52, 7.6 and 7.7): what every object that is made has to be like. The text says
 * no more than that; docs/decisions/009 says how they are read here.
 */

/** Constraints that are looked at for each new object. */
const MOST_CONSTRAINTS = 256

export const constraintsRecord = policyRecord('constraints', constraints)

const scopeOf = ({ objectTypes, objectGroups }: Constraint): ObjectScope => ({
  types: objectTypes?.types ?? [],
  groups: objectGroups?.groups ?? [],
})

const attributesOf = ({ attributes }: Constraint): readonly Attribute[] => attributes?.attributes ?? []

/** @throws KmipError InvalidField, ServerLimitExceeded, and those of a value that no attribute can have */
export const acceptedConstraints = ({ constraints: list }: Constraints): Constraints => {
  if (list.length > MOST_CONSTRAINTS) throw new KmipError('InvalidField', 'There are too many Constraints')
  for (const one of list) {
    checkRoom(attributesOf(one))
    attributesOf(one).forEach(accepted)
  }
  return { constraints: list }
}

/** Of a mask the object may have less than is allowed; of all else it has what is demanded. */
const satisfies = (found: Attribute, demanded: Attribute): boolean => {
  if (found.name !== 'CryptographicUsageMask' || demanded.name !== 'CryptographicUsageMask') {
    return equalValues(found.value, demanded.value)
  }
  const isAnything = (demanded.value & CRYPTOGRAPHIC_USAGE_MASK.code.Unrestricted) !== 0
  return isAnything || (found.value & ~demanded.value) === 0
}

type ByName = ReadonlyMap<string, readonly Attribute[]>

const byName = (attributes: readonly Attribute[]): ByName => Map.groupBy(attributes, attributeKey)

/** Several values of one attribute in a Constraint are a choice. */
const isSatisfied = (demanded: ByName, held: ByName, settled: ReadonlySet<string>): boolean =>
  [...demanded].every(
    ([key, values]) =>
      settled.has(key) || (held.get(key) ?? []).some((found) => values.some((value) => satisfies(found, value))),
  )

/** Those of one scope are a choice, too; an attribute that a closer scope speaks of is settled by that one. */
const isAllowed = (object: ManagedObject, list: readonly Constraint[], now: number): boolean => {
  const attributes = allAttributes(object, now)
  const scoped = { objectType: object.objectType, attributes }
  const held = byName(attributes)
  const concerned = list
    .map((one) => ({ scope: scopeOf(one), demanded: byName(attributesOf(one)) }))
    .filter(({ scope }) => isInScope(scope, scoped))
    .sort((a, b) => closeness(b.scope) - closeness(a.scope))
  const settled = new Set<string>()
  for (const level of Map.groupBy(concerned, ({ scope }) => closeness(scope)).values()) {
    const choices = Map.groupBy(level, ({ scope }) => scopeKey(scope)).values()
    for (const choice of choices) {
      if (!choice.some(({ demanded }) => isSatisfied(demanded, held, settled))) return false
    }
    for (const { demanded } of level) for (const key of demanded.keys()) settled.add(key)
  }
  return true
}

/**
 * Checks objects that an operation has made.
 * @throws KmipError ConstraintViolation
 */
export const checkConstraints = (
  context: Pick<OperationContext, 'records' | 'keys' | 'principal' | 'now'>,
  made: readonly ManagedObject[],
): MaybePromise<void> => {
  if (made.length === 0) return undefined
  return then(constraintsRecord.read(context), (found) => {
    if (found === undefined) return
    if (made.every((object) => isAllowed(object, found.constraints, context.now))) return
    throw new KmipError('ConstraintViolation', 'The object violates a Constraint of the server')
  })
}
