import 'reflect-metadata'
import { createHash, randomBytes, webcrypto } from 'node:crypto'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'
import type { Extension, X509Certificate } from '@peculiar/x509'

/** A throw-away PKI for tests and experiments. Keys exist in memory, and on disk where somebody asks for it. */

export type TestIdentity = {
  /** PEM. */
  readonly cert: string
  /** PKCS #8, PEM. */
  readonly key: string
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint: string
}

export type TestAuthority = TestIdentity & {
  readonly certificate: X509Certificate
  readonly keys: webcrypto.CryptoKeyPair
}

export type IssueOptions = {
  readonly name?: string
  readonly usage?: 'client' | 'server' | 'none'
  /** Seconds from now. */
  readonly validFrom?: number
  readonly validTo?: number
  /** RSA-2048 instead of P-256: for the suites in which the key itself encrypts. */
  readonly rsa?: boolean
}

const HOUR = 3600

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
} as const

const USAGES: Readonly<Record<'client' | 'server' | 'none', readonly Extension[]>> = {
  client: [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])],
  server: [new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth])],
  none: [],
}

const ALTERNATIVE_NAMES = new SubjectAlternativeNameExtension([
  { type: 'dns', value: 'localhost' },
  { type: 'ip', value: '127.0.0.1' },
])

const makeKeys = (rsa = false): Promise<webcrypto.CryptoKeyPair> =>
  rsa
    ? webcrypto.subtle.generateKey(RSA, true, ['sign', 'verify'])
    : webcrypto.subtle.generateKey(P256, true, ['sign', 'verify'])

const after = (seconds: number): Date => new Date(Date.now() + seconds * 1000)

const exportIdentity = async (certificate: X509Certificate, key: webcrypto.CryptoKey): Promise<TestIdentity> => {
  const body = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64')
  return {
    cert: certificate.toString('pem'),
    key: `-----BEGIN PRIVATE KEY-----\n${body.replace(/(.{64})/g, '$1\n').trimEnd()}\n-----END PRIVATE KEY-----\n`,
    fingerprint: createHash('sha256').update(Buffer.from(certificate.rawData)).digest('hex'),
  }
}

/** A root that issues certificates for an hour. */
export const makeAuthority = async (name: string): Promise<TestAuthority> => {
  const keys = await makeKeys()
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: P256,
    serialNumber: randomBytes(8).toString('hex'),
    notBefore: after(-24 * HOUR),
    notAfter: after(24 * HOUR),
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  })
  return { ...(await exportIdentity(certificate, keys.privateKey)), certificate, keys }
}

const leaf = ({ name = 'client', usage = 'client', validFrom = -HOUR, validTo = HOUR }: IssueOptions) => ({
  name: `CN=${name}`,
  signingAlgorithm: P256,
  serialNumber: randomBytes(8).toString('hex'),
  notBefore: after(validFrom),
  notAfter: after(validTo),
  extensions: [...USAGES[usage], ...(usage === 'server' ? [ALTERNATIVE_NAMES] : [])],
})

/** A certificate of `authority`: for a client unless the options say otherwise. */
export const issue = async (authority: TestAuthority, options: IssueOptions = {}): Promise<TestIdentity> => {
  const keys = await makeKeys(options.rsa)
  const parameters = leaf(options)
  const certificate = await X509CertificateGenerator.create({
    ...parameters,
    subject: parameters.name,
    issuer: authority.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
  })
  return exportIdentity(certificate, keys.privateKey)
}

/** A certificate that answers for itself: what some appliances make for their KMIP client. */
export const selfSign = async (options: IssueOptions = {}): Promise<TestIdentity> => {
  const keys = await makeKeys()
  const certificate = await X509CertificateGenerator.createSelfSigned({ ...leaf(options), keys })
  return exportIdentity(certificate, keys.privateKey)
}
