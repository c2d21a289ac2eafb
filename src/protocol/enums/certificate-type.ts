import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Certificate Type (1.4 section 9.1.3.2.6, 2.1 section 11.9). */
export const CERTIFICATE_TYPE = enumeration('Certificate Type', {
  X_509: [0x01, '1.0'],
  PGP: [0x02, '1.0'],
})

export type CertificateType = EnumName<typeof CERTIFICATE_TYPE>
