import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Cancellation Result (1.4 section 9.1.3.2.25, 2.1 section 11.7). */
export const CANCELLATION_RESULT = enumeration('Cancellation Result', {
  Canceled: [0x01, '1.0'],
  UnableToCancel: [0x02, '1.0'],
  Completed: [0x03, '1.0'],
  Failed: [0x04, '1.0'],
  Unavailable: [0x05, '1.0'],
})

export type CancellationResult = EnumName<typeof CANCELLATION_RESULT>
