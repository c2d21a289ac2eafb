import { attributeList, attributesBare } from '../protocol/attribute-wire.ts'
import { OBJECT_TYPE, QUERY_FUNCTION } from '../protocol/enumerations.ts'
import { protocolVersion } from '../protocol/message.ts'
import { symmetricKey } from '../protocol/structures/managed-objects.ts'
import { TAG } from '../protocol/tags.ts'
import { enumerationCode, enumOf, integer, text } from '../schema/primitives.ts'
import { type Fields, type Infer, optional, repeated, required, struct } from '../schema/struct.ts'
import type { Operation } from '../protocol/enumerations.ts'
import type { Call } from './kmip-client.ts'

/*
 * The operations of the self-test as a client sees them: only the fields that the test sends and looks at. They stand
 * apart from the server's own definitions on purpose, so that a mistake there is not made here, too.
 */

const call = <const Request extends Fields, const Response extends Fields>(
  operation: Operation,
  request: Request,
  response: Response,
): Call<Infer<Request>, Infer<Response>> => ({
  operation,
  request: struct(`${operation} Request Payload`, request),
  response: struct(`${operation} Response Payload`, response),
})

const uniqueIdentifier = required(TAG.UniqueIdentifier, text)

const objectType = required(TAG.ObjectType, enumOf(OBJECT_TYPE))

/** 1.4 section 4.26, 2.1 section 6.1.16. */
export const discoverVersions = call(
  'DiscoverVersions',
  { versions: repeated(TAG.ProtocolVersion, protocolVersion) },
  { versions: repeated(TAG.ProtocolVersion, protocolVersion) },
)

/** 1.4 section 4.25, 2.1 section 6.1.40. */
export const query = call(
  'Query',
  { functions: repeated(TAG.QueryFunction, enumOf(QUERY_FUNCTION)) },
  {
    operations: repeated(TAG.Operation, enumerationCode),
    objectTypes: repeated(TAG.ObjectType, enumerationCode),
    vendorIdentification: optional(TAG.VendorIdentification, text),
  },
)

/** 1.4 section 4.1, 2.1 section 6.1.8. */
export const create = call(
  'Create',
  { objectType, attributes: attributeList('required') },
  { objectType, uniqueIdentifier },
)

/** 1.4 section 4.11, 2.1 section 6.1.19. */
export const get = call(
  'Get',
  { uniqueIdentifier },
  { objectType, uniqueIdentifier, symmetricKey: required(TAG.SymmetricKey, symmetricKey) },
)

/** 1.4 section 4.9, 2.1 section 6.1.28. */
export const locate = call(
  'Locate',
  { attributes: attributesBare('always') },
  { locatedItems: optional(TAG.LocatedItems, integer), ids: repeated(TAG.UniqueIdentifier, text) },
)

/** 1.4 section 4.21, 2.1 section 6.1.15. */
export const destroy = call('Destroy', { uniqueIdentifier }, { uniqueIdentifier })
