import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Validation Type (1.4 section 9.1.3.2.41, 2.1 section 11.64). */
export const VALIDATION_TYPE = enumeration('Validation Type', {
  Unspecified: [0x01, '1.3'],
  Hardware: [0x02, '1.3'],
  Software: [0x03, '1.3'],
  Firmware: [0x04, '1.3'],
  Hybrid: [0x05, '1.3'],
})

export type ValidationType = EnumName<typeof VALIDATION_TYPE>
