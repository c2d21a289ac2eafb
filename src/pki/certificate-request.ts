import 'reflect-metadata'
import { createPublicKey, type KeyObject } from 'node:crypto'
import { Pkcs10CertificateRequest } from '@peculiar/x509'
import { LONGEST_COMMON_NAME } from './issue.ts'
import { PkiError } from './pki-error.ts'

/** All that is taken over from a request: what else it asks for (usages, names, validity) is ours to decide. */
export type RequestedCertificate = { readonly publicKey: Buffer; readonly commonName: string | undefined }

const CONTROL = /\p{Cc}/u

const WEAKEST_RSA = 2048

const isStrong = (key: KeyObject): boolean => {
  const bits = key.asymmetricKeyDetails?.modulusLength
  return bits === undefined || bits >= WEAKEST_RSA
}

const parse = (encoded: string | Buffer): Pkcs10CertificateRequest => {
  try {
    return new Pkcs10CertificateRequest(typeof encoded === 'string' ? encoded : new Uint8Array(encoded))
  } catch (error) {
    throw new PkiError('this is no certificate signing request (PKCS #10) in PEM', { cause: error })
  }
}

const isSigned = async (request: Pkcs10CertificateRequest): Promise<boolean> => {
  try {
    return await request.verify()
  } catch {
    return false
  }
}

/**
 * Reads a certificate signing request (RFC 2986), in PEM or as it is encoded, and checks that its sender holds the private key.
 * @throws PkiError where it is none, where its signature is wrong, or where its key is weak
 */
export const readCertificateRequest = async (encoded: string | Buffer): Promise<RequestedCertificate> => {
  const request = parse(encoded)
  if (!(await isSigned(request))) throw new PkiError('the signature of the certificate signing request is wrong')
  const publicKey = Buffer.from(request.publicKey.rawData)
  if (!isStrong(createPublicKey({ key: publicKey, format: 'der', type: 'spki' })))
    throw new PkiError(`the certificate signing request has an RSA key of less than ${WEAKEST_RSA} bits`)
  const [commonName, ...more] = request.subjectName.getField('CN')
  if (more.length > 0) throw new PkiError('the certificate signing request has several Common Names')
  if (commonName !== undefined && CONTROL.test(commonName))
    throw new PkiError('the certificate signing request has a Common Name with control characters')
  if (commonName !== undefined && commonName.length > LONGEST_COMMON_NAME)
    throw new PkiError(`the certificate signing request has a Common Name longer than ${LONGEST_COMMON_NAME}`)
  return { publicKey, commonName }
}
