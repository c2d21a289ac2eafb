import { then } from '../domain/maybe-promise.ts'
import { makeSecret } from '../domain/shared-secret.ts'
import { attributeList } from '../protocol/attribute-wire.ts'
import { OBJECT_TYPE } from '../protocol/enumerations.ts'
import { cryptographicParameters } from '../protocol/structures/cryptographic-parameters.ts'
import { TAG } from '../protocol/tags.ts'
import { bytes, enumOf } from '../schema/primitives.ts'
import { optional, required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'
import { parametersFor } from './parameters-for.ts'

/**
 * Decapsulate, with a private key: the secret of a ciphertext becomes an object. One that was never encapsulated for the
 * key gives a secret that nobody else has, and no error (FIPS 203 section 6.3).
 */
export const decapsulate = defineOperation({
  name: 'Decapsulate',
  spec: { '3.0': 'wd19' },
  request: {
    objectType: optional(TAG.ObjectType, enumOf(OBJECT_TYPE)),
    uniqueIdentifier: uniqueIdentifierOrPlaceholder,
    cryptographicParameters: optional(TAG.CryptographicParameters, cryptographicParameters),
    data: required(TAG.Data, bytes),
    attributes: attributeList('optional'),
  },
  response: { uniqueIdentifier },
  handle: (context, request) => {
    const { objects, keys, batch } = context
    const { data: ciphertext } = request
    return then(objects.get(batch.resolve(request.uniqueIdentifier)), (object) =>
      makeSecret(context, object, request, 'UnwrapKey', (id, key, wanted) =>
        then(keys.decapsulate(id, key, parametersFor(request, object), { ciphertext, wanted }), (deposit) => ({
          deposit,
          made: undefined,
        })),
      ),
    )
  },
})
