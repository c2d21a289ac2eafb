import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Split Key Polynomial (3.0 section 4.63). */
export const SPLIT_KEY_POLYNOMIAL = enumeration('Split Key Polynomial', {
  Polynomial_283: [0x01, '3.0'],
  Polynomial_285: [0x02, '3.0'],
})

export type SplitKeyPolynomial = EnumName<typeof SPLIT_KEY_POLYNOMIAL>
