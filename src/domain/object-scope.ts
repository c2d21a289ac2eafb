import type { Attribute } from '../protocol/attribute-instance.ts'
import type { ObjectType } from '../protocol/enumerations.ts'
import { instancesOf } from './attribute-set.ts'

/** Which objects a rule is about; a list that is empty leaves it open. */
export type ObjectScope = { readonly types: readonly ObjectType[]; readonly groups: readonly string[] }

/** An object as a rule sees it: its type, and the attributes that put it into groups. */
export type Scoped = { readonly objectType: ObjectType; readonly attributes: readonly Attribute[] }

const isIn = <T>(list: readonly T[], found: readonly T[]): boolean =>
  list.length === 0 || found.some((one) => list.includes(one))

export const isInScope = ({ types, groups }: ObjectScope, { objectType, attributes }: Scoped): boolean =>
  isIn(types, [objectType]) &&
  isIn(
    groups,
    instancesOf(attributes, 'ObjectGroup').map(({ value }) => value),
  )

/** How closely a rule describes its objects: by group is closer than by type. */
export const closeness = ({ types, groups }: ObjectScope): number =>
  (groups.length > 0 ? 2 : 0) + (types.length > 0 ? 1 : 0)

/** One text for each scope, whatever the order of its lists. */
export const scopeKey = ({ types, groups }: ObjectScope): string =>
  JSON.stringify([[...new Set(types)].sort(), [...new Set(groups)].sort()])
