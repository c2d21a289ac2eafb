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

/** MAC of data with a key that is Active (1.4 section 4.33, 2.1 section 6.1.32); a use that counts, as Encrypt does. */
export const mac = defineOperation({
  name: 'MAC',
  spec: { '1.4': '4.33', '2.1': '6.1.32' },
  request: {
    uniqueIdentifier: uniqueIdentifierOrPlaceholder,
    cryptographicParameters: optional(TAG.CryptographicParameters, cryptographicParameters),
    data: optional(TAG.Data, bytes),
    ...streamFields,
  },
  response: { uniqueIdentifier, macData: optional(TAG.MACData, bytes), correlationValue },
  handle: (context, request) => {
    const { objects, keys, batch, now } = context
    if (!isWhole(request)) {
      return then(servePart(context, 'MAC', request), ({ data, ...rest }) => ({ ...rest, macData: data }))
    }
    const data = wholeData(request)
    return then(objects.get(batch.resolve(request.uniqueIdentifier)), (object) =>
      then(keyToUse(context, object, 'MACGenerate'), (key) => {
        const counted = protecting(object, data.length, now)
        return then(keys.mac(key, parametersFor(request, object), data), (macData) => {
          if (counted !== object) objects.update(counted)
          return { uniqueIdentifier: object.id, macData }
        })
      }),
    )
  },
})
