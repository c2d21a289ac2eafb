import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Usage Limits Unit (1.4 section 9.1.3.2.31, 2.1 section 11.60). */
export const USAGE_LIMITS_UNIT = enumeration('Usage Limits Unit', {
  Byte: [0x01, '1.0'],
  Object: [0x02, '1.0'],
})

export type UsageLimitsUnit = EnumName<typeof USAGE_LIMITS_UNIT>
