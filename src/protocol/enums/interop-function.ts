import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Interop Function (2.1 section 11.22). */
export const INTEROP_FUNCTION = enumeration('Interop Function', {
  Begin: [0x01, '2.0'],
  End: [0x02, '2.0'],
  Reset: [0x03, '2.0'],
})

export type InteropFunction = EnumName<typeof INTEROP_FUNCTION>
