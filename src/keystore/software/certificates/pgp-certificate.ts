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

const read = async (value: Buffer) => {
  const { readKey } = await import('openpgp')
  const config = { maxUserIDLength: 1024 }
  const key =
    value.toString('latin1', 0, ARMOR.length) === ARMOR
      ? await readKey({ armoredKey: value.toString('utf8'), config })
      : await readKey({ binaryKey: new Uint8Array(value), config })
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
