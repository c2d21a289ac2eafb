import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Asynchronous Indicator (2.1 section 11.3). */
export const ASYNCHRONOUS_INDICATOR = enumeration('Asynchronous Indicator', {
  Mandatory: [0x01, '2.0'],
  Optional: [0x02, '2.0'],
  Prohibited: [0x03, '2.0'],
})

export type AsynchronousIndicator = EnumName<typeof ASYNCHRONOUS_INDICATOR>
