import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** RNG Mode (1.4 section 9.1.3.2.46, 2.1 section 11.50). */
export const RNG_MODE = enumeration('RNG Mode', {
  Unspecified: [0x01, '1.3'],
  SharedInstantiation: [0x02, '1.3'],
  NonSharedInstantiation: [0x03, '1.3'],
})

export type RNGMode = EnumName<typeof RNG_MODE>
