import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** KEM Algorithm (3.0 working draft). */
export const KEM_ALGORITHM = enumeration('KEM Algorithm', {
  RSASVE: [0x01, '3.0'],
  DHKEM: [0x02, '3.0'],
  MLKEM: [0x03, '3.0'],
})

export type KEMAlgorithm = EnumName<typeof KEM_ALGORITHM>
