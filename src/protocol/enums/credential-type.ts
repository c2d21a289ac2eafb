import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Credential Type (1.4 section 9.1.3.2.1, 2.1 section 11.11). */
export const CREDENTIAL_TYPE = enumeration('Credential Type', {
  UsernameAndPassword: [0x01, '1.0'],
  Device: [0x02, '1.1'],
  Attestation: [0x03, '1.2'],
  OneTimePassword: [0x04, '2.0'],
  HashedPassword: [0x05, '2.0'],
  Ticket: [0x06, '2.0'],
  Password: [0x07, '3.0'],
  Certificate: [0x08, '3.0'],
})

export type CredentialType = EnumName<typeof CREDENTIAL_TYPE>
