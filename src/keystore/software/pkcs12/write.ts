import { createHash, createPrivateKey, type KeyObject, randomBytes } from 'node:crypto'
import {
  CertBag,
  id_certBag,
  id_pkcs8ShroudedKeyBag,
  id_x509Certificate,
  MacData,
  PKCS12Attribute,
  SafeBag,
  SafeContents,
} from '@peculiar/asn1-pfx'
import { EncryptedData as EncryptedKey, EncryptedPrivateKeyInfo } from '@peculiar/asn1-pkcs8'
import { DigestInfo } from '@peculiar/asn1-rsa'
import { OctetString } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier } from '@peculiar/asn1-x509'
import { arrayBuffer } from '../asymmetric/der.ts'
import { containerMac } from './derive-key.ts'
import { encryptWithPassword, ITERATIONS } from './encryption.ts'
import {
  AuthenticatedSafe,
  ContentInfo,
  encode,
  EncryptedContentInfo,
  EncryptedData,
  FriendlyName,
  ID_ENCRYPTED_DATA,
  made,
  Pfx,
} from './structures.ts'

export const ID_FRIENDLY_NAME = '1.2.840.113549.1.9.20'
export const ID_LOCAL_KEY_ID = '1.2.840.113549.1.9.21'
const ID_SHA256 = '2.16.840.1.101.3.4.2.1'
const NULL = new Uint8Array([5, 0]).buffer

/** What goes into a container: a key, certificates from its own on, or both. */
export type Contents = {
  readonly privateKey: KeyObject | undefined
  /** Encoded certificates, the one of the key first. */
  readonly certificates: readonly Buffer[]
  readonly friendlyName: string
}

const octets = (bytes: Buffer): OctetString => new OctetString(arrayBuffer(bytes))

/** The constructor of the library forgets what it is given. */
const attribute = (attrId: string, value: object): PKCS12Attribute =>
  made(new PKCS12Attribute(), { attrId, attrValues: [arrayBuffer(encode(value))] })

/** Name, and the mark by which key and certificate belong together (RFC 7292 section 4.2). */
const marks = ({ certificates: [first], friendlyName }: Contents): PKCS12Attribute[] => [
  attribute(ID_FRIENDLY_NAME, made(new FriendlyName(), { value: friendlyName })),
  ...(first === undefined ? [] : [attribute(ID_LOCAL_KEY_ID, octets(createHash('sha1').update(first).digest()))]),
]

const certificateBag = (certificate: Buffer, bagAttributes: PKCS12Attribute[]): SafeBag => {
  const certValue = arrayBuffer(encode(octets(certificate)))
  const bagValue = arrayBuffer(encode(new CertBag({ certId: id_x509Certificate, certValue })))
  return new SafeBag({ bagId: id_certBag, bagValue, ...(bagAttributes.length === 0 ? {} : { bagAttributes }) })
}

const keyBag = async (key: KeyObject, password: string, bagAttributes: PKCS12Attribute[]): Promise<SafeBag> => {
  const clear = key.export({ format: 'der', type: 'pkcs8' })
  const { algorithm, data } = await encryptWithPassword(password, clear)
  clear.fill(0)
  const info = new EncryptedPrivateKeyInfo({
    encryptionAlgorithm: algorithm,
    encryptedData: new EncryptedKey(arrayBuffer(data)),
  })
  return new SafeBag({ bagId: id_pkcs8ShroudedKeyBag, bagValue: arrayBuffer(encode(info)), bagAttributes })
}

const clearContent = (bytes: Buffer): ContentInfo =>
  made(new ContentInfo(), { content: arrayBuffer(encode(octets(bytes))) })

const encryptedContent = async (bytes: Buffer, password: string): Promise<ContentInfo> => {
  const { algorithm, data } = await encryptWithPassword(password, bytes)
  const encryptedContentInfo = made(new EncryptedContentInfo(), {
    contentEncryptionAlgorithm: algorithm,
    encryptedContent: octets(data),
  })
  const content = arrayBuffer(encode(made(new EncryptedData(), { encryptedContentInfo })))
  return made(new ContentInfo(), { contentType: ID_ENCRYPTED_DATA, content })
}

const macOf = async (safe: Buffer, password: string): Promise<MacData> => {
  const salt = randomBytes(16)
  const mac = await containerMac({ hash: 'sha256', password, salt, iterations: ITERATIONS }, safe)
  if (mac === undefined) throw new Error('no MAC with SHA-256')
  const digestAlgorithm = new AlgorithmIdentifier({ algorithm: ID_SHA256, parameters: NULL })
  return new MacData({
    mac: new DigestInfo({ digestAlgorithm, digest: octets(mac) }),
    macSalt: octets(salt),
    iterations: ITERATIONS,
  })
}

/**
 * A PKCS#12 container (RFC 7292): keys and certificates are encrypted with AES-256, the whole is under a MAC with
 * SHA-256. That is what OpenSSL 3 makes, and what everything from the last ten years reads.
 */
export const writePkcs12 = async (contents: Contents, password: string): Promise<Buffer> => {
  const { privateKey, certificates } = contents
  const own = marks(contents)
  const safes: ContentInfo[] = []
  if (certificates.length > 0) {
    const bags = certificates.map((certificate, at) => certificateBag(certificate, at === 0 ? own : []))
    safes.push(await encryptedContent(encode(new SafeContents(bags)), password))
  }
  if (privateKey !== undefined) {
    safes.push(clearContent(encode(new SafeContents([await keyBag(privateKey, password, own)]))))
  }
  const safe = encode(new AuthenticatedSafe(safes))
  return encode(made(new Pfx(), { authSafe: clearContent(safe), macData: await macOf(safe, password) }))
}

/** The same for a key in PEM. */
export const containerFor = (
  { keyPem, ...contents }: Omit<Contents, 'privateKey'> & { readonly keyPem: string },
  password: string,
): Promise<Buffer> => writePkcs12({ ...contents, privateKey: createPrivateKey(keyPem) }, password)
