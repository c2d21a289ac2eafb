import { anyOf } from '../protocol/attribute-any.ts'
import type { Attribute } from '../protocol/attribute-instance.ts'
import type { ObjectType } from '../protocol/enumerations.ts'
import { refOf } from './attribute-views.ts'
import { isGranted } from './compatibility.ts'
import { stateOf } from './managed-object.ts'
import { type MaybePromise, then } from './maybe-promise.ts'
import type { OperationContext } from './operation-context.ts'

/** What makes a key the one that was meant. */
const TELLING: ReadonlySet<string> = new Set(['Name', 'CryptographicAlgorithm', 'CryptographicLength'])

/**
 * The key that a client means that makes one with the Name of one of its own, where it is granted that: it has the same
 * type, algorithm and length, and is of use. Undefined where there is none.
 */
export const existingKey = (
  { objects, principal, now }: Pick<OperationContext, 'objects' | 'principal' | 'now'>,
  objectType: ObjectType,
  given: readonly Attribute[],
): MaybePromise<string | undefined> => {
  if (!isGranted(principal, 'reuse-names') || !given.some(({ name }) => name === 'Name')) return undefined
  const told: readonly Attribute[] = [
    { name: 'ObjectType', value: objectType },
    ...given.filter(({ name }) => TELLING.has(name)),
  ]
  const filters = told.map((attribute) => ({ ref: refOf(attribute), value: anyOf(attribute) }))
  const query = {
    filters,
    maximumItems: 1,
    offsetItems: undefined,
    storageStatusMask: undefined,
    objectGroupMember: undefined,
  }
  return then(objects.locate(query), ({ ids: [id] }) => {
    if (id === undefined) return undefined
    return then(objects.get(id), (object) => {
      const state = stateOf(object, now)
      return state === 'PreActive' || state === 'Active' ? id : undefined
    })
  })
}
