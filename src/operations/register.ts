import { valueOf } from '../domain/attribute-set.ts'
import { withDefaults } from '../domain/defaults.ts'
import { givenAttributes, mergeLayers } from '../domain/given-attributes.ts'
import { type MaybePromise, then } from '../domain/maybe-promise.ts'
import { acceptedWish, newObject } from '../domain/new-object.ts'
import type { OperationContext } from '../domain/operation-context.ts'
import { type TakenApart, takenApart } from '../domain/registered-container.ts'
import { unpacked } from '../domain/registered-object.ts'
import { checkStorage } from '../domain/storage-masks.ts'
import { wrappingLink } from '../domain/wrapping-keys.ts'
import type { Attribute } from '../protocol/attribute-instance.ts'
import { attributeList } from '../protocol/attribute-wire.ts'
import { OBJECT_TYPE, type ObjectType } from '../protocol/enumerations.ts'
import { objectFields } from '../protocol/structures/managed-objects.ts'
import { storageMasks } from '../protocol/structures/protection-storage-masks.ts'
import { TAG } from '../protocol/tags.ts'
import { enumOf } from '../schema/primitives.ts'
import { required } from '../schema/struct.ts'
import { broughtObject, presence } from './brought-object.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier } from './fields.ts'

const keep = (
  context: OperationContext,
  objectType: ObjectType,
  spelled: readonly Attribute[],
  taken: TakenApart,
): MaybePromise<{ readonly uniqueIdentifier: string }> => {
  const stated = {
    algorithm: valueOf(spelled, 'CryptographicAlgorithm'),
    length: valueOf(spelled, 'CryptographicLength'),
  }
  const { object, attributes } = unpacked(taken.object, stated)
  return then(withDefaults(context, objectType, mergeLayers(spelled, attributes), 'brought'), (given) => {
    const wish = { objectType, given, generator: undefined }
    acceptedWish(wish)
    const id = context.ids.next()
    return then(wrappingLink(context, object), (link) =>
      then(context.keys.deposit(id, object), (deposit) => {
        const own = [...presence(object), ...taken.own, ...link]
        context.objects.insert(newObject({ ...wish, context, id, deposit, own }))
        context.batch.produced(id)
        return { uniqueIdentifier: id }
      }),
    )
  })
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
    const brought = broughtObject(request, objectType)
    checkStorage(request.protectionStorageMasks)
    return then(givenAttributes(context, request.attributes), (spelled) =>
      then(takenApart(context, brought, spelled), (taken) => keep(context, objectType, spelled, taken)),
    )
  },
})
