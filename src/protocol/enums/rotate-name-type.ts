import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Rotate Name Type (2.1 section 11.51). */
export const ROTATE_NAME_TYPE = enumeration('Rotate Name Type', {
  UninterpretedTextString: [0x01, '2.1'],
  URI: [0x02, '2.1'],
})

export type RotateNameType = EnumName<typeof ROTATE_NAME_TYPE>
