import { ENDPOINT_ROLE } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { TAG } from '../protocol/tags.ts'
import { enumOf } from '../schema/primitives.ts'
import { required } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'

/** The role that whoever is asked shall have from now on. */
export const endpointRole = { endpointRole: required(TAG.EndpointRole, enumOf(ENDPOINT_ROLE)) }

/**
 * Set Endpoint Role: the client and this server change places on their connection, once the answer has gone out (2.1
 * section 6.1.54). The role asked for is that of this server, so Client turns the connection, and Server turns it back.
 */
export const setEndpointRole = defineOperation({
  name: 'SetEndpointRole',
  spec: { '2.1': '6.1.54' },
  request: endpointRole,
  response: endpointRole,
  handle: ({ endpoint, principal }, { endpointRole: role }) => {
    // What comes over a turned connection is for the client itself, and it would stay turned when the ticket is over.
    if (principal.ticket !== undefined) {
      throw new KmipError('PermissionDenied', 'A connection is not turned for a ticket')
    }
    if (endpoint === undefined) {
      throw new KmipError('FeatureNotSupported', 'What the request came over cannot be turned')
    }
    endpoint.assume(role)
    return { endpointRole: role }
  },
})
