import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Key Compression Type (1.4 section 9.1.3.2.2, 2.1 section 11.24). */
export const KEY_COMPRESSION_TYPE = enumeration('Key Compression Type', {
  ECPublicKeyTypeUncompressed: [0x01, '1.0'],
  ECPublicKeyTypeX9_62CompressedPrime: [0x02, '1.0'],
  ECPublicKeyTypeX9_62CompressedChar2: [0x03, '1.0'],
  ECPublicKeyTypeX9_62Hybrid: [0x04, '1.0'],
})

export type KeyCompressionType = EnumName<typeof KEY_COMPRESSION_TYPE>
