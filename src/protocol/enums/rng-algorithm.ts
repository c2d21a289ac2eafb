import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** RNG Algorithm (1.4 section 9.1.3.2.37, 2.1 section 11.49). */
export const RNG_ALGORITHM = enumeration('RNG Algorithm', {
  Unspecified: [0x01, '1.3'],
  FIPS186_2: [0x02, '1.3'],
  DRBG: [0x03, '1.3'],
  NRBG: [0x04, '1.3'],
  ANSIX9_31: [0x05, '1.3'],
  ANSIX9_62: [0x06, '1.3'],
})

export type RNGAlgorithm = EnumName<typeof RNG_ALGORITHM>
