import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** FIPS186 Variation (1.4 section 9.1.3.2.39, 2.1 section 11.20). */
export const FIPS186_VARIATION = enumeration('FIPS186 Variation', {
  Unspecified: [0x01, '1.3'],
  GPXOriginal: [0x02, '1.3'],
  GPXChangeNotice: [0x03, '1.3'],
  XOriginal: [0x04, '1.3'],
  XChangeNotice: [0x05, '1.3'],
  KOriginal: [0x06, '1.3'],
  KChangeNotice: [0x07, '1.3'],
})

export type FIPS186Variation = EnumName<typeof FIPS186_VARIATION>
