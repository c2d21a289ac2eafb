import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Batch Error Continuation Option (1.4 section 9.1.3.2.30, 2.1 section 11.5). */
export const BATCH_ERROR_CONTINUATION_OPTION = enumeration('Batch Error Continuation Option', {
  Continue: [0x01, '1.0'],
  Stop: [0x02, '1.0'],
  Undo: [0x03, '1.0'],
})

export type BatchErrorContinuationOption = EnumName<typeof BATCH_ERROR_CONTINUATION_OPTION>
