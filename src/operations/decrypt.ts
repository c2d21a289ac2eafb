import { then } from '../domain/maybe-promise.ts'
import { keyToUse } from '../domain/wrapping-keys.ts'
import { TAG } from '../protocol/tags.ts'
import { bytes } from '../schema/primitives.ts'
import { optional } from '../schema/struct.ts'
import { cipherRequest } from './cipher-request.ts'
import { correlationValue, isWhole, servePart, wholeData } from './data-parts.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier } from './fields.ts'
import { withLeadingIv } from './leading-iv.ts'
import { parametersFor } from './parameters-for.ts'

/**
 * Decrypt, also with a key that protects nothing new any more (1.4 section 4.30, 2.1 section 6.1.11). The tag has a field
 * since 1.4; without one, it is the end of the data, where Encrypt of earlier versions puts it.
 */
export const decrypt = defineOperation({
  name: 'Decrypt',
  spec: { '1.4': '4.30', '2.1': '6.1.11' },
  request: { ...cipherRequest, tag: optional(TAG.AuthenticatedEncryptionTag, bytes, { since: '1.4' }) },
  response: { uniqueIdentifier, data: optional(TAG.Data, bytes), correlationValue },
  handle: (context, request) => {
    const { objects, keys, batch } = context
    if (!isWhole(request)) return servePart(context, 'Decrypt', request)
    const data = wholeData(request)
    return then(objects.get(batch.resolve(request.uniqueIdentifier)), (object) =>
      then(keyToUse(context, object, 'Decrypt'), (key) => {
        const { ivCounterNonce, additionalData, tag } = request
        const parameters = parametersFor(request, object)
        const input = withLeadingIv(context, parameters, { data, ivCounterNonce, additionalData, tag })
        return then(keys.decrypt(key, parameters, input), (clear) => ({
          uniqueIdentifier: object.id,
          data: clear,
        }))
      }),
    )
  },
})
