import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Key Format Type (1.4 section 9.1.3.2.3, 2.1 section 11.25). */
export const KEY_FORMAT_TYPE = enumeration('Key Format Type', {
  Raw: [0x01, '1.0'],
  Opaque: [0x02, '1.0'],
  PKCS_1: [0x03, '1.0'],
  PKCS_8: [0x04, '1.0'],
  X_509: [0x05, '1.0'],
  ECPrivateKey: [0x06, '1.0'],
  TransparentSymmetricKey: [0x07, '1.0'],
  TransparentDSAPrivateKey: [0x08, '1.0'],
  TransparentDSAPublicKey: [0x09, '1.0'],
  TransparentRSAPrivateKey: [0x0a, '1.0'],
  TransparentRSAPublicKey: [0x0b, '1.0'],
  TransparentDHPrivateKey: [0x0c, '1.0'],
  TransparentDHPublicKey: [0x0d, '1.0'],
  TransparentECDSAPrivateKey: [0x0e, '1.0', '1.4'],
  TransparentECDSAPublicKey: [0x0f, '1.0', '1.4'],
  TransparentECDHPrivateKey: [0x10, '1.0', '1.4'],
  TransparentECDHPublicKey: [0x11, '1.0', '1.4'],
  TransparentECMQVPrivateKey: [0x12, '1.0', '1.4'],
  TransparentECMQVPublicKey: [0x13, '1.0', '1.4'],
  TransparentECPrivateKey: [0x14, '1.3'],
  TransparentECPublicKey: [0x15, '1.3'],
  PKCS_12: [0x16, '1.4'],
  PKCS_10: [0x17, '2.0'],
  SeedPrivateKey: [0x18, '3.0', undefined, 0x80000018],
})

export type KeyFormatType = EnumName<typeof KEY_FORMAT_TYPE>
