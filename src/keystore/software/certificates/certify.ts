import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import { Certificate, type Name } from '@peculiar/asn1-x509'
import type { CertificateOrder, Issuer } from '../../../domain/certificate-keeper.ts'
import type { HeldKey } from '../../../domain/key-store.ts'
import type { Attribute } from '../../../protocol/attribute-instance.ts'
import { attributeValue } from '../../../protocol/attribute-lookup.ts'
import { KmipError } from '../../../protocol/kmip-error.ts'
import type { ObjectValue } from '../../../protocol/structures/managed-objects.ts'
import type { OpenedKey } from '../key-cache.ts'
import { asymmetricKeyOf } from '../use-key.ts'
import type { OpenKey } from '../wrapping/wrap-object.ts'
import { invalidRequest, readRequest, type RequestedCertificate } from './certificate-request.ts'
import { type Allowed, allowedOf, extensionsFor, NOTHING_ASKED, usageOfMask } from './extensions.ts'
import { checkAuthority, issueCertificate, type IssuingAuthority, validityFor } from './issue.ts'
import { commonNameOf, subjectOf } from './subject.ts'

/** Bits: weaker RSA keys can be broken. */
const WEAKEST_RSA = 2048

const unfit = (problem: string): KmipError => new KmipError('InvalidObjectType', problem, { older: 'PermissionDenied' })

const certificateIn = ({ object }: OpenedKey): X509Certificate => {
  if (object.objectType === 'Certificate' && object.value.certificateType === 'X_509') {
    return new X509Certificate(object.value.certificateValue)
  }
  throw unfit('The object is no X.509 certificate')
}

const publicHalf = (opened: OpenedKey): KeyObject => {
  const { keyObject, partner } = asymmetricKeyOf(opened)
  if (partner !== undefined) throw unfit('Certificates do not hold keys that are put together')
  return keyObject.type === 'private' ? createPublicKey(keyObject) : keyObject
}

/** What is known of the one who is to be certified. */
type Applicant = {
  readonly request: RequestedCertificate | undefined
  readonly renewed: X509Certificate | undefined
  readonly publicKey: KeyObject
}

/** The one key that all say is to be certified. */
const keyOf = (keys: readonly (KeyObject | undefined)[]): KeyObject => {
  const [first, ...others] = keys.filter((key) => key !== undefined)
  if (first === undefined) throw new KmipError('InvalidMessage', 'There is no key to be certified')
  if (others.some((key) => !key.equals(first))) throw invalidRequest('The keys to be certified are not the same')
  const bits = first.asymmetricKeyDetails?.modulusLength
  if (bits !== undefined && bits < WEAKEST_RSA) throw invalidRequest('The key to be certified is too weak')
  return first
}

const applicantOf = (order: CertificateOrder, open: OpenKey): Applicant => {
  const request = order.request && readRequest(order.request)
  const renewed = order.renewed && certificateIn(open(order.renewed))
  const known = order.publicKey && publicHalf(open(order.publicKey))
  return { request, renewed, publicKey: keyOf([known, request?.publicKey, renewed?.publicKey]) }
}

/**
 * The server vouches for nobody who has not shown the private key: by a request, by a certificate that it has issued
 * before, or by keeping the private key here. Whoever issues under a key of its own decides that for itself.
 */
const checkProof = (applicant: Applicant, privateKey: HeldKey | undefined, own: IssuingAuthority, open: OpenKey) => {
  const { request, renewed, publicKey } = applicant
  if (request !== undefined || renewed?.verify(own.certificate.publicKey) === true) return
  if (privateKey !== undefined && publicHalf(open(privateKey)).equals(publicKey)) return
  throw new KmipError('PermissionDenied', 'Nothing shows that the client has the private key')
}

type Described = { readonly subject: Name; readonly allowed: Allowed }

const described = (applicant: Applicant, { given, commonName }: CertificateOrder): Described => {
  const { request, renewed } = applicant
  if (request !== undefined) return { subject: request.subject, allowed: allowedOf(request.extensions) }
  const named = subjectOf(given)
  const known = renewed && AsnConvert.parse(renewed.raw, Certificate).tbsCertificate
  const before =
    known === undefined ? NOTHING_ASKED : allowedOf([...(known.extensions?.values() ?? [])].filter(isForHolder))
  const names = named.subject === undefined ? before.names : named.names
  return { subject: named.subject ?? known?.subject ?? commonNameOf(commonName), allowed: { ...before, names } }
}

/** Extensions that a certificate had for its holder's sake; the others were its issuer's. */
const FOR_HOLDER: readonly string[] = ['2.5.29.15', '2.5.29.17', '2.5.29.19', '2.5.29.37']
const isForHolder = ({ extnID }: { readonly extnID: string }): boolean => FOR_HOLDER.includes(extnID)

const usageFor = ({ usage }: Allowed, given: readonly Attribute[]): number =>
  usage ?? usageOfMask(attributeValue(given, 'CryptographicUsageMask') ?? 0)

const authorityOf = ({ key, certificate }: Issuer, open: OpenKey): IssuingAuthority => {
  const authority = { key: asymmetricKeyOf(open(key)).keyObject, certificate: certificateIn(open(certificate)) }
  checkAuthority(authority)
  return authority
}

/** Gives the server's own issuing authority. @throws KmipError FeatureNotSupported where there is none */
export type OwnAuthority = () => Promise<IssuingAuthority>

/**
 * Issues a certificate (1.4 sections 4.7 and 4.8, 2.1 sections 6.1.6 and 6.1.45). Everything is taken from opened keys
 * before anything waits: the cache may drop them then.
 * @throws KmipError InvalidCSR, InvalidField, InvalidObjectType, FeatureNotSupported, PermissionDenied
 */
export const certify = async (order: CertificateOrder, open: OpenKey, own: OwnAuthority): Promise<ObjectValue> => {
  const authority = order.issuer === undefined ? await own() : authorityOf(order.issuer, open)
  const applicant = applicantOf(order, open)
  if (order.issuer === undefined) checkProof(applicant, order.privateKey, authority, open)
  const { subject, allowed } = described(applicant, order)
  const isEmpty = subject.length === 0
  if (isEmpty && allowed.names.length === 0) throw invalidRequest('The certificate would name nobody')
  const { from, to } = validityFor(authority, order.from, order.to)
  const extensions = extensionsFor({ ...allowed, usage: usageFor(allowed, order.given) }, isEmpty)
  const certificateValue = issueCertificate(authority, {
    subject,
    publicKey: applicant.publicKey,
    extensions,
    from,
    to,
  })
  return { objectType: 'Certificate', value: { certificateType: 'X_509', certificateValue } }
}
