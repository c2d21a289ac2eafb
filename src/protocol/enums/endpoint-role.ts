import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Endpoint Role (2.1 section 11.19). */
export const ENDPOINT_ROLE = enumeration('Endpoint Role', {
  Client: [0x01, '2.0'],
  Server: [0x02, '2.0'],
})

export type EndpointRole = EnumName<typeof ENDPOINT_ROLE>
