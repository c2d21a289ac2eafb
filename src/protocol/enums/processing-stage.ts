import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Processing Stage (2.1 section 11.40). */
export const PROCESSING_STAGE = enumeration('Processing Stage', {
  Submitted: [0x01, '2.1'],
  InProcess: [0x02, '2.1'],
  Completed: [0x03, '2.1'],
})

export type ProcessingStage = EnumName<typeof PROCESSING_STAGE>
