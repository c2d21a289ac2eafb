import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Certificate Request Type (1.4 section 9.1.3.2.22, 2.1 section 11.8). */
export const CERTIFICATE_REQUEST_TYPE = enumeration('Certificate Request Type', {
  CRMF: [0x01, '1.0'],
  PKCS_10: [0x02, '1.0'],
  PEM: [0x03, '1.0'],
  PGP: [0x04, '1.0', '1.4'],
})

export type CertificateRequestType = EnumName<typeof CERTIFICATE_REQUEST_TYPE>
