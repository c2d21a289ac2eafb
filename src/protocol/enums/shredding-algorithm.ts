import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Shredding Algorithm (1.4 section 9.1.3.2.45, 2.1 section 11.53). */
export const SHREDDING_ALGORITHM = enumeration('Shredding Algorithm', {
  Unspecified: [0x01, '1.3'],
  Cryptographic: [0x02, '1.3'],
  Unsupported: [0x03, '1.3'],
})

export type ShreddingAlgorithm = EnumName<typeof SHREDDING_ALGORITHM>
