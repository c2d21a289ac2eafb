import type { Attribute } from '../protocol/attribute-instance.ts'
import type { ObjectType } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { withDefaults } from './defaults.ts'
import type { Deposit, KeyStore } from './key-store.ts'
import { type MaybePromise, then } from './maybe-promise.ts'
import { acceptedWish, newObject } from './new-object.ts'
import type { OperationContext } from './operation-context.ts'
import { madeSecret, secretBytes } from './secret-data.ts'
import { symmetricKeySpec } from './symmetric-key.ts'

type Maker = (id: string, given: readonly Attribute[]) => MaybePromise<Deposit>

/** How an object of each type that can be made gets its material. @throws KmipError InvalidObjectType */
export const makerOf = (objectType: ObjectType, keys: KeyStore): Maker => {
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
 * Makes a symmetric key or Secret Data with the attributes given and the defaults for what is left out; answers its
 * Unique Identifier.
 * @throws KmipError those of `newObject`, of the attributes and of the material
 */
export const makeObject = (
  context: OperationContext,
  objectType: ObjectType,
  make: Maker,
  spelled: readonly Attribute[],
): MaybePromise<string> =>
  then(withDefaults(context, objectType, spelled, 'created'), (given) => {
    const wish = { objectType, given, generator: context.keys.generator }
    acceptedWish(wish)
    const id = context.ids.next()
    return then(make(id, given), (deposit) => {
      context.objects.insert(newObject({ ...wish, context, id, deposit }))
      return id
    })
  })
