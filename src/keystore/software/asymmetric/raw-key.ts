import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { PrivateKey, PrivateKeyInfo, Version } from '@peculiar/asn1-pkcs8'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier, SubjectPublicKeyInfo } from '@peculiar/asn1-x509'
import type { CryptographicAlgorithm } from '../../../protocol/enumerations.ts'
import { KmipError } from '../../../protocol/kmip-error.ts'
import { arrayBuffer } from './der.ts'

/*
 * Keys that are strings of bytes by nature (RFC 8032): their Raw form is that string, without an encoding around it.
 */

type RawKind = { readonly oid: string; readonly bytes: number }

/** Object identifiers (RFC 8410 section 3) and lengths, the same for both halves. */
const KINDS: Readonly<Partial<Record<CryptographicAlgorithm | number, RawKind>>> = {
  Ed25519: { oid: '1.3.101.112', bytes: 32 },
  Ed448: { oid: '1.3.101.113', bytes: 57 },
}

const privateKeyOf = (algorithm: AlgorithmIdentifier, bytes: Buffer): KeyObject => {
  const privateKey = new PrivateKey(AsnConvert.serialize(new OctetString(arrayBuffer(bytes))))
  const der = Buffer.from(
    AsnConvert.serialize(new PrivateKeyInfo({ version: Version.v1, privateKeyAlgorithm: algorithm, privateKey })),
  )
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  der.fill(0)
  return key
}

const publicKeyOf = (algorithm: AlgorithmIdentifier, bytes: Buffer): KeyObject => {
  const key = Buffer.from(
    AsnConvert.serialize(new SubjectPublicKeyInfo({ algorithm, subjectPublicKey: arrayBuffer(bytes) })),
  )
  return createPublicKey({ key, format: 'der', type: 'spki' })
}

/**
 * The key that Raw bytes are, where the algorithm tells; `kept` otherwise.
 * @throws KmipError InvalidField for another length
 */
export const rawKey = (
  kind: 'PublicKey' | 'PrivateKey',
  name: CryptographicAlgorithm | number | undefined,
  bytes: Buffer,
): KeyObject | 'kept' => {
  const row = name === undefined ? undefined : KINDS[name]
  if (row === undefined) return 'kept'
  if (bytes.length !== row.bytes) throw new KmipError('InvalidField', 'The algorithm has no keys of this length')
  const algorithm = new AlgorithmIdentifier({ algorithm: row.oid })
  return kind === 'PrivateKey' ? privateKeyOf(algorithm, bytes) : publicKeyOf(algorithm, bytes)
}

/** The bytes of a key of an Edwards curve. */
export const rawBytes = (key: KeyObject): Buffer => {
  const { d, x } = key.export({ format: 'jwk' })
  return Buffer.from((key.type === 'private' ? d : x) ?? '', 'base64url')
}
