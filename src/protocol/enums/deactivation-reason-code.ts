import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Deactivation Reason Code (3.0 section 4.21). */
export const DEACTIVATION_REASON_CODE = enumeration('Deactivation Reason Code', {
  Unspecified: [0x01, '3.0'],
  DeactivationDate: [0x02, '3.0'],
  ProtectStopDate: [0x03, '3.0'],
  UsageLimit: [0x04, '3.0'],
})

export type DeactivationReasonCode = EnumName<typeof DEACTIVATION_REASON_CODE>
