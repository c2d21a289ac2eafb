import { createHash, type KeyObject, randomBytes, sign, type X509Certificate } from 'node:crypto'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AuthorityKeyIdentifier,
  Certificate,
  Extension,
  Extensions,
  id_ce_authorityKeyIdentifier,
  id_ce_keyUsage,
  id_ce_subjectKeyIdentifier,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  type Name,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509'
import { KmipError } from '../../../protocol/kmip-error.ts'
import { arrayBuffer } from '../asymmetric/der.ts'
import { signingAlgorithmOf } from './signature-algorithms.ts'

/** Who issues: a key, and the certificate of an authority. */
export type IssuingAuthority = { readonly key: KeyObject; readonly certificate: X509Certificate }

/** What a certificate is to say, decided. */
export type CertificatePlan = {
  readonly subject: Name
  readonly publicKey: KeyObject
  readonly extensions: readonly Extension[]
  /** Seconds since 1970. */
  readonly from: number
  readonly to: number
}

const DAY = 24 * 60 * 60

/** Of a certificate for which nobody names an end, in seconds. */
const USUAL_LIFETIME = 365 * DAY

/** The longest time that a date of a certificate can tell: the end of 9999 (RFC 5280 section 4.1.2.5). */
const END_OF_TIME = 253_402_300_799

const refuse = (problem: string): KmipError => new KmipError('PermissionDenied', problem)

const parsed = ({ raw }: X509Certificate): Certificate => AsnConvert.parse(raw, Certificate)

const extensionIn = (certificate: Certificate, id: string): ArrayBuffer | undefined =>
  certificate.tbsCertificate.extensions?.find(({ extnID }) => extnID === id)?.extnValue.buffer

/** Whether a certificate is that of an authority that may issue (RFC 5280 sections 4.2.1.3 and 4.2.1.9). */
export const mayIssue = (certificate: X509Certificate): boolean => {
  const usage = extensionIn(parsed(certificate), id_ce_keyUsage)
  return (
    certificate.ca &&
    (usage === undefined || (AsnConvert.parse(usage, KeyUsage).toNumber() & KeyUsageFlags.keyCertSign) !== 0)
  )
}

/** @throws KmipError PermissionDenied for what is no authority, or not with this key */
export const checkAuthority = ({ key, certificate }: IssuingAuthority): void => {
  if (!certificate.checkPrivateKey(key)) throw refuse('The issuing key is not that of the issuing certificate')
  if (!mayIssue(certificate)) throw refuse('The issuing certificate is not that of an authority')
}

const dateOf = (text: string): number => Math.floor(Date.parse(text) / 1000)

/**
 * Nothing outlives the authority that vouches for it, nor is older.
 * @throws KmipError InvalidField where no time is left
 */
export const validityFor = (
  { certificate }: IssuingAuthority,
  from: number,
  to: number = from + USUAL_LIFETIME,
): { readonly from: number; readonly to: number } => {
  const earliest = Math.max(from, dateOf(certificate.validFrom))
  const latest = Math.min(to, dateOf(certificate.validTo), END_OF_TIME)
  if (earliest < latest) return { from: earliest, to: latest }
  throw new KmipError('InvalidField', 'The certificate would never be valid')
}

/** Positive, never zero, and 128 bits long (RFC 5280 section 4.1.2.2). */
const serialNumber = (): ArrayBuffer => {
  const bytes = randomBytes(16)
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40)
  return arrayBuffer(bytes)
}

/** RFC 5280 section 4.2.1.2, method 1: it names a key and protects nothing. */
const identifierOf = ({ subjectPublicKey }: SubjectPublicKeyInfo): ArrayBuffer =>
  arrayBuffer(createHash('sha1').update(Buffer.from(subjectPublicKey)).digest())

const spkiOf = (key: KeyObject): SubjectPublicKeyInfo =>
  AsnConvert.parse(key.export({ format: 'der', type: 'spki' }), SubjectPublicKeyInfo)

const extension = (extnID: string, value: object): Extension =>
  new Extension({ extnID, critical: false, extnValue: new OctetString(AsnConvert.serialize(value)) })

const issuerIdentifier = (issuer: Certificate): ArrayBuffer => {
  const known = extensionIn(issuer, id_ce_subjectKeyIdentifier)
  if (known !== undefined) return AsnConvert.parse(known, SubjectKeyIdentifier).buffer
  return identifierOf(issuer.tbsCertificate.subjectPublicKeyInfo)
}

/** Makes and signs an X.509 certificate (RFC 5280 section 4.1), DER. */
export const issueCertificate = (authority: IssuingAuthority, plan: CertificatePlan): Buffer => {
  const { identifier, hash } = signingAlgorithmOf(authority.key)
  const issuer = parsed(authority.certificate)
  const subjectPublicKeyInfo = spkiOf(plan.publicKey)
  const keyIdentifier = new KeyIdentifier(issuerIdentifier(issuer))
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: serialNumber(),
    signature: identifier,
    issuer: issuer.tbsCertificate.subject,
    validity: new Validity({ notBefore: new Date(plan.from * 1000), notAfter: new Date(plan.to * 1000) }),
    subject: plan.subject,
    subjectPublicKeyInfo,
    extensions: new Extensions([
      ...plan.extensions,
      extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(identifierOf(subjectPublicKeyInfo))),
      extension(id_ce_authorityKeyIdentifier, new AuthorityKeyIdentifier({ keyIdentifier })),
    ]),
  })
  const signature = sign(hash, Buffer.from(AsnConvert.serialize(tbsCertificate)), authority.key)
  const signatureValue = arrayBuffer(signature)
  const certificate = new Certificate({ tbsCertificate, signatureAlgorithm: identifier, signatureValue })
  return Buffer.from(AsnConvert.serialize(certificate))
}
