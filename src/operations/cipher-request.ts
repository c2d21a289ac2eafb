import { valueOf } from '../domain/attribute-set.ts'
import type { ManagedObject } from '../domain/managed-object.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import {
  type CryptographicParameters,
  cryptographicParameters,
} from '../protocol/structures/cryptographic-parameters.ts'
import { TAG } from '../protocol/tags.ts'
import { boolean, bytes } from '../schema/primitives.ts'
import { type Infer, optional } from '../schema/struct.ts'
import { uniqueIdentifierOrPlaceholder } from './fields.ts'

/** The indicators of data that comes in parts (1.4 sections 2.1.15 to 2.1.17). */
export const streamFields = {
  correlationValue: optional(TAG.CorrelationValue, bytes, { since: '1.3' }),
  initIndicator: optional(TAG.InitIndicator, boolean, { since: '1.3' }),
  finalIndicator: optional(TAG.FinalIndicator, boolean, { since: '1.3' }),
}

/** What Encrypt and Decrypt ask alike (1.4 sections 4.29 and 4.30, 2.1 sections 6.1.11 and 6.1.17). */
export const cipherRequest = {
  uniqueIdentifier: uniqueIdentifierOrPlaceholder,
  cryptographicParameters: optional(TAG.CryptographicParameters, cryptographicParameters),
  data: optional(TAG.Data, bytes),
  ivCounterNonce: optional(TAG.IVCounterNonce, bytes),
  ...streamFields,
  additionalData: optional(TAG.AuthenticatedEncryptionAdditionalData, bytes, { since: '1.4' }),
}

type StreamRequest = Infer<typeof streamFields>

/** @throws KmipError FeatureNotSupported for a part of a stream */
export const checkWhole = ({ correlationValue, initIndicator, finalIndicator }: StreamRequest): void => {
  if (correlationValue !== undefined || initIndicator !== undefined || finalIndicator !== undefined) {
    throw new KmipError('FeatureNotSupported', 'The server takes data in one part only')
  }
}

/**
 * The data of a request that is complete in itself.
 * @throws KmipError FeatureNotSupported for a part of a stream, InvalidMessage without data
 */
export const wholeData = (request: StreamRequest & { readonly data?: Buffer | undefined }): Buffer => {
  checkWhole(request)
  const { data } = request
  if (data === undefined) throw new KmipError('InvalidMessage', 'The data is missing')
  return data
}

type ParametersRequest = { readonly cryptographicParameters?: CryptographicParameters | undefined }

const NO_PARAMETERS: CryptographicParameters = {}

/** Those of the request, or else those of the object with the lowest Attribute Index. */
export const parametersFor = (request: ParametersRequest, object: ManagedObject): CryptographicParameters =>
  request.cryptographicParameters ?? valueOf(object.attributes, 'CryptographicParameters') ?? NO_PARAMETERS
