import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Wrapping Method (1.4 section 9.1.3.2.4, 2.1 section 11.62). */
export const WRAPPING_METHOD = enumeration('Wrapping Method', {
  Encrypt: [0x01, '1.0'],
  MACSign: [0x02, '1.0'],
  EncryptThenMACSign: [0x03, '1.0'],
  MACSignThenEncrypt: [0x04, '1.0'],
  TR_31: [0x05, '1.0'],
})

export type WrappingMethod = EnumName<typeof WRAPPING_METHOD>
