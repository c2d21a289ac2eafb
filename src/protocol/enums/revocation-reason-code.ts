import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Revocation Reason Code (1.4 section 9.1.3.2.19, 2.1 section 11.48). */
export const REVOCATION_REASON_CODE = enumeration('Revocation Reason Code', {
  Unspecified: [0x01, '1.0'],
  KeyCompromise: [0x02, '1.0'],
  CACompromise: [0x03, '1.0'],
  AffiliationChanged: [0x04, '1.0'],
  Superseded: [0x05, '1.0'],
  CessationOfOperation: [0x06, '1.0'],
  PrivilegeWithdrawn: [0x07, '1.0'],
})

export type RevocationReasonCode = EnumName<typeof REVOCATION_REASON_CODE>
