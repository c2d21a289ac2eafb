import { boolean, bytes, enumOf, extensibleEnumOf, integer, longInteger, text } from '../../schema/primitives.ts'
import { writtenAs } from '../../schema/combinators.ts'
import { type Infer, optional, repeated, required, struct } from '../../schema/struct.ts'
import {
  ALTERNATIVE_NAME_TYPE,
  CRYPTOGRAPHIC_ALGORITHM,
  DRBG_ALGORITHM,
  FIPS186_VARIATION,
  HASHING_ALGORITHM,
  KEY_FORMAT_TYPE,
  KEY_VALUE_LOCATION_TYPE,
  LINK_TYPE,
  NAME_TYPE,
  RECOMMENDED_CURVE,
  REVOCATION_REASON_CODE,
  RNG_ALGORITHM,
  ROTATE_NAME_TYPE,
  USAGE_LIMITS_UNIT,
} from '../enumerations.ts'
import { TAG } from '../tags.ts'
import { mapped, objectReference } from './unique-identifier.ts'

/** Alternative Name (1.4 section 3.40, 2.1 section 4.2). */
export const alternativeName = struct('Alternative Name', {
  alternativeNameValue: required(TAG.AlternativeNameValue, text),
  alternativeNameType: required(TAG.AlternativeNameType, extensibleEnumOf(ALTERNATIVE_NAME_TYPE)),
})

/** Application Specific Information (1.4 section 3.36, 2.1 section 4.4). */
export const applicationSpecificInformation = struct('Application Specific Information', {
  applicationNamespace: required(TAG.ApplicationNamespace, text),
  applicationData: optional(TAG.ApplicationData, text),
})

/** Cryptographic Domain Parameters (1.4 section 3.7, 2.1 section 4.14). */
export const cryptographicDomainParameters = struct('Cryptographic Domain Parameters', {
  qlength: optional(TAG.Qlength, integer),
  recommendedCurve: optional(TAG.RecommendedCurve, extensibleEnumOf(RECOMMENDED_CURVE)),
})

/** Digest (1.4 section 3.17, 2.1 section 4.21). */
export const digest = struct('Digest', {
  hashingAlgorithm: required(TAG.HashingAlgorithm, extensibleEnumOf(HASHING_ALGORITHM)),
  digestValue: optional(TAG.DigestValue, bytes),
  keyFormatType: optional(TAG.KeyFormatType, extensibleEnumOf(KEY_FORMAT_TYPE), { since: '1.1' }),
})

/** Key Value Location (1.4 section 3.42, 2.1 section 4.27). */
export const keyValueLocation = struct('Key Value Location', {
  keyValueLocationValue: required(TAG.KeyValueLocationValue, text),
  keyValueLocationType: required(TAG.KeyValueLocationType, extensibleEnumOf(KEY_VALUE_LOCATION_TYPE)),
})

/** Link (1.4 section 3.35, 2.1 section 4.31). */
export const link = struct('Link', {
  linkType: required(TAG.LinkType, extensibleEnumOf(LINK_TYPE)),
  linkedObjectIdentifier: required(TAG.LinkedObjectIdentifier, objectReference),
})

/** Name (1.4 section 3.2, 2.1 section 4.32). */
const nameStructure = struct('Name', {
  nameValue: required(TAG.NameValue, text),
  nameType: required(TAG.NameType, enumOf(NAME_TYPE)),
})

/** A plain text since 3.0 (section 4.36). */
export const name = {
  ...writtenAs<Name>(
    nameStructure,
    mapped(
      text,
      (nameValue): Name => ({ nameValue, nameType: 'UninterpretedTextString' }),
      ({ nameValue }) => nameValue,
    ),
    { since: '3.0' },
  ),
  fields: nameStructure.fields,
}

type Name = Infer<typeof nameStructure.fields>

/** Revocation Reason (1.4 section 3.31, 2.1 section 4.47). */
export const revocationReason = struct('Revocation Reason', {
  revocationReasonCode: required(TAG.RevocationReasonCode, extensibleEnumOf(REVOCATION_REASON_CODE)),
  revocationMessage: optional(TAG.RevocationMessage, text),
})

/** RNG Parameters, also the value of Random Number Generator (1.4 section 2.1.18, 2.1 section 7.36). */
export const rngParameters = struct('RNG Parameters', {
  rngAlgorithm: required(TAG.RNGAlgorithm, extensibleEnumOf(RNG_ALGORITHM)),
  cryptographicAlgorithm: optional(TAG.CryptographicAlgorithm, extensibleEnumOf(CRYPTOGRAPHIC_ALGORITHM)),
  cryptographicLength: optional(TAG.CryptographicLength, integer),
  hashingAlgorithm: optional(TAG.HashingAlgorithm, extensibleEnumOf(HASHING_ALGORITHM)),
  drbgAlgorithm: optional(TAG.DRBGAlgorithm, extensibleEnumOf(DRBG_ALGORITHM)),
  recommendedCurve: optional(TAG.RecommendedCurve, extensibleEnumOf(RECOMMENDED_CURVE)),
  fips186Variation: optional(TAG.FIPS186Variation, extensibleEnumOf(FIPS186_VARIATION)),
  predictionResistance: optional(TAG.PredictionResistance, boolean),
})

/** Rotate Name (2.1 section 4.53). */
const rotateNameStructure = struct('Rotate Name', {
  rotateNameValue: required(TAG.RotateNameValue, text),
  rotateNameType: required(TAG.RotateNameType, enumOf(ROTATE_NAME_TYPE)),
})

/** A plain text since 3.0 (section 4.59). */
export const rotateName = {
  ...writtenAs<RotateName>(
    rotateNameStructure,
    mapped(
      text,
      (rotateNameValue): RotateName => ({ rotateNameValue, rotateNameType: 'UninterpretedTextString' }),
      ({ rotateNameValue }) => rotateNameValue,
    ),
    { since: '3.0' },
  ),
  fields: rotateNameStructure.fields,
}

type RotateName = Infer<typeof rotateNameStructure.fields>

/**
 * Usage Limits (1.4 section 3.21, 2.1 section 7.40). Total and Count are always there in an answer; a client leaves
 * Count out when it sets the limit.
 */
export const usageLimits = struct('Usage Limits', {
  usageLimitsTotal: required(TAG.UsageLimitsTotal, longInteger),
  usageLimitsCount: optional(TAG.UsageLimitsCount, longInteger),
  usageLimitsUnit: required(TAG.UsageLimitsUnit, enumOf(USAGE_LIMITS_UNIT)),
})

/** X.509 Certificate Identifier (1.4 section 3.10, 2.1 section 4.61). */
export const x509CertificateIdentifier = struct('X.509 Certificate Identifier', {
  issuerDistinguishedName: required(TAG.IssuerDistinguishedName, bytes),
  certificateSerialNumber: required(TAG.CertificateSerialNumber, bytes),
})

/** X.509 Certificate Issuer (1.4 section 3.12, 2.1 section 4.62). */
export const x509CertificateIssuer = struct('X.509 Certificate Issuer', {
  issuerDistinguishedName: required(TAG.IssuerDistinguishedName, bytes),
  issuerAlternativeName: repeated(TAG.IssuerAlternativeName, bytes),
})

/** X.509 Certificate Subject (1.4 section 3.11, 2.1 section 4.63). */
export const x509CertificateSubject = struct('X.509 Certificate Subject', {
  subjectDistinguishedName: required(TAG.SubjectDistinguishedName, bytes),
  subjectAlternativeName: repeated(TAG.SubjectAlternativeName, bytes),
})

/** Certificate Identifier (1.0 to 1.4, 1.0 section 3.9): the textual form that X.509 Certificate Identifier replaced. */
export const certificateIdentifier = struct('Certificate Identifier', {
  issuer: required(TAG.Issuer, text),
  serialNumber: optional(TAG.SerialNumber, text),
})

/** Certificate Subject (1.0 to 1.4, 1.0 section 3.10). */
export const certificateSubject = struct('Certificate Subject', {
  certificateSubjectDistinguishedName: required(TAG.CertificateSubjectDistinguishedName, text),
  certificateSubjectAlternativeName: repeated(TAG.CertificateSubjectAlternativeName, text),
})

/** Certificate Issuer (1.0 to 1.4, 1.0 section 3.11). */
export const certificateIssuer = struct('Certificate Issuer', {
  certificateIssuerDistinguishedName: required(TAG.CertificateIssuerDistinguishedName, text),
  certificateIssuerAlternativeName: repeated(TAG.CertificateIssuerAlternativeName, text),
})
