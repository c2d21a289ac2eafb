import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Adjustment Type (2.1 section 11.1). */
export const ADJUSTMENT_TYPE = enumeration('Adjustment Type', {
  Increment: [0x01, '2.0'],
  Decrement: [0x02, '2.0'],
  Negate: [0x03, '2.0'],
})

export type AdjustmentType = EnumName<typeof ADJUSTMENT_TYPE>
