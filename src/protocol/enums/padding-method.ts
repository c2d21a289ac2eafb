import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Padding Method (1.4 section 9.1.3.2.15, 2.1 section 11.37). */
export const PADDING_METHOD = enumeration('Padding Method', {
  None: [0x01, '1.0'],
  OAEP: [0x02, '1.0'],
  PKCS5: [0x03, '1.0'],
  SSL3: [0x04, '1.0'],
  Zeros: [0x05, '1.0'],
  ANSIX9_23: [0x06, '1.0'],
  ISO10126: [0x07, '1.0'],
  PKCS1V1_5: [0x08, '1.0'],
  X9_31: [0x09, '1.0'],
  PSS: [0x0a, '1.0'],
})

export type PaddingMethod = EnumName<typeof PADDING_METHOD>
