import type { Attribute } from '../protocol/attribute-instance.ts'
import type { AttributeList } from '../protocol/attribute-wire.ts'
import type { ObjectType } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import type { CryptographicParameters } from '../protocol/structures/cryptographic-parameters.ts'
import { valueOf } from './attribute-set.ts'
import { withDefaults } from './defaults.ts'
import { givenAttributes } from './given-attributes.ts'
import { linkTo } from './key-pair.ts'
import type { SharedSecretSpec } from './encapsulating.ts'
import type { Deposit, HeldKey } from './key-store.ts'
import type { ManagedObject } from './managed-object.ts'
import { type MaybePromise, then } from './maybe-promise.ts'
import { acceptedWish, newObject, type Wish } from './new-object.ts'
import type { OperationContext } from './operation-context.ts'
import { UNSPECIFIED } from './random-generator.ts'
import { keyToUse } from './wrapping-keys.ts'

/*
 * What Encapsulate and Decapsulate leave behind (3.0 working draft; docs/kmip-3.0.md): a secret that stays in the server,
 * as a derived key does.
 */

/** What the attributes ask for: Secret Data where the request says nothing. */
const specOf = (objectType: ObjectType, given: readonly Attribute[]): SharedSecretSpec => {
  if (objectType === 'SecretData') return { objectType }
  if (objectType !== 'SymmetricKey')
    throw new KmipError('InvalidObjectType', 'A shared secret becomes a symmetric key or Secret Data')
  const algorithm = valueOf(given, 'CryptographicAlgorithm')
  if (algorithm === undefined || typeof algorithm === 'number')
    throw new KmipError('InvalidField', 'The Cryptographic Algorithm is missing or not supported')
  return { objectType, algorithm, length: valueOf(given, 'CryptographicLength') }
}

export type SecretRequest = {
  readonly objectType?: ObjectType | undefined
  readonly attributes?: AttributeList | undefined
  readonly cryptographicParameters?: CryptographicParameters | undefined
}

export type SecretMaker<T> = (
  id: string,
  key: HeldKey,
  wanted: SharedSecretSpec,
) => MaybePromise<{ readonly deposit: Deposit; readonly made: T }>

const keyOf = (
  context: OperationContext,
  object: ManagedObject,
  purpose: 'WrapKey' | 'UnwrapKey',
): MaybePromise<HeldKey> => {
  const objectType = purpose === 'WrapKey' ? 'PublicKey' : 'PrivateKey'
  if (object.objectType !== objectType)
    throw new KmipError('InvalidObjectType', 'The object is no key for this purpose')
  return keyToUse(context, object, purpose)
}

/**
 * Makes the object that holds the secret. The key has to be for wrapping or unwrapping keys, which this is about.
 * @throws KmipError InvalidObjectType, InvalidField, and those of using a key and of making an object
 */
export const makeSecret = <T>(
  context: OperationContext,
  object: ManagedObject,
  request: SecretRequest,
  purpose: 'WrapKey' | 'UnwrapKey',
  make: SecretMaker<T>,
): MaybePromise<{ readonly uniqueIdentifier: string; readonly made: T }> => {
  const { objectType = 'SecretData' } = request
  const spelled = givenAttributes(context, request.attributes)
  return then(spelled, (attributes) =>
    then(withDefaults(context, objectType, attributes, 'made'), (given) =>
      then(keyOf(context, object, purpose), (key) => {
        const wanted = specOf(objectType, given)
        const wish: Wish = { objectType, given, generator: UNSPECIFIED }
        acceptedWish(wish)
        const id = context.ids.next()
        return then(make(id, key, wanted), ({ deposit, made }) => {
          const own = [linkTo('DerivationBaseObjectLink', object.id)]
          context.objects.insert(newObject({ ...wish, context, id, deposit, own }))
          context.batch.produced(id)
          return { uniqueIdentifier: id, made }
        })
      }),
    ),
  )
}
