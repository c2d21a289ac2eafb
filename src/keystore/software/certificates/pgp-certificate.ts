import type { Attribute } from '../../../protocol/attribute-instance.ts'
import type { CryptographicAlgorithm } from '../../../protocol/enumerations.ts'
import { KmipError } from '../../../protocol/kmip-error.ts'
import type { ObjectValue } from '../../../protocol/structures/managed-objects.ts'
import { MAX_CERTIFICATE_BYTES } from '../certificate.ts'

/*
 * What a PGP certificate says of itself (1.4 sections 3.13 and 3.14). PGP Keys are not looked into: 'KMIP implementers
 * SHOULD treat the Key Block field as an opaque blob' (1.4 section 2.2.9). The library is loaded with the first of them.
 */

/** Public key algorithms by the library's names (RFC 9580 section 9.1). */
const ALGORITHMS: Readonly<Partial<Record<string, CryptographicAlgorithm>>> = {
  rsaEncryptSign: 'RSA',
  rsaEncrypt: 'RSA',
  rsaSign: 'RSA',
  dsa: 'DSA',
  ecdsa: 'ECDSA',
  ecdh: 'ECDH',
  ed25519: 'Ed25519',
  eddsaLegacy: 'Ed25519',
  ed448: 'Ed448',
}

const ARMOR = '-----BEGIN PGP'

/** Packets in a certificate: each takes its time, and real ones have dozens. */
const MOST_PACKETS = 512

/** Lines of an armored certificate: the library takes its time for each, too. */
const MOST_LINES = 2048

/** Where the packet ends that begins at `at` (RFC 9580 section 4.2). Only data comes in parts, or without a length. */
const packetEnd = (value: Buffer, at: number): number => {
  const tag = value.readUInt8(at)
  if ((tag & 0x40) === 0) {
    if ((tag & 3) === 3) throw new Error('a packet without a length')
    const width = 2 ** (tag & 3)
    return at + 1 + width + value.readUIntBE(at + 1, width)
  }
  const first = value.readUInt8(at + 1)
  if (first < 192) return at + 2 + first
  if (first < 224) return at + 3 + (first - 192) * 256 + value.readUInt8(at + 2) + 192
  if (first === 255) return at + 6 + value.readUInt32BE(at + 2)
  throw new Error('a packet in parts')
}

/** @throws Error where there are too many, or where they do not add up */
const checkPackets = (value: Buffer): void => {
  let count = 0
  for (let at = 0; at < value.length; at = packetEnd(value, at)) {
    count += 1
    if (count > MOST_PACKETS) throw new Error('too many packets')
  }
}

const dearmored = async (text: string): Promise<Buffer> => {
  const { unarmor } = await import('openpgp')
  if (text.split('\n', MOST_LINES + 1).length > MOST_LINES) throw new Error('too many lines')
  // Its type leads to one of a library that is not there.
  const found: unknown = await unarmor(text)
  const data = typeof found === 'object' && found !== null && 'data' in found ? found.data : undefined
  if (!(data instanceof Uint8Array)) throw new Error('no bytes')
  return Buffer.from(data)
}

const read = async (value: Buffer) => {
  const { readKey } = await import('openpgp')
  const isArmored = value.toString('latin1', 0, ARMOR.length) === ARMOR
  const binary = isArmored ? await dearmored(value.toString('utf8')) : value
  checkPackets(binary)
  const key = await readKey({ binaryKey: new Uint8Array(binary), config: { maxUserIDLength: 1024 } })
  if (key.isPrivate()) throw new Error('a private key')
  return key
}

type PgpKey = Awaited<ReturnType<typeof read>>

/** The key that has signed the certificate, by what the signature says: it is not checked. */
const issuerOf = (key: PgpKey): string =>
  (key.users[0]?.selfCertifications[0]?.issuerKeyID ?? key.getKeyID()).toHex().toUpperCase()

const attributesOf = (key: PgpKey): readonly Attribute[] => {
  const { algorithm: name, bits } = key.getAlgorithmInfo()
  const algorithm = ALGORITHMS[name]
  const [first = '', ...others] = key.getUserIDs()
  return [
    ...(algorithm === undefined ? [] : [{ name: 'CryptographicAlgorithm', value: algorithm } as const]),
    ...(bits === undefined ? [] : [{ name: 'CryptographicLength', value: bits } as const]),
    { name: 'CertificateIdentifier', value: { issuer: issuerOf(key) } },
    {
      name: 'CertificateSubject',
      value: { certificateSubjectDistinguishedName: first, certificateSubjectAlternativeName: others },
    },
  ]
}

/**
 * The attributes that follow from a PGP certificate, in binary or armored.
 * @throws KmipError InvalidField where it is none
 */
export const pgpAttributes = async (value: Buffer): Promise<readonly Attribute[]> => {
  if (value.length > MAX_CERTIFICATE_BYTES) throw new KmipError('InvalidField', 'The Certificate Value is too long')
  try {
    return attributesOf(await read(value))
  } catch (cause) {
    throw new KmipError('InvalidField', 'The Certificate Value is no PGP certificate', { cause })
  }
}

/** The value of an object that is a PGP certificate. */
export const pgpCertificateIn = (object: ObjectValue): Buffer | undefined =>
  object.objectType === 'Certificate' && object.value.certificateType === 'PGP'
    ? object.value.certificateValue
    : undefined
