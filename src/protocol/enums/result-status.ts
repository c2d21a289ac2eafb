import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Result Status (1.4 section 9.1.3.2.28, 2.1 section 11.47). */
export const RESULT_STATUS = enumeration('Result Status', {
  Success: [0x00, '1.0'],
  OperationFailed: [0x01, '1.0'],
  OperationPending: [0x02, '1.0'],
  OperationUndone: [0x03, '1.0'],
})

export type ResultStatus = EnumName<typeof RESULT_STATUS>
