import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** OTP Algorithm (3.0 section 2.1.3). */
export const OTP_ALGORITHM = enumeration('OTP Algorithm', {
  HOTP: [0x01, '3.0'],
  TOTP: [0x02, '3.0'],
})

export type OTPAlgorithm = EnumName<typeof OTP_ALGORITHM>
