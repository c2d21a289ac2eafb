import { then } from '../domain/maybe-promise.ts'
import { protecting } from '../domain/usage-limits.ts'
import { keyToUse } from '../domain/wrapping-keys.ts'
import { cryptographicParameters } from '../protocol/structures/cryptographic-parameters.ts'
import { TAG } from '../protocol/tags.ts'
import { bytes } from '../schema/primitives.ts'
import { optional } from '../schema/struct.ts'
import { correlationValue, isWhole, servePart, streamFields, wholeData } from './data-parts.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'
import { parametersFor } from './parameters-for.ts'

/**
 * Sign, with a private key that is Active (1.4 section 4.31, 2.1 section 6.1.55): data, or its digest. A use that counts
 * against the Usage Limits.
 */
export const sign = defineOperation({
  name: 'Sign',
  spec: { '1.4': '4.31', '2.1': '6.1.55' },
  request: {
    uniqueIdentifier: uniqueIdentifierOrPlaceholder,
    cryptographicParameters: optional(TAG.CryptographicParameters, cryptographicParameters),
    data: optional(TAG.Data, bytes),
    digestedData: optional(TAG.DigestedData, bytes, { since: '1.4' }),
    ...streamFields,
  },
  response: { uniqueIdentifier, signatureData: optional(TAG.SignatureData, bytes), correlationValue },
  handle: (context, request) => {
    const { objects, keys, batch, now } = context
    if (!isWhole(request)) {
      return then(servePart(context, 'Sign', request), ({ data, ...rest }) => ({ ...rest, signatureData: data }))
    }
    const { digestedData: digested } = request
    const data = digested === undefined ? wholeData(request) : request.data
    return then(objects.get(batch.resolve(request.uniqueIdentifier)), (object) =>
      then(keyToUse(context, object, 'Sign'), (key) => {
        const counted = protecting(object, (data ?? digested)?.length ?? 0, now)
        return then(keys.sign(key, parametersFor(request, object), { data, digested }), (signatureData) => {
          if (counted !== object) objects.update(counted)
          return { uniqueIdentifier: object.id, signatureData }
        })
      }),
    )
  },
})
