import { acceptedConstraints, constraintsRecord } from '../domain/constraints.ts'
import { then } from '../domain/maybe-promise.ts'
import { constraints } from '../protocol/structures/constraints.ts'
import { TAG } from '../protocol/tags.ts'
import { optional } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'

/**
 * Set Constraints: what every object that is made from now on has to be like, in place of all Constraints before (2.1
 * section 6.1.52). The published case TC-MD-24 lifts them with a request that is empty.
 */
export const setConstraints = defineOperation({
  name: 'SetConstraints',
  spec: { '2.1': '6.1.52' },
  request: { constraints: optional(TAG.Constraints, constraints) },
  response: {},
  handle: (context, { constraints: wanted }) => {
    const isEmpty = wanted === undefined || wanted.constraints.length === 0
    return then(constraintsRecord.write(context, isEmpty ? undefined : acceptedConstraints(wanted)), () => ({}))
  },
})
