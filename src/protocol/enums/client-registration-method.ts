import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Client Registration Method (1.4 section 9.1.3.2.47, 2.1 section 11.10). */
export const CLIENT_REGISTRATION_METHOD = enumeration('Client Registration Method', {
  Unspecified: [0x01, '1.3'],
  ServerPreGenerated: [0x02, '1.3'],
  ServerOnDemand: [0x03, '1.3'],
  ClientGenerated: [0x04, '1.3'],
  ClientRegistered: [0x05, '1.3'],
})

export type ClientRegistrationMethod = EnumName<typeof CLIENT_REGISTRATION_METHOD>
