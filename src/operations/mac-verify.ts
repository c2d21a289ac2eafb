import { then } from '../domain/maybe-promise.ts'
import { keyToUse } from '../domain/wrapping-keys.ts'
import { VALIDITY_INDICATOR, type ValidityIndicator } from '../protocol/enumerations.ts'
import { cryptographicParameters } from '../protocol/structures/cryptographic-parameters.ts'
import { TAG } from '../protocol/tags.ts'
import { bytes, enumOf } from '../schema/primitives.ts'
import { optional } from '../schema/struct.ts'
import { correlationValue, isWhole, neededProof, servePart, streamFields, wholeData } from './data-parts.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'
import { parametersFor } from './parameters-for.ts'

const validityOf = (valid: boolean): ValidityIndicator => (valid ? 'Valid' : 'Invalid')

/**
 * MAC Verify, also with a key that protects nothing new any more (1.4 section 4.34, 2.1 section 6.1.33). A wrong MAC is
 * an answer, not a failure.
 */
export const macVerify = defineOperation({
  name: 'MACVerify',
  spec: { '1.4': '4.34', '2.1': '6.1.33' },
  request: {
    uniqueIdentifier: uniqueIdentifierOrPlaceholder,
    cryptographicParameters: optional(TAG.CryptographicParameters, cryptographicParameters),
    data: optional(TAG.Data, bytes),
    macData: optional(TAG.MACData, bytes),
    ...streamFields,
  },
  response: {
    uniqueIdentifier,
    validityIndicator: optional(TAG.ValidityIndicator, enumOf(VALIDITY_INDICATOR)),
    correlationValue,
  },
  handle: (context, request) => {
    const { objects, keys, batch } = context
    if (!isWhole(request)) {
      const part = servePart(context, 'MACVerify', { ...request, proof: request.macData })
      return then(part, (answer) => ({ ...answer, data: undefined, validityIndicator: answer.validity }))
    }
    const data = wholeData(request)
    const proof = neededProof(request.macData)
    return then(objects.get(batch.resolve(request.uniqueIdentifier)), (object) =>
      then(keyToUse(context, object, 'MACVerify'), (key) => {
        return then(keys.isMac(key, parametersFor(request, object), data, proof), (valid) => ({
          uniqueIdentifier: object.id,
          validityIndicator: validityOf(valid),
        }))
      }),
    )
  },
})
