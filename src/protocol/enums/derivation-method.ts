import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Derivation Method (1.4 section 9.1.3.2.21, 2.1 section 11.14). */
export const DERIVATION_METHOD = enumeration('Derivation Method', {
  PBKDF2: [0x01, '1.0'],
  HASH: [0x02, '1.0'],
  HMAC: [0x03, '1.0'],
  ENCRYPT: [0x04, '1.0'],
  NIST800_108_C: [0x05, '1.0'],
  NIST800_108_F: [0x06, '1.0'],
  NIST800_108_DPI: [0x07, '1.0'],
  AsymmetricKey: [0x08, '1.4'],
  AWSSignatureVersion4: [0x09, '2.0'],
  HKDF: [0x0a, '2.0'],
})

export type DerivationMethod = EnumName<typeof DERIVATION_METHOD>
