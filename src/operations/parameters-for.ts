import { valueOf } from '../domain/attribute-set.ts'
import type { ManagedObject } from '../domain/managed-object.ts'
import type { CryptographicParameters } from '../protocol/structures/cryptographic-parameters.ts'

type ParametersRequest = { readonly cryptographicParameters?: CryptographicParameters | undefined }

const NO_PARAMETERS: CryptographicParameters = {}

/** Those of the request, or else those of the object with the lowest Attribute Index. */
export const parametersFor = (request: ParametersRequest, object: ManagedObject): CryptographicParameters =>
  request.cryptographicParameters ?? valueOf(object.attributes, 'CryptographicParameters') ?? NO_PARAMETERS
