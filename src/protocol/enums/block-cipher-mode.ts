import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Block Cipher Mode (1.4 section 9.1.3.2.14, 2.1 section 11.6). */
export const BLOCK_CIPHER_MODE = enumeration('Block Cipher Mode', {
  CBC: [0x01, '1.0'],
  ECB: [0x02, '1.0'],
  PCBC: [0x03, '1.0'],
  CFB: [0x04, '1.0'],
  OFB: [0x05, '1.0'],
  CTR: [0x06, '1.0'],
  CMAC: [0x07, '1.0'],
  CCM: [0x08, '1.0'],
  GCM: [0x09, '1.0'],
  CBC_MAC: [0x0a, '1.0'],
  XTS: [0x0b, '1.0'],
  AESKeyWrapPadding: [0x0c, '1.0'],
  NISTKeyWrap: [0x0d, '1.0'],
  X9_102AESKW: [0x0e, '1.0'],
  X9_102TDKW: [0x0f, '1.0'],
  X9_102AKW1: [0x10, '1.0'],
  X9_102AKW2: [0x11, '1.0'],
  AEAD: [0x12, '1.4'],
})

export type BlockCipherMode = EnumName<typeof BLOCK_CIPHER_MODE>
