import { allAttributes } from '../domain/attribute-views.ts'
import { isDestroyed, type ManagedObject } from '../domain/managed-object.ts'
import { type MaybePromise, then } from '../domain/maybe-promise.ts'
import type { OperationContext } from '../domain/operation-context.ts'
import { attributesBare } from '../protocol/attribute-wire.ts'
import { OBJECT_TYPE } from '../protocol/enumerations.ts'
import { type ObjectFields, objectFields } from '../protocol/structures/managed-objects.ts'
import { TAG } from '../protocol/tags.ts'
import { enumOf } from '../schema/primitives.ts'
import { type Infer, required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier } from './fields.ts'
import { servedObject, serveRequest } from './serve-object.ts'

/** Of a destroyed object only the attributes are left (2.1 section 6.1.18). */
const material = (
  context: OperationContext,
  object: ManagedObject,
  request: Infer<typeof serveRequest>,
): MaybePromise<ObjectFields> =>
  isDestroyed(object)
    ? {}
    : then(servedObject(context, object, request), ({ objectType, value }) => ({ [objectType]: value }))

/** Export: the object as Get answers it, with all of its attributes (1.4 section 4.40, 2.1 section 6.1.18). */
export const exportObject = defineOperation({
  name: 'Export',
  spec: { '1.4': '4.40', '2.1': '6.1.18' },
  request: serveRequest,
  response: {
    objectType: required(TAG.ObjectType, enumOf(OBJECT_TYPE)),
    uniqueIdentifier,
    attributes: attributesBare('always'),
    ...objectFields,
  },
  handle: (context, request) =>
    then(context.objects.get(context.batch.resolve(request.uniqueIdentifier)), (object) =>
      then(material(context, object, request), (fields) => {
        context.batch.produced(object.id)
        const attributes = allAttributes(object, context.now)
        return { objectType: object.objectType, uniqueIdentifier: object.id, attributes, ...fields }
      }),
    ),
})
