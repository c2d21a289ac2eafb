import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Attestation Type (1.4 section 9.1.3.2.36, 2.1 section 11.4). */
export const ATTESTATION_TYPE = enumeration('Attestation Type', {
  TPMQuote: [0x01, '1.2'],
  TCGIntegrityReport: [0x02, '1.2'],
  SAMLAssertion: [0x03, '1.2'],
})

export type AttestationType = EnumName<typeof ATTESTATION_TYPE>
