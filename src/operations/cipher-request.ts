import { cryptographicParameters } from '../protocol/structures/cryptographic-parameters.ts'
import { TAG } from '../protocol/tags.ts'
import { bytes } from '../schema/primitives.ts'
import { optional } from '../schema/struct.ts'
import { streamFields } from './data-parts.ts'
import { uniqueIdentifierOrPlaceholder } from './fields.ts'

/** What Encrypt and Decrypt ask alike (1.4 sections 4.29 and 4.30, 2.1 sections 6.1.11 and 6.1.17). */
export const cipherRequest = {
  uniqueIdentifier: uniqueIdentifierOrPlaceholder,
  cryptographicParameters: optional(TAG.CryptographicParameters, cryptographicParameters),
  data: optional(TAG.Data, bytes),
  ivCounterNonce: optional(TAG.IVCounterNonce, bytes),
  ...streamFields,
  additionalData: optional(TAG.AuthenticatedEncryptionAdditionalData, bytes, { since: '1.4' }),
}
