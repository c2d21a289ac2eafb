import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import { DigestInfo } from '@peculiar/asn1-rsa'
import { AlgorithmIdentifier } from '@peculiar/asn1-x509'
import { KmipError } from '../../protocol/kmip-error.ts'
import { arrayBuffer } from './asymmetric/der.ts'

/** Object identifiers of hashes by the library's names (RFC 8017 appendix B.1; SHA-3: NIST CSOR). */
const OIDS: ReadonlyMap<string, { readonly oid: string; readonly bytes: number }> = new Map([
  ['md5', { oid: '1.2.840.113549.2.5', bytes: 16 }],
  ['sha1', { oid: '1.3.14.3.2.26', bytes: 20 }],
  ['ripemd160', { oid: '1.3.36.3.2.1', bytes: 20 }],
  ['sha224', { oid: '2.16.840.1.101.3.4.2.4', bytes: 28 }],
  ['sha256', { oid: '2.16.840.1.101.3.4.2.1', bytes: 32 }],
  ['sha384', { oid: '2.16.840.1.101.3.4.2.2', bytes: 48 }],
  ['sha512', { oid: '2.16.840.1.101.3.4.2.3', bytes: 64 }],
  ['sha512-224', { oid: '2.16.840.1.101.3.4.2.5', bytes: 28 }],
  ['sha512-256', { oid: '2.16.840.1.101.3.4.2.6', bytes: 32 }],
  ['sha3-224', { oid: '2.16.840.1.101.3.4.2.7', bytes: 28 }],
  ['sha3-256', { oid: '2.16.840.1.101.3.4.2.8', bytes: 32 }],
  ['sha3-384', { oid: '2.16.840.1.101.3.4.2.9', bytes: 48 }],
  ['sha3-512', { oid: '2.16.840.1.101.3.4.2.10', bytes: 64 }],
])

const NULL = new Uint8Array([5, 0]).buffer

/**
 * The DigestInfo of RFC 8017 section 9.2 that a signature of PKCS#1 v1.5 holds; without a hash, the digest as it is.
 * @throws KmipError BadCryptographicParameters for a digest of another length than that of its hash
 */
export const digestInfo = (hash: string | undefined, digested: Buffer): Buffer => {
  if (hash === undefined) return digested
  const known = OIDS.get(hash)
  if (known?.bytes !== digested.length) {
    throw new KmipError('BadCryptographicParameters', 'The digest has not the length of its Hashing Algorithm')
  }
  const info = new DigestInfo({
    digestAlgorithm: new AlgorithmIdentifier({ algorithm: known.oid, parameters: NULL }),
    digest: new OctetString(arrayBuffer(digested)),
  })
  return Buffer.from(AsnConvert.serialize(info))
}
