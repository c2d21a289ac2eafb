import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Object Type (1.4 section 9.1.3.2.12, 2.1 section 11.34). */
export const OBJECT_TYPE = enumeration('Object Type', {
  Certificate: [0x01, '1.0'],
  SymmetricKey: [0x02, '1.0'],
  PublicKey: [0x03, '1.0'],
  PrivateKey: [0x04, '1.0'],
  SplitKey: [0x05, '1.0'],
  Template: [0x06, '1.0', '1.4'],
  SecretData: [0x07, '1.0'],
  OpaqueObject: [0x08, '1.0'],
  PGPKey: [0x09, '1.2'],
  CertificateRequest: [0x0a, '2.0'],
  User: [0x0b, '3.0'],
  Group: [0x0c, '3.0'],
  PasswordCredential: [0x0d, '3.0'],
  DeviceCredential: [0x0e, '3.0'],
  OneTimePasswordCredential: [0x0f, '3.0'],
  HashedPasswordCredential: [0x10, '3.0'],
})

export type ObjectType = EnumName<typeof OBJECT_TYPE>
