import { X509Certificate } from 'node:crypto'
import { AsnConvert, AsnIntegerArrayBufferConverter } from '@peculiar/asn1-schema'
import {
  Certificate,
  type GeneralName,
  id_ce_issuerAltName,
  id_ce_subjectAltName,
  SubjectAlternativeName,
} from '@peculiar/asn1-x509'
import type { Attribute } from '../../protocol/attribute-instance.ts'
import type { CertificateType, DigitalSignatureAlgorithm } from '../../protocol/enumerations.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import { describeKey } from './asymmetric/asymmetric-key.ts'
import { isOneSequence } from './asymmetric/der.ts'
import { digestOf } from './digest.ts'
import { type NamePart, nameDer, nameParts, nameText } from './distinguished-name.ts'

/** Larger certificates are not taken apart. Real ones have a few KiB. */
export const MAX_CERTIFICATE_BYTES = 65_536

/** Signature algorithms by object identifier (RFC 8017, RFC 5758, RFC 3279). */
const SIGNATURES: ReadonlyMap<string, DigitalSignatureAlgorithm> = new Map([
  ['1.2.840.113549.1.1.2', 'MD2WithRSAEncryption'],
  ['1.2.840.113549.1.1.4', 'MD5WithRSAEncryption'],
  ['1.2.840.113549.1.1.5', 'SHA_1WithRSAEncryption'],
  ['1.2.840.113549.1.1.14', 'SHA_224WithRSAEncryption'],
  ['1.2.840.113549.1.1.11', 'SHA_256WithRSAEncryption'],
  ['1.2.840.113549.1.1.12', 'SHA_384WithRSAEncryption'],
  ['1.2.840.113549.1.1.13', 'SHA_512WithRSAEncryption'],
  ['1.2.840.113549.1.1.10', 'RSASSA_PSS'],
  ['1.2.840.10040.4.3', 'DSAWithSHA_1'],
  ['2.16.840.1.101.3.4.3.1', 'DSAWithSHA224'],
  ['2.16.840.1.101.3.4.3.2', 'DSAWithSHA256'],
  ['1.2.840.10045.4.1', 'ECDSAWithSHA_1'],
  ['1.2.840.10045.4.3.1', 'ECDSAWithSHA224'],
  ['1.2.840.10045.4.3.2', 'ECDSAWithSHA256'],
  ['1.2.840.10045.4.3.3', 'ECDSAWithSHA384'],
  ['1.2.840.10045.4.3.4', 'ECDSAWithSHA512'],
  ['2.16.840.1.101.3.4.3.14', 'SHA3_256WithRSAEncryption'],
  ['2.16.840.1.101.3.4.3.15', 'SHA3_384WithRSAEncryption'],
  ['2.16.840.1.101.3.4.3.16', 'SHA3_512WithRSAEncryption'],
])

const keyAttributes = (certificate: X509Certificate): readonly Attribute[] => {
  const key = describeKey(certificate.publicKey)
  if (key === undefined) return []
  return [
    { name: 'CryptographicAlgorithm', value: key.algorithm },
    { name: 'CryptographicLength', value: key.length },
  ]
}

const alternativeNames = (certificate: Certificate, extension: string): readonly GeneralName[] => {
  const found = certificate.tbsCertificate.extensions?.find(({ extnID }) => extnID === extension)
  return found === undefined ? [] : [...AsnConvert.parse(found.extnValue.buffer, SubjectAlternativeName)]
}

const generalNameDer = (name: GeneralName): Buffer => Buffer.from(AsnConvert.serialize(name))

/** The kinds of alternative name that have a text: the 1.x attributes are text. */
const generalNameText = ({ rfc822Name, dNSName, iPAddress, uniformResourceIdentifier }: GeneralName): string[] => {
  const text = rfc822Name ?? dNSName ?? iPAddress ?? uniformResourceIdentifier
  return text === undefined ? [] : [text]
}

/** Serial numbers as the cases of 1.0 to 1.2 have them: DER in the X.509 attributes, hex digits in the textual ones. */
const serialDer = (serial: ArrayBuffer): Buffer =>
  Buffer.from(AsnIntegerArrayBufferConverter.toASN(serial).toBER(false))

const nameAttributes = (certificate: Certificate, serialNumber: string): readonly Attribute[] => {
  const { issuer, subject, serialNumber: serial } = certificate.tbsCertificate
  const issuerNames = alternativeNames(certificate, id_ce_issuerAltName)
  const subjectNames = alternativeNames(certificate, id_ce_subjectAltName)
  const issuerDistinguishedName = nameDer(issuer)
  return [
    {
      name: 'X_509CertificateIdentifier',
      value: { issuerDistinguishedName, certificateSerialNumber: serialDer(serial) },
    },
    {
      name: 'X_509CertificateIssuer',
      value: { issuerDistinguishedName, issuerAlternativeName: issuerNames.map(generalNameDer) },
    },
    {
      name: 'X_509CertificateSubject',
      value: { subjectDistinguishedName: nameDer(subject), subjectAlternativeName: subjectNames.map(generalNameDer) },
    },
    { name: 'CertificateIdentifier', value: { issuer: nameText(issuer), serialNumber } },
    {
      name: 'CertificateIssuer',
      value: {
        certificateIssuerDistinguishedName: nameText(issuer),
        certificateIssuerAlternativeName: issuerNames.flatMap(generalNameText),
      },
    },
    {
      name: 'CertificateSubject',
      value: {
        certificateSubjectDistinguishedName: nameText(subject),
        certificateSubjectAlternativeName: subjectNames.flatMap(generalNameText),
      },
    },
  ]
}

type TextAttribute = `Certificate${'Subject' | 'Issuer'}${NamePart}`

const textAttribute = (name: TextAttribute, value: string): Attribute => ({ name, value })

/** Certificate Attributes (2.1 section 4.6): the parts of the two names. */
const partAttributes = ({ tbsCertificate: { issuer, subject } }: Certificate): readonly Attribute[] => [
  ...nameParts(subject).map(({ part, text }) => textAttribute(`CertificateSubject${part}`, text)),
  ...nameParts(issuer).map(({ part, text }) => textAttribute(`CertificateIssuer${part}`, text)),
]

const signatureAttributes = ({ signatureAlgorithm }: Certificate): readonly Attribute[] => {
  const value = SIGNATURES.get(signatureAlgorithm.algorithm)
  return value === undefined ? [] : [{ name: 'DigitalSignatureAlgorithm', value }]
}

const x509Attributes = (der: Buffer): readonly Attribute[] => {
  if (der.length > MAX_CERTIFICATE_BYTES || !isOneSequence(der)) {
    throw new KmipError('InvalidField', 'The Certificate Value is not one DER encoding')
  }
  try {
    const parsed = new X509Certificate(der)
    const certificate = AsnConvert.parse(der, Certificate)
    return [
      ...keyAttributes(parsed),
      ...signatureAttributes(certificate),
      ...nameAttributes(certificate, parsed.serialNumber),
      ...partAttributes(certificate),
    ]
  } catch (cause) {
    throw new KmipError('InvalidField', 'The Certificate Value is no X.509 certificate', { cause })
  }
}

/**
 * The attributes that follow from a certificate (1.4 sections 3.8 to 3.17, 2.1 sections 4.6 to 4.8 and 4.61 to 4.63). The
 * Key Format Type of a certificate is Raw in the published case TC-CERTATTR-1, although 2.1 section 4.26 has X.509 as
 * the default of certificates.
 * @throws KmipError InvalidField
 */
export const certificateAttributes = (type: CertificateType | number, value: Buffer): readonly Attribute[] => {
  if (value.length === 0) throw new KmipError('InvalidField', 'The Certificate Value is empty')
  return [
    { name: 'CertificateType', value: type },
    { name: 'CertificateLength', value: value.length },
    { name: 'KeyFormatType', value: 'Raw' },
    digestOf(value, 'Raw'),
    ...(type === 'X_509' ? x509Attributes(value) : []),
  ]
}
