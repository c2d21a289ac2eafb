import { constraintsRecord } from '../domain/constraints.ts'
import { then } from '../domain/maybe-promise.ts'
import { constraints } from '../protocol/structures/constraints.ts'
import { TAG } from '../protocol/tags.ts'
import { required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'

/** Get Constraints: those in force, for every client: it is their objects that are checked (2.1 section 6.1.22). */
export const getConstraints = defineOperation({
  name: 'GetConstraints',
  spec: { '2.1': '6.1.22' },
  request: {},
  response: { constraints: required(TAG.Constraints, constraints) },
  handle: (context) =>
    then(constraintsRecord.read(context), (found) => ({ constraints: found ?? { constraints: [] } })),
})
