import { type Infer, optional, repeated, struct } from '../../schema/struct.ts'
import { attributeList } from '../attribute-wire.ts'
import { TAG } from '../tags.ts'
import { objectGroups, objectTypes } from './object-scope.ts'

/** Constraint (2.1 section 7.6). */
export const constraint = struct('Constraint', {
  objectTypes: optional(TAG.ObjectTypes, objectTypes),
  objectGroups: optional(TAG.ObjectGroups, objectGroups),
  attributes: attributeList('optional'),
})

/** Constraints (2.1 section 7.7). */
export const constraints = struct('Constraints', { constraints: repeated(TAG.Constraint, constraint) })

export type Constraint = Infer<typeof constraint.fields>
export type Constraints = Infer<typeof constraints.fields>
