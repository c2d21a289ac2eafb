import { chainToValidate } from '../domain/chain-validation.ts'
import { VALIDITY_INDICATOR } from '../protocol/enumerations.ts'
import { certificate } from '../protocol/structures/managed-objects.ts'
import { objectReference } from '../protocol/structures/unique-identifier.ts'
import { TAG } from '../protocol/tags.ts'
import { dateTime, enumOf } from '../schema/primitives.ts'
import { optional, repeated, required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'

/**
 * Validate: whether certificates are one chain that is good at a time (1.4 section 4.24, 2.1 section 6.1.57). Trusted are
 * the server's own issuing authority and those that the client keeps here as Active certificates.
 */
export const validate = defineOperation({
  name: 'Validate',
  spec: { '1.4': '4.24', '2.1': '6.1.57' },
  request: {
    certificates: repeated(TAG.Certificate, certificate),
    uniqueIdentifiers: repeated(TAG.UniqueIdentifier, objectReference),
    validityDate: optional(TAG.ValidityDate, dateTime),
  },
  response: { validityIndicator: required(TAG.ValidityIndicator, enumOf(VALIDITY_INDICATOR)) },
  handle: async (context, { certificates, uniqueIdentifiers, validityDate }) => {
    const brought = certificates.map((value) => ({ objectType: 'Certificate', value }) as const)
    const ids = uniqueIdentifiers.map((reference) => context.batch.resolve(reference))
    const chain = await chainToValidate(context, { brought, ids, at: validityDate ?? context.now })
    const validityIndicator = chain === undefined ? 'Invalid' : await context.keys.validateChain(chain)
    return { validityIndicator }
  },
})
