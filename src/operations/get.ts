import { then } from '../domain/maybe-promise.ts'
import { OBJECT_TYPE } from '../protocol/enumerations.ts'
import { objectFields } from '../protocol/structures/managed-objects.ts'
import { TAG } from '../protocol/tags.ts'
import { enumOf } from '../schema/primitives.ts'
import { required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier } from './fields.ts'
import { markServed, servedObject, serveRequest } from './serve-object.ts'

/**
 * Get: the object itself (1.4 section 4.11, 2.1 section 6.1.19). Its attributes are not repeated in the Key Value, which
 * real clients do not expect there. The most frequent operation of all: no promise where everything is at hand.
 */
export const get = defineOperation({
  name: 'Get',
  spec: { '1.4': '4.11', '2.1': '6.1.19' },
  request: serveRequest,
  response: { objectType: required(TAG.ObjectType, enumOf(OBJECT_TYPE)), uniqueIdentifier, ...objectFields },
  handle: (context, request) =>
    then(context.objects.get(context.batch.resolve(request.uniqueIdentifier)), (object) =>
      then(servedObject(context, object, request), (value) => {
        markServed(context, object)
        return { objectType: object.objectType, uniqueIdentifier: object.id, [value.objectType]: value.value }
      }),
    ),
})
