import { mask, type EnumName } from '../../schema/enumeration.ts'

/** Object Class Mask (3.0 section 6.1.32). */
export const OBJECT_CLASS_MASK = mask('Object Class Mask', {
  User: [0x01, '3.0'],
  System: [0x02, '3.0'],
})

export type ObjectClassMask = EnumName<typeof OBJECT_CLASS_MASK>
