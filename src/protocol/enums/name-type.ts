import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Name Type (1.4 section 9.1.3.2.11, 2.1 section 11.31). */
export const NAME_TYPE = enumeration('Name Type', {
  UninterpretedTextString: [0x01, '1.0'],
  URI: [0x02, '1.0'],
})

export type NameType = EnumName<typeof NAME_TYPE>
