import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Unwrap Mode (1.4 section 9.1.3.2.43, 2.1 section 11.59). */
export const UNWRAP_MODE = enumeration('Unwrap Mode', {
  Unspecified: [0x01, '1.3'],
  Processed: [0x02, '1.3'],
  NotProcessed: [0x03, '1.3'],
})

export type UnwrapMode = EnumName<typeof UNWRAP_MODE>
