import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Put Function (1.4 section 9.1.3.2.26, 2.1 section 11.43). */
export const PUT_FUNCTION = enumeration('Put Function', {
  New: [0x01, '1.0'],
  Replace: [0x02, '1.0'],
})

export type PutFunction = EnumName<typeof PUT_FUNCTION>
