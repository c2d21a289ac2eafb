import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Protection Level (2.1 section 11.42). */
export const PROTECTION_LEVEL = enumeration('Protection Level', {
  High: [0x01, '2.0'],
  Low: [0x02, '2.0'],
})

export type ProtectionLevel = EnumName<typeof PROTECTION_LEVEL>
