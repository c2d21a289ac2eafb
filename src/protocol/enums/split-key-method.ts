import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Split Key Method (1.4 section 9.1.3.2.8, 2.1 section 11.54). */
export const SPLIT_KEY_METHOD = enumeration('Split Key Method', {
  XOR: [0x01, '1.0'],
  PolynomialSharingGF2_16: [0x02, '1.0'],
  PolynomialSharingPrimeField: [0x03, '1.0'],
  PolynomialSharingGF2_8: [0x04, '1.2'],
})

export type SplitKeyMethod = EnumName<typeof SPLIT_KEY_METHOD>
