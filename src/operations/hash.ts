import { cryptographicParameters } from '../protocol/structures/cryptographic-parameters.ts'
import { TAG } from '../protocol/tags.ts'
import { bytes } from '../schema/primitives.ts'
import { optional, required } from '../schema/struct.ts'
import { correlationValue, isWhole, serveHashPart, streamFields, wholeData } from './data-parts.ts'
import { defineOperation } from './define-operation.ts'

/** Hash of data with a Hashing Algorithm that the request names: no key is used (1.4 section 4.37, 2.1 section 6.1.24). */
export const hash = defineOperation({
  name: 'Hash',
  spec: { '1.4': '4.37', '2.1': '6.1.24' },
  request: {
    cryptographicParameters: required(TAG.CryptographicParameters, cryptographicParameters),
    data: optional(TAG.Data, bytes),
    ...streamFields,
  },
  response: { data: optional(TAG.Data, bytes), correlationValue },
  handle: (context, request) =>
    isWhole(request)
      ? { data: context.keys.hash(request.cryptographicParameters, wholeData(request)) }
      : serveHashPart(context, request),
})
