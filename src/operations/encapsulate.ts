import { then } from '../domain/maybe-promise.ts'
import { makeSecret } from '../domain/shared-secret.ts'
import { protecting } from '../domain/usage-limits.ts'
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
 * Encapsulate, with a public key: a secret that stays here as an object, and the ciphertext by which the holder of the
 * private key has it, too (3.0 working draft, whose payloads are not known: docs/kmip-3.0.md).
 */
export const encapsulate = defineOperation({
  name: 'Encapsulate',
  spec: { '3.0': 'wd19' },
  request: {
    objectType: optional(TAG.ObjectType, enumOf(OBJECT_TYPE)),
    uniqueIdentifier: uniqueIdentifierOrPlaceholder,
    cryptographicParameters: optional(TAG.CryptographicParameters, cryptographicParameters),
    attributes: attributeList('optional'),
  },
  response: { uniqueIdentifier, data: required(TAG.Data, bytes) },
  handle: (context, request) => {
    const { objects, keys, batch, now } = context
    return then(objects.get(batch.resolve(request.uniqueIdentifier)), (object) => {
      const made = makeSecret(context, object, request, 'WrapKey', (id, key, wanted) =>
        then(keys.encapsulate(id, key, parametersFor(request, object), wanted), ({ deposit, ciphertext }) => ({
          deposit,
          made: ciphertext,
        })),
      )
      return then(made, ({ uniqueIdentifier: id, made: data }) => {
        const counted = protecting(object, data.length, now)
        if (counted !== object) objects.update(counted)
        return { uniqueIdentifier: id, data }
      })
    })
  },
})
