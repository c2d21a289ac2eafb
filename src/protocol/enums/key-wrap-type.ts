import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Key Wrap Type (1.4 section 9.1.3.2.48, 2.1 section 11.29). */
export const KEY_WRAP_TYPE = enumeration('Key Wrap Type', {
  NotWrapped: [0x01, '1.4'],
  AsRegistered: [0x02, '1.4'],
})

export type KeyWrapType = EnumName<typeof KEY_WRAP_TYPE>
