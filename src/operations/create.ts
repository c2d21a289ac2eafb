import { withDefaults } from '../domain/defaults.ts'
import { givenAttributes } from '../domain/given-attributes.ts'
import type { Deposit, KeyStore } from '../domain/key-store.ts'
import { type MaybePromise, then } from '../domain/maybe-promise.ts'
import { acceptedWish, newObject } from '../domain/new-object.ts'
import { madeSecret, secretBytes } from '../domain/secret-data.ts'
import { checkStorage } from '../domain/storage-masks.ts'
import { symmetricKeySpec } from '../domain/symmetric-key.ts'
import type { Attribute } from '../protocol/attribute-instance.ts'
import { attributeList } from '../protocol/attribute-wire.ts'
import { OBJECT_TYPE, type ObjectType } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { storageMasks } from '../protocol/structures/protection-storage-masks.ts'
import { TAG } from '../protocol/tags.ts'
import { enumOf } from '../schema/primitives.ts'
import { required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier } from './fields.ts'

type Maker = (id: string, given: readonly Attribute[]) => MaybePromise<Deposit>

/** How an object of each type that can be made gets its material. */
const makerOf = (objectType: ObjectType, keys: KeyStore): Maker => {
  switch (objectType) {
    case 'SymmetricKey':
      return (id, given) => keys.generateKey(id, symmetricKeySpec(given))
    case 'SecretData':
      return (id, given) => then(keys.random(secretBytes(given)), (material) => keys.deposit(id, madeSecret(material)))
    default:
      throw new KmipError('InvalidObjectType', 'The server makes symmetric keys and Secret Data only', {
        older: 'InvalidField',
      })
  }
}

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
    const wanted = then(givenAttributes(context, attributes), (spelled) =>
      withDefaults(context, objectType, spelled, 'made'),
    )
    return then(wanted, (given) => {
      const wish = { objectType, given, generator: context.keys.generator }
      acceptedWish(wish)
      const id = context.ids.next()
      return then(make(id, given), (deposit) => {
        context.objects.insert(newObject({ ...wish, context, id, deposit }))
        context.batch.produced(id)
        return { objectType, uniqueIdentifier: id }
      })
    })
  },
})
