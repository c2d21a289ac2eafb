import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Encoding Option (1.4 section 9.1.3.2.32, 2.1 section 11.18). */
export const ENCODING_OPTION = enumeration('Encoding Option', {
  NoEncoding: [0x01, '1.1'],
  TTLVEncoding: [0x02, '1.1'],
})

export type EncodingOption = EnumName<typeof ENCODING_OPTION>
