import { createPrivateKey, type KeyObject, timingSafeEqual, X509Certificate } from 'node:crypto'
import {
  CertBag,
  id_certBag,
  id_keyBag,
  id_pkcs8ShroudedKeyBag,
  id_SafeContents,
  id_x509Certificate,
  type MacData,
  type SafeBag,
  SafeContents,
} from '@peculiar/asn1-pfx'
import { EncryptedPrivateKeyInfo } from '@peculiar/asn1-pkcs8'
import { AsnConvert } from '@peculiar/asn1-schema'
import { KmipError } from '../../../protocol/kmip-error.ts'
import { isOneSequence } from '../asymmetric/der.ts'
import { containerMac } from './derive-key.ts'
import { countEffort, decryptWithPassword, type Opener, unsupported } from './encryption.ts'
import {
  AuthenticatedSafe,
  type ContentInfo,
  EncryptedData,
  FriendlyName,
  ID_DATA,
  ID_ENCRYPTED_DATA,
  octetsIn,
  Pfx,
} from './structures.ts'
import { ID_FRIENDLY_NAME } from './write.ts'

/** What a container was found to hold. */
export type Opened = {
  readonly privateKey: KeyObject
  /** Encoded certificates: that of the key, then the issuer of each. */
  readonly certificates: readonly Buffer[]
  readonly friendlyName: string | undefined
}

/** Hashes of the MAC by the library's names. */
const HASHES: Readonly<Partial<Record<string, string>>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.4': 'sha224',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}

/** Bags within bags, and all of them together: more than any container has. */
const DEEPEST = 4
const MOST_BAGS = 64

/** A key with the longest chain has some 20 KiB. */
const MAX_CONTAINER_BYTES = 262_144

const malformed = (cause?: unknown): KmipError =>
  new KmipError('InvalidField', 'The key is no PKCS#12 container', { cause })

const wrongPassword = (cause?: unknown): KmipError =>
  new KmipError('BadPassword', 'The password does not open the PKCS#12 container', { cause })

const checkMac = async (safe: Buffer, { mac, macSalt, iterations }: MacData, opener: Opener): Promise<void> => {
  const hash = HASHES[mac.digestAlgorithm.algorithm]
  if (hash === undefined) throw unsupported()
  const { password, effort } = opener
  effort(macSalt.buffer, iterations, 1)
  const expected = await containerMac({ hash, password, salt: Buffer.from(macSalt.buffer), iterations }, safe)
  const given = Buffer.from(mac.digest.buffer)
  if (expected?.length !== given.length || !timingSafeEqual(expected, given)) throw wrongPassword()
}

const decrypt = async (...[opener, algorithm, data]: Parameters<typeof decryptWithPassword>): Promise<Buffer> => {
  try {
    return await decryptWithPassword(opener, algorithm, data)
  } catch (cause) {
    throw cause instanceof KmipError ? cause : wrongPassword(cause)
  }
}

const contentOf = async ({ contentType, content }: ContentInfo, opener: Opener): Promise<Buffer> => {
  if (contentType === ID_DATA) return octetsIn(content)
  if (contentType !== ID_ENCRYPTED_DATA) throw unsupported()
  const { contentEncryptionAlgorithm, encryptedContent } = AsnConvert.parse(content, EncryptedData).encryptedContentInfo
  return decrypt(opener, contentEncryptionAlgorithm, Buffer.from(encryptedContent.buffer))
}

const flat = (bags: readonly SafeBag[], depth = 0): readonly SafeBag[] => {
  if (depth > DEEPEST) throw malformed()
  return bags.flatMap((bag) =>
    bag.bagId === id_SafeContents ? flat([...AsnConvert.parse(bag.bagValue, SafeContents)], depth + 1) : [bag],
  )
}

const bagsIn = async (safe: Buffer, opener: Opener): Promise<readonly SafeBag[]> => {
  const bags: SafeBag[] = []
  for (const info of AsnConvert.parse(safe, AuthenticatedSafe)) {
    bags.push(...flat([...AsnConvert.parse(await contentOf(info, opener), SafeContents)]))
    if (bags.length > MOST_BAGS) throw malformed()
  }
  return bags
}

const nameOf = ({ bagAttributes = [] }: SafeBag): string | undefined => {
  const value = bagAttributes.find(({ attrId }) => attrId === ID_FRIENDLY_NAME)?.attrValues[0]
  return value === undefined ? undefined : AsnConvert.parse(value, FriendlyName).value
}

/** Names are compared without case (RFC 2985 section 5.5.1). */
const isNamed = (bag: SafeBag, wanted: string | undefined): boolean =>
  wanted === undefined || nameOf(bag)?.toLowerCase() === wanted.toLowerCase()

const keyIn = async ({ bagId, bagValue }: SafeBag, opener: Opener): Promise<KeyObject> => {
  if (bagId === id_keyBag) return createPrivateKey({ key: Buffer.from(bagValue), format: 'der', type: 'pkcs8' })
  const { encryptionAlgorithm, encryptedData } = AsnConvert.parse(bagValue, EncryptedPrivateKeyInfo)
  const key = await decrypt(opener, encryptionAlgorithm, Buffer.from(encryptedData.buffer))
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  key.fill(0)
  return privateKey
}

const certificateIn = ({ bagId, bagValue }: SafeBag): readonly X509Certificate[] => {
  if (bagId !== id_certBag) return []
  const { certId, certValue } = AsnConvert.parse(bagValue, CertBag)
  return certId === id_x509Certificate ? [new X509Certificate(octetsIn(certValue))] : []
}

/** The certificate of the key, and the issuer of each as far as they are there. */
const chainOf = (key: KeyObject, certificates: readonly X509Certificate[]): readonly Buffer[] => {
  const chain: X509Certificate[] = []
  let next = certificates.find((certificate) => certificate.checkPrivateKey(key))
  while (next !== undefined && !chain.includes(next)) {
    const current = next
    chain.push(current)
    next = certificates.find((issuer) => current.checkIssued(issuer) && current.verify(issuer.publicKey))
  }
  return chain.map(({ raw }) => raw)
}

const open = async (container: Buffer, opener: Opener, wanted: string | undefined): Promise<Opened> => {
  const { authSafe, macData } = AsnConvert.parse(container, Pfx)
  if (authSafe.contentType !== ID_DATA) throw unsupported()
  const safe = octetsIn(authSafe.content)
  if (macData === undefined) throw unsupported()
  await checkMac(safe, macData, opener)
  const bags = await bagsIn(safe, opener)
  const keys = bags.filter(({ bagId }) => bagId === id_keyBag || bagId === id_pkcs8ShroudedKeyBag)
  const bag = keys.find((candidate) => isNamed(candidate, wanted))
  if (bag === undefined) throw new KmipError('InvalidField', 'The PKCS#12 container has no private key of that name')
  const privateKey = await keyIn(bag, opener)
  return { privateKey, certificates: chainOf(privateKey, bags.flatMap(certificateIn)), friendlyName: nameOf(bag) }
}

/**
 * The private key of a container that is called `wanted`, or the first one (RFC 7292; 1.4 section 3.45, 2.1 section 4.39).
 * @throws KmipError BadPassword, FeatureNotSupported for an encryption that the server does not have, InvalidField
 */
export const readPkcs12 = async (container: Buffer, password: string, wanted: string | undefined): Promise<Opened> => {
  if (container.length > MAX_CONTAINER_BYTES || !isOneSequence(container)) throw malformed()
  try {
    return await open(container, { password, effort: countEffort() }, wanted)
  } catch (cause) {
    throw cause instanceof KmipError ? cause : malformed(cause)
  }
}
