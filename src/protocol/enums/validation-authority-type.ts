import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Validation Authority Type (1.4 section 9.1.3.2.40, 2.1 section 11.63). */
export const VALIDATION_AUTHORITY_TYPE = enumeration('Validation Authority Type', {
  Unspecified: [0x01, '1.3'],
  NISTCMVP: [0x02, '1.3'],
  CommonCriteria: [0x03, '1.3'],
})

export type ValidationAuthorityType = EnumName<typeof VALIDATION_AUTHORITY_TYPE>
