import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { PrivateKey, PrivateKeyInfo, Version } from '@peculiar/asn1-pkcs8'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier, SubjectPublicKeyInfo } from '@peculiar/asn1-x509'
import type { CryptographicAlgorithm } from '../../../protocol/enumerations.ts'
import { KmipError } from '../../../protocol/kmip-error.ts'
import { arrayBuffer } from './der.ts'
import { rawQuantumKey } from './quantum.ts'

/*
 * Keys that are strings of bytes by nature (RFC 7748, RFC 8032). The Raw form of those that sign is that string, without an
 * encoding around it.
 */

/** Object identifiers (RFC 8410 section 3) and lengths, the same for both halves. */
export const OCTET_KEYS = {
  x25519: { oid: '1.3.101.110', bytes: 32 },
  x448: { oid: '1.3.101.111', bytes: 56 },
  ed25519: { oid: '1.3.101.112', bytes: 32 },
  ed448: { oid: '1.3.101.113', bytes: 57 },
} as const

export type OctetKey = keyof typeof OCTET_KEYS

const KINDS: Readonly<Partial<Record<CryptographicAlgorithm | number, OctetKey>>> = {
  Ed25519: 'ed25519',
  Ed448: 'ed448',
}

const algorithmOf = (kind: OctetKey): AlgorithmIdentifier =>
  new AlgorithmIdentifier({ algorithm: OCTET_KEYS[kind].oid })

/** The private key that bytes are, as many as its kind has. */
export const octetPrivateKey = (kind: OctetKey, bytes: Buffer): KeyObject => {
  const privateKey = new PrivateKey(AsnConvert.serialize(new OctetString(bytes)))
  const info = new PrivateKeyInfo({ version: Version.v1, privateKeyAlgorithm: algorithmOf(kind), privateKey })
  const der = Buffer.from(AsnConvert.serialize(info))
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  der.fill(0)
  return key
}

const octetPublicKey = (kind: OctetKey, bytes: Buffer): KeyObject => {
  const info = new SubjectPublicKeyInfo({ algorithm: algorithmOf(kind), subjectPublicKey: arrayBuffer(bytes) })
  const key = Buffer.from(AsnConvert.serialize(info))
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
  const quantum = typeof name === 'string' ? rawQuantumKey(kind, name, bytes) : undefined
  if (quantum !== undefined) return quantum
  const octets = name === undefined ? undefined : KINDS[name]
  if (octets === undefined) return 'kept'
  if (bytes.length !== OCTET_KEYS[octets].bytes) {
    throw new KmipError('InvalidField', 'The algorithm has no keys of this length')
  }
  return kind === 'PrivateKey' ? octetPrivateKey(octets, bytes) : octetPublicKey(octets, bytes)
}

/** The bytes of a key of an Edwards curve. */
export const rawBytes = (key: KeyObject): Buffer => {
  const { d, x } = key.export({ format: 'jwk' })
  return Buffer.from((key.type === 'private' ? d : x) ?? '', 'base64url')
}
