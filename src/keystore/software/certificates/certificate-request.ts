import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { CertificationRequest } from '@peculiar/asn1-csr'
import { AsnConvert } from '@peculiar/asn1-schema'
import { type Extension, Extensions, type Name } from '@peculiar/asn1-x509'
import type { RequestValue } from '../../../domain/certificate-keeper.ts'
import type { CertificateRequestType } from '../../../protocol/enumerations.ts'
import { KmipError } from '../../../protocol/kmip-error.ts'
import { isOneSequence } from '../asymmetric/der.ts'
import { SIGNATURE_HASHES } from './signature-algorithms.ts'

/** Longest request in bytes, in whatever form: real ones have one or two KiB. */
const MAX_REQUEST_BYTES = 65_536

/** extensionRequest (RFC 2985 section 5.4.2). */
const ID_EXTENSION_REQUEST = '1.2.840.113549.1.9.14'

/** What somebody who holds a key asks for. */
export type RequestedCertificate = {
  readonly publicKey: KeyObject
  readonly subject: Name
  readonly extensions: readonly Extension[]
}

export const invalidRequest = (problem: string, cause?: unknown): KmipError =>
  new KmipError('InvalidCSR', problem, { cause })

const PEM =
  /^\s*-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END (?:NEW )?CERTIFICATE REQUEST-----\s*$/

const fromPem = (value: Buffer): Buffer => {
  const base64 = PEM.exec(value.toString('latin1'))?.[1]
  if (base64 === undefined) throw invalidRequest('The Certificate Request is no request in PEM')
  return Buffer.from(base64, 'base64')
}

/** Types of request that are read. */
export const READABLE_REQUESTS: readonly CertificateRequestType[] = ['PKCS_10', 'PEM']

const derOf = ({ type, value }: RequestValue): Buffer => {
  if (value.length > MAX_REQUEST_BYTES) throw invalidRequest('The Certificate Request is too long')
  if (!READABLE_REQUESTS.includes(type)) {
    throw new KmipError('FeatureNotSupported', 'Certificate requests of this type are not supported')
  }
  return type === 'PEM' ? fromPem(value) : value
}

/** The sender holds the private key: the signature is made with it (RFC 2986 section 3). */
const checkPossession = (request: CertificationRequest, signed: Buffer, publicKey: KeyObject): void => {
  const hash = SIGNATURE_HASHES.get(request.signatureAlgorithm.algorithm)
  if (hash === undefined) throw invalidRequest('The signature algorithm of the Certificate Request is not supported')
  if (verify(hash, signed, publicKey, Buffer.from(request.signature))) return
  throw invalidRequest('The signature of the Certificate Request is wrong')
}

const extensionsOf = ({ certificationRequestInfo: { attributes } }: CertificationRequest): readonly Extension[] => {
  const values = [...attributes].filter(({ type }) => type === ID_EXTENSION_REQUEST).flatMap(({ values }) => values)
  return values.flatMap((value) => [...AsnConvert.parse(value, Extensions)])
}

const read = (der: Buffer): RequestedCertificate => {
  const request = AsnConvert.parse(der, CertificationRequest)
  const { subject, subjectPKInfo } = request.certificationRequestInfo
  const key = Buffer.from(AsnConvert.serialize(subjectPKInfo))
  const publicKey = createPublicKey({ key, format: 'der', type: 'spki' })
  const signed = request.certificationRequestInfoRaw
  if (signed === undefined) throw invalidRequest('The Certificate Request has no contents')
  checkPossession(request, Buffer.from(signed), publicKey)
  return { publicKey, subject, extensions: extensionsOf(request) }
}

/**
 * Reads a certificate request and checks that its sender holds the key (1.4 section 9.1.3.2.22, 2.1 section 11.8).
 * @throws KmipError InvalidCSR; FeatureNotSupported for CRMF and PGP, which no library that we use reads
 */
export const readRequest = (value: RequestValue): RequestedCertificate => {
  const der = derOf(value)
  if (!isOneSequence(der)) throw invalidRequest('The Certificate Request is not one DER encoding')
  try {
    return read(der)
  } catch (cause) {
    throw cause instanceof KmipError ? cause : invalidRequest('The Certificate Request is no such request', cause)
  }
}
