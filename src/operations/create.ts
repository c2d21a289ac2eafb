import { existingKey } from '../domain/existing-key.ts'
import { givenAttributes } from '../domain/given-attributes.ts'
import { makeObject, makerOf } from '../domain/made-object.ts'
import { then } from '../domain/maybe-promise.ts'
import { checkStorage } from '../domain/storage-masks.ts'
import { attributeList } from '../protocol/attribute-wire.ts'
import { OBJECT_TYPE } from '../protocol/enumerations.ts'
import { storageMasks } from '../protocol/structures/protection-storage-masks.ts'
import { TAG } from '../protocol/tags.ts'
import { enumOf } from '../schema/primitives.ts'
import { required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier } from './fields.ts'

/**
 * Create: the server makes a symmetric key, or Secret Data (1.4 section 4.1, 2.1 section 6.1.8). A Usage Mask is not
 * insisted on, since real clients leave it out; nor is anything answered but the identifier, since they choke on it.
 */
export const create = defineOperation({
  name: 'Create',
  spec: { '1.4': '4.1', '2.1': '6.1.8' },
  request: {
    objectType: required(TAG.ObjectType, enumOf(OBJECT_TYPE)),
    attributes: attributeList('required'),
    protectionStorageMasks: storageMasks(),
  },
  response: { objectType: required(TAG.ObjectType, enumOf(OBJECT_TYPE)), uniqueIdentifier },
  handle: (context, { objectType, attributes, protectionStorageMasks }) => {
    const make = makerOf(objectType, context.keys)
    checkStorage(protectionStorageMasks)
    return then(givenAttributes(context, attributes), (spelled) =>
      then(existingKey(context, objectType, spelled), (existing) =>
        then(existing ?? makeObject(context, objectType, make, spelled), (id) => {
          context.batch.produced(id)
          return { objectType, uniqueIdentifier: id }
        }),
      ),
    )
  },
})
