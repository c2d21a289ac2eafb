import { then } from '../domain/maybe-promise.ts'
import { keyToUse } from '../domain/wrapping-keys.ts'
import { VALIDITY_INDICATOR } from '../protocol/enumerations.ts'
import { cryptographicParameters } from '../protocol/structures/cryptographic-parameters.ts'
import { TAG } from '../protocol/tags.ts'
import { bytes, enumOf } from '../schema/primitives.ts'
import { optional } from '../schema/struct.ts'
import { correlationValue, isWhole, neededProof, servePart, streamFields } from './data-parts.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'
import { parametersFor } from './parameters-for.ts'

/**
 * Signature Verify, with a public key or the one of a certificate, also where it is out of service (1.4 section 4.32, 2.1
 * section 6.1.56). A wrong signature is an answer, not a failure.
 */
export const signatureVerify = defineOperation({
  name: 'SignatureVerify',
  spec: { '1.4': '4.32', '2.1': '6.1.56' },
  request: {
    uniqueIdentifier: uniqueIdentifierOrPlaceholder,
    cryptographicParameters: optional(TAG.CryptographicParameters, cryptographicParameters),
    data: optional(TAG.Data, bytes),
    digestedData: optional(TAG.DigestedData, bytes, { since: '1.4' }),
    signatureData: optional(TAG.SignatureData, bytes),
    ...streamFields,
  },
  response: {
    uniqueIdentifier,
    validityIndicator: optional(TAG.ValidityIndicator, enumOf(VALIDITY_INDICATOR)),
    data: optional(TAG.Data, bytes),
    correlationValue,
  },
  handle: (context, request) => {
    const { objects, keys, batch } = context
    const { data, digestedData: digested, signatureData } = request
    if (!isWhole(request)) {
      const part = servePart(context, 'SignatureVerify', { ...request, proof: signatureData })
      return then(part, (answer) => ({ ...answer, data: undefined, validityIndicator: answer.validity }))
    }
    const proof = neededProof(signatureData)
    return then(objects.get(batch.resolve(request.uniqueIdentifier)), (object) =>
      then(keyToUse(context, object, 'Verify'), (key) => {
        const verdict = keys.verify(key, parametersFor(request, object), { data, digested }, proof)
        return then(verdict, ({ validity, recovered }) => ({
          uniqueIdentifier: object.id,
          validityIndicator: validity,
          data: recovered,
        }))
      }),
    )
  },
})
