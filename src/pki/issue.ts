import 'reflect-metadata'
import { createPublicKey, type KeyObject, randomBytes, X509Certificate } from 'node:crypto'
import {
  AttributeTypeAndValue,
  AttributeValue,
  Name as DistinguishedName,
  RelativeDistinguishedName,
} from '@peculiar/asn1-x509'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate as ParsedCertificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

/** Names and addresses that a server answers to. */
export type HostNames = { readonly names: readonly string[]; readonly addresses: readonly string[] }

/** Who issues: the certificate of an authority, and its key. */
export type Authority = { readonly certificate: X509Certificate; readonly key: KeyObject }

/** From when on and until when, in seconds since 1970. */
export type Validity = { readonly from: number; readonly to: number }

const DAY = 24 * 60 * 60
const YEAR = 365 * DAY

/** Clocks of clients run behind: a certificate that is valid from this very second would be refused by them. */
const BACKDATED = 60 * 60

export const LIFETIME = { authority: 10 * YEAR, server: 2 * YEAR, client: 5 * YEAR, renewBefore: 30 * DAY } as const

/** How a key of ours signs. */
const algorithmOf = (key: KeyObject) =>
  key.asymmetricKeyType === 'rsa'
    ? ({ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const)
    : ({ name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const)

/** Positive, never zero, and 128 bits long (RFC 5280 section 4.1.2.2). */
const serialNumber = (): string => {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}

const COMMON_NAME = '2.5.4.3'
const SERIAL_NUMBER = '2.5.4.5'

/** Built from its parts: what stands in the text is never taken for syntax, so nobody slips in a name of another. */
const nameOf = (commonName: string, serial?: string): Name => {
  const part = (type: string, value: AttributeValue) =>
    new RelativeDistinguishedName([new AttributeTypeAndValue({ type, value })])
  const name = part(COMMON_NAME, new AttributeValue({ utf8String: commonName }))
  const rest = serial === undefined ? [] : [part(SERIAL_NUMBER, new AttributeValue({ printableString: serial }))]
  return new Name(new DistinguishedName([name, ...rest]))
}

/** The name as its bytes are: an authority of the operator's own may have any. */
const subjectOf = (certificate: X509Certificate): Name =>
  new ParsedCertificate(new Uint8Array(certificate.raw)).subjectName

export const validityFor = (now: number, lifetime: number): Validity => ({ from: now - BACKDATED, to: now + lifetime })

/** Expiry of a certificate, in seconds since 1970. */
export const expiryOf = (certificate: X509Certificate): number => Math.floor(Date.parse(certificate.validTo) / 1000)

type Request = {
  readonly subject: Name
  readonly issuer: Name
  readonly publicKey: Buffer
  readonly signer: KeyObject
  readonly validity: Validity
  readonly extensions: readonly Extension[]
}

const sign = async (request: Request): Promise<X509Certificate> => {
  const algorithm = algorithmOf(request.signer)
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: request.subject,
    issuer: request.issuer,
    notBefore: new Date(request.validity.from * 1000),
    notAfter: new Date(request.validity.to * 1000),
    publicKey: new Uint8Array(request.publicKey),
    signingKey: request.signer.toCryptoKey(algorithm, false, ['sign']),
    signingAlgorithm: algorithm,
    extensions: [...request.extensions],
  })
  return new X509Certificate(Buffer.from(certificate.rawData))
}

const spkiOf = (key: KeyObject): Buffer => createPublicKey(key).export({ type: 'spki', format: 'der' })

/** A self-signed authority that issues end certificates only, for ten years. */
export const issueAuthority = async (key: KeyObject, now: number, name = 'kmipd CA'): Promise<Authority> => {
  // Clients are known by issuer and subject, so no two installations may have authorities of the same name.
  const subject = nameOf(`${name} ${randomBytes(8).toString('hex')}`)
  const publicKey = spkiOf(key)
  const certificate = await sign({
    subject,
    issuer: subject,
    publicKey,
    signer: key,
    validity: validityFor(now, LIFETIME.authority),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(new Uint8Array(publicKey)),
    ],
  })
  return { certificate, key }
}

const SIGNS_AND_TRANSPORTS: KeyUsageFlags = KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment

type EndEntity = {
  readonly commonName: string
  /** Tells two subjects of the same Common Name apart. */
  readonly serial?: string | undefined
  readonly publicKey: Buffer
  readonly lifetime: number
  readonly usages: readonly ExtendedKeyUsage[]
  /** Whether its key may encrypt the secret of a TLS session, as suites without forward secrecy have it. */
  readonly transportsKeys?: boolean
  readonly more: readonly Extension[]
}

const issueEndEntity = async (authority: Authority, now: number, wanted: EndEntity): Promise<X509Certificate> => {
  const validity = validityFor(now, wanted.lifetime)
  return sign({
    subject: nameOf(wanted.commonName, wanted.serial),
    issuer: subjectOf(authority.certificate),
    publicKey: wanted.publicKey,
    signer: authority.key,
    // Nothing outlives the authority that vouches for it.
    validity: { from: validity.from, to: Math.min(validity.to, expiryOf(authority.certificate)) },
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(
        wanted.transportsKeys === true ? SIGNS_AND_TRANSPORTS : KeyUsageFlags.digitalSignature,
        true,
      ),
      new ExtendedKeyUsageExtension([...wanted.usages]),
      await SubjectKeyIdentifierExtension.create(new Uint8Array(wanted.publicKey)),
      await AuthorityKeyIdentifierExtension.create(new Uint8Array(spkiOf(authority.key))),
      ...wanted.more,
    ],
  })
}

/** The longest Common Name there may be (RFC 5280 appendix A, ub-common-name). */
export const LONGEST_COMMON_NAME = 64

const isRsa = (publicKey: Buffer): boolean =>
  createPublicKey({ key: publicKey, format: 'der', type: 'spki' }).asymmetricKeyType === 'rsa'

/** A certificate for a server that answers to these names and addresses. */
export const issueServerCertificate = (
  authority: Authority,
  publicKey: Buffer,
  hosts: HostNames,
  now: number,
): Promise<X509Certificate> =>
  issueEndEntity(authority, now, {
    commonName: hosts.names.find((name) => name.length <= LONGEST_COMMON_NAME) ?? 'kmipd',
    publicKey,
    lifetime: LIFETIME.server,
    transportsKeys: isRsa(publicKey),
    // It is shown to clients, too, that listen and are told of changes.
    usages: [ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth],
    more: [
      new SubjectAlternativeNameExtension([
        ...hosts.names.map((value) => ({ type: 'dns' as const, value })),
        ...hosts.addresses.map((value) => ({ type: 'ip' as const, value })),
      ]),
    ],
  })

/** A certificate for a client that is known by this Common Name, and by a serial number where another one was before. */
export const issueClientCertificate = (
  authority: Authority,
  publicKey: Buffer,
  commonName: string,
  now: number,
  serial?: string,
): Promise<X509Certificate> =>
  issueEndEntity(authority, now, {
    commonName,
    serial,
    publicKey,
    lifetime: LIFETIME.client,
    usages: [ExtendedKeyUsage.clientAuth],
    more: [],
  })
