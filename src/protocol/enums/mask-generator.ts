import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Mask Generator (1.4 section 9.1.3.2.49, 2.1 section 11.30). */
export const MASK_GENERATOR = enumeration('Mask Generator', {
  MGF1: [0x01, '1.4'],
})

export type MaskGenerator = EnumName<typeof MASK_GENERATOR>
