import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** DRBG Algorithm (1.4 section 9.1.3.2.38, 2.1 section 11.17). */
export const DRBG_ALGORITHM = enumeration('DRBG Algorithm', {
  Unspecified: [0x01, '1.3'],
  Dual_EC: [0x02, '1.3'],
  Hash: [0x03, '1.3'],
  HMAC: [0x04, '1.3'],
  CTR: [0x05, '1.3'],
})

export type DRBGAlgorithm = EnumName<typeof DRBG_ALGORITHM>
