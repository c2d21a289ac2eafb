import { valueOf } from '../domain/attribute-set.ts'
import { givenAttributes, mergeLayers } from '../domain/given-attributes.ts'
import { then } from '../domain/maybe-promise.ts'
import { acceptedWish, newObject } from '../domain/new-object.ts'
import { keyBlockOf, unpacked } from '../domain/registered-object.ts'
import { checkStorage } from '../domain/storage-masks.ts'
import type { Attribute } from '../protocol/attribute-instance.ts'
import { attributeList } from '../protocol/attribute-wire.ts'
import { OBJECT_TYPE, type ObjectType } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { type ObjectFields, objectFields, objectsIn, type ObjectValue } from '../protocol/structures/managed-objects.ts'
import { storageMasks } from '../protocol/structures/protection-storage-masks.ts'
import { TAG } from '../protocol/tags.ts'
import { enumOf } from '../schema/primitives.ts'
import { required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier } from './fields.ts'

const objectOf = (fields: ObjectFields, objectType: ObjectType): ObjectValue => {
  const [object, ...others] = objectsIn(fields)
  if (object === undefined) throw new KmipError('InvalidMessage', 'The object is missing')
  if (others.length > 0 || object.objectType !== objectType) {
    throw new KmipError('InvalidField', 'The object is not of its Object Type')
  }
  return object
}

/** An object that keeps its key elsewhere says so (1.4 section 3.41, 2.1 section 4.28). */
const presence = (object: ObjectValue): readonly Attribute[] => {
  const block = keyBlockOf(object)
  return block === undefined || block.keyValue !== undefined ? [] : [{ name: 'KeyValuePresent', value: false }]
}

/** Register: takes in an object that a client brings, wrapped or not (1.4 section 4.3, 2.1 section 6.1.43). */
export const register = defineOperation({
  name: 'Register',
  spec: { '1.4': '4.3', '2.1': '6.1.43' },
  request: {
    objectType: required(TAG.ObjectType, enumOf(OBJECT_TYPE)),
    attributes: attributeList('required'),
    ...objectFields,
    protectionStorageMasks: storageMasks(),
  },
  response: { uniqueIdentifier },
  handle: (context, request) => {
    const { objectType } = request
    const brought = objectOf(request, objectType)
    checkStorage(request.protectionStorageMasks)
    return then(givenAttributes(context, request.attributes), (spelled) => {
      const stated = {
        algorithm: valueOf(spelled, 'CryptographicAlgorithm'),
        length: valueOf(spelled, 'CryptographicLength'),
      }
      const { object, attributes } = unpacked(brought, stated)
      const wish = { objectType, given: mergeLayers(spelled, attributes), generated: false }
      acceptedWish(wish)
      const id = context.ids.next()
      return then(context.keys.deposit(id, object), (deposit) => {
        context.objects.insert(newObject({ ...wish, context, id, deposit, own: presence(object) }))
        context.batch.produced(id)
        return { uniqueIdentifier: id }
      })
    })
  },
})
