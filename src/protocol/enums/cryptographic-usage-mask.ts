import { mask, type EnumName } from '../../schema/enumeration.ts'

/** Cryptographic Usage Mask (1.4 section 9.1.3.3.1, 2.1 section 12.1). */
export const CRYPTOGRAPHIC_USAGE_MASK = mask('Cryptographic Usage Mask', {
  Sign: [0x01, '1.0'],
  Verify: [0x02, '1.0'],
  Encrypt: [0x04, '1.0'],
  Decrypt: [0x08, '1.0'],
  WrapKey: [0x10, '1.0'],
  UnwrapKey: [0x20, '1.0'],
  Export: [0x40, '1.0', '1.4'],
  MACGenerate: [0x80, '1.0'],
  MACVerify: [0x0100, '1.0'],
  DeriveKey: [0x0200, '1.0'],
  ContentCommitment: [0x0400, '1.0', '1.4'],
  KeyAgreement: [0x0800, '1.0'],
  CertificateSign: [0x1000, '1.0'],
  CRLSign: [0x2000, '1.0'],
  GenerateCryptogram: [0x4000, '1.0', '1.4'],
  ValidateCryptogram: [0x8000, '1.0', '1.4'],
  TranslateEncrypt: [0x10000, '1.0', '1.4'],
  TranslateDecrypt: [0x20000, '1.0', '1.4'],
  TranslateWrap: [0x40000, '1.0', '1.4'],
  TranslateUnwrap: [0x80000, '1.0', '1.4'],
  Authenticate: [0x100000, '2.0'],
  Unrestricted: [0x200000, '2.0'],
  FPEEncrypt: [0x400000, '2.0'],
  FPEDecrypt: [0x800000, '2.0'],
})

export type CryptographicUsageMask = EnumName<typeof CRYPTOGRAPHIC_USAGE_MASK>
