import type { KeyObject } from 'node:crypto'
import { AlgorithmIdentifier } from '@peculiar/asn1-x509'
import { KmipError } from '../../../protocol/kmip-error.ts'
import { QUANTUM_ALGORITHMS } from '../../quantum-keys.ts'
import { describeKey } from '../asymmetric/asymmetric-key.ts'

/*
 * How certificates and certificate requests are signed, by object identifier (RFC 4055, RFC 5758, RFC 8410, RFC 3279).
 */

const NULL = new Uint8Array([5, 0]).buffer

const RSA_SHA256 = '1.2.840.113549.1.1.11'
const ED25519 = '1.3.101.112'
const ED448 = '1.3.101.113'

/** ML-DSA and SLH-DSA (RFC 9881, RFC 9909). */
const SIGNERS = [...QUANTUM_ALGORITHMS.values()].filter(({ use }) => use === 'signature')

/** Hashes of the signatures that are checked, by the library's names; null for one that hashes by itself. */
export const SIGNATURE_HASHES: ReadonlyMap<string, string | null> = new Map<string, string | null>([
  ['1.2.840.113549.1.1.5', 'sha1'],
  ['1.2.840.113549.1.1.14', 'sha224'],
  [RSA_SHA256, 'sha256'],
  ['1.2.840.113549.1.1.12', 'sha384'],
  ['1.2.840.113549.1.1.13', 'sha512'],
  ['1.2.840.10040.4.3', 'sha1'],
  ['2.16.840.1.101.3.4.3.1', 'sha224'],
  ['2.16.840.1.101.3.4.3.2', 'sha256'],
  ['1.2.840.10045.4.1', 'sha1'],
  ['1.2.840.10045.4.3.1', 'sha224'],
  ['1.2.840.10045.4.3.2', 'sha256'],
  ['1.2.840.10045.4.3.3', 'sha384'],
  ['1.2.840.10045.4.3.4', 'sha512'],
  [ED25519, null],
  [ED448, null],
  ...SIGNERS.map(({ oid }) => [oid, null] as const),
])

/** Signatures that others can make as well: MD2, MD4, MD5 and SHA-1. */
export const BROKEN_SIGNATURES: ReadonlySet<string> = new Set([
  '1.2.840.113549.1.1.2',
  '1.2.840.113549.1.1.3',
  '1.2.840.113549.1.1.4',
  '1.2.840.113549.1.1.5',
  '1.2.840.10040.4.3',
  '1.2.840.10045.4.1',
])

/** How the server signs with a key. */
export type SigningAlgorithm = { readonly identifier: AlgorithmIdentifier; readonly hash: string | null }

const ecdsa = (length: number): SigningAlgorithm => {
  const [bits, last] = length <= 256 ? ['256', 2] : length <= 384 ? ['384', 3] : ['512', 4]
  const identifier = new AlgorithmIdentifier({ algorithm: `1.2.840.10045.4.3.${String(last)}` })
  return { identifier, hash: `sha${bits}` }
}

/** Keys that sign what they are given, by the library's names. */
const DIRECT: ReadonlyMap<string, string> = new Map([
  ['ed25519', ED25519],
  ['ed448', ED448],
  ...SIGNERS.map(({ name, oid }) => [name, oid] as const),
])

/** @throws KmipError InvalidField for a key that signs no certificates */
export const signingAlgorithmOf = (key: KeyObject): SigningAlgorithm => {
  const described = describeKey(key)
  const direct = DIRECT.get(key.asymmetricKeyType ?? '')
  if (direct !== undefined) return { identifier: new AlgorithmIdentifier({ algorithm: direct }), hash: null }
  if (described?.family === 'ec') return ecdsa(described.length)
  if (key.asymmetricKeyType === 'rsa') {
    return { identifier: new AlgorithmIdentifier({ algorithm: RSA_SHA256, parameters: NULL }), hash: 'sha256' }
  }
  throw new KmipError('InvalidField', 'Keys of this algorithm sign no certificates')
}
