import { then } from '../domain/maybe-promise.ts'
import { protecting } from '../domain/usage-limits.ts'
import { keyToUse } from '../domain/wrapping-keys.ts'
import { encryptedData } from '../protocol/ciphertext.ts'
import { TAG } from '../protocol/tags.ts'
import { bytes } from '../schema/primitives.ts'
import { optional } from '../schema/struct.ts'
import { cipherRequest } from './cipher-request.ts'
import { correlationValue, isWhole, type KeyedPartAnswer, servePart, wholeData } from './data-parts.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier } from './fields.ts'
import { parametersFor } from './parameters-for.ts'

const EMPTY = Buffer.alloc(0)

const partAnswer = ({ data, tag, ...rest }: KeyedPartAnswer) => ({
  ...rest,
  ciphertext: data === undefined && tag === undefined ? undefined : { data: data ?? EMPTY, tag },
  tag,
})

/**
 * Encrypt, with a key that is Active (1.4 section 4.29, 2.1 section 6.1.17). Every use counts against the Usage Limits of
 * the key, and is counted before it is answered. The IV is answered where the server chose it.
 */
export const encrypt = defineOperation({
  name: 'Encrypt',
  spec: { '1.4': '4.29', '2.1': '6.1.17' },
  request: cipherRequest,
  response: {
    uniqueIdentifier,
    ciphertext: encryptedData(),
    ivCounterNonce: optional(TAG.IVCounterNonce, bytes),
    correlationValue,
    tag: optional(TAG.AuthenticatedEncryptionTag, bytes, { since: '1.4' }),
  },
  handle: (context, request) => {
    const { objects, keys, batch, now } = context
    if (!isWhole(request)) return then(servePart(context, 'Encrypt', request), partAnswer)
    const data = wholeData(request)
    return then(objects.get(batch.resolve(request.uniqueIdentifier)), (object) =>
      then(keyToUse(context, object, 'Encrypt'), (key) => {
        const counted = protecting(object, data.length, now)
        const { ivCounterNonce, additionalData } = request
        const input = { data, ivCounterNonce, additionalData, tag: undefined }
        return then(keys.encrypt(key, parametersFor(request, object), input), (output) => {
          if (counted !== object) objects.update(counted)
          const { ivCounterNonce: chosen, tag } = output
          return { uniqueIdentifier: object.id, ciphertext: output, ivCounterNonce: chosen, tag }
        })
      }),
    )
  },
})
