import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Object Class (3.0 section 4.40). */
export const OBJECT_CLASS = enumeration('Object Class', {
  User: [0x01, '3.0'],
  System: [0x02, '3.0'],
})

export type ObjectClass = EnumName<typeof OBJECT_CLASS>
