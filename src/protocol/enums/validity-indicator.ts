import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Validity Indicator (1.4 section 9.1.3.2.23, 2.1 section 11.61). */
export const VALIDITY_INDICATOR = enumeration('Validity Indicator', {
  Valid: [0x01, '1.0'],
  Invalid: [0x02, '1.0'],
  Unknown: [0x03, '1.0'],
})

export type ValidityIndicator = EnumName<typeof VALIDITY_INDICATOR>
