import { createPrivateKey, createPublicKey, decapsulate, encapsulate, type KeyObject, sign, verify } from 'node:crypto'
import { PrivateKey, PrivateKeyInfo, Version } from '@peculiar/asn1-pkcs8'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier } from '@peculiar/asn1-x509'
import type { CryptographicAlgorithm } from '../../../protocol/enumerations.ts'
import { KmipError } from '../../../protocol/kmip-error.ts'
import { QUANTUM_ALGORITHMS, type QuantumAlgorithm, quantumAlgorithm } from '../../quantum-keys.ts'

/*
 * ML-KEM, ML-DSA and SLH-DSA (FIPS 203, 204 and 205). Raw keys are the byte strings of these standards. ML-KEM and ML-DSA
 * keys can be kept as the seed they are made from, too.
 */

const wrongLength = (): KmipError => new KmipError('InvalidField', 'The algorithm has no keys of this length')

const checkLength = (bytes: Buffer, length: number): void => {
  if (bytes.length !== length) throw wrongLength()
}

/** A private key in the form of its standard, as PKCS#8 has it (RFC 9881 section 6, RFC 9935 section 6: expandedKey). */
const expandedKey = (oid: string, bytes: Buffer): KeyObject => {
  const privateKey = new PrivateKey(AsnConvert.serialize(new OctetString(bytes)))
  const privateKeyAlgorithm = new AlgorithmIdentifier({ algorithm: oid })
  const der = Buffer.from(
    AsnConvert.serialize(new PrivateKeyInfo({ version: Version.v1, privateKeyAlgorithm, privateKey })),
  )
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  der.fill(0)
  return key
}

const rawPrivate = ({ name, oid, privateBytes, seedBytes }: QuantumAlgorithm, bytes: Buffer): KeyObject => {
  checkLength(bytes, privateBytes)
  return seedBytes === undefined
    ? createPrivateKey({ key: bytes, format: 'raw-private', asymmetricKeyType: name })
    : expandedKey(oid, bytes)
}

/**
 * The key that the bytes of its standard are; undefined where the algorithm is another one.
 * @throws KmipError InvalidField for another length; Error for what can be no key
 */
export const rawQuantumKey = (
  kind: 'PublicKey' | 'PrivateKey',
  algorithm: CryptographicAlgorithm,
  bytes: Buffer,
): KeyObject | undefined => {
  const known = QUANTUM_ALGORITHMS.get(algorithm)
  if (known === undefined) return undefined
  if (kind === 'PrivateKey') return rawPrivate(known, bytes)
  checkLength(bytes, known.publicBytes)
  return createPublicKey({ key: bytes, format: 'raw-public', asymmetricKeyType: known.name })
}

/**
 * The private key that is made from a seed (FIPS 203 section 7.1, FIPS 204 section 5.1).
 * @throws KmipError InvalidField for an algorithm without, and for another length
 */
export const seedKey = (algorithm: CryptographicAlgorithm | number | undefined, seed: Buffer): KeyObject => {
  const known = typeof algorithm === 'string' ? QUANTUM_ALGORITHMS.get(algorithm) : undefined
  if (known?.seedBytes === undefined) throw new KmipError('InvalidField', 'The algorithm has no keys made from a seed')
  checkLength(seed, known.seedBytes)
  return createPrivateKey({ key: seed, format: 'raw-seed', asymmetricKeyType: known.name })
}

const algorithmOf = ({ asymmetricKeyType }: KeyObject): QuantumAlgorithm | undefined => {
  const name = quantumAlgorithm(asymmetricKeyType ?? '')
  return name === undefined ? undefined : QUANTUM_ALGORITHMS.get(name)
}

/** The bytes of the standard. PKCS#8 of the library ends with them where it holds the seed as well. */
export const rawQuantumBytes = (key: KeyObject): Buffer | undefined => {
  const known = algorithmOf(key)
  if (known === undefined) return undefined
  if (key.type === 'public') return key.export({ format: 'raw-public' })
  if (known.seedBytes === undefined) return key.export({ format: 'raw-private' })
  const der = key.export({ format: 'der', type: 'pkcs8' })
  const bytes = Buffer.from(der.subarray(der.length - known.privateBytes))
  der.fill(0)
  return bytes
}

/** The seed of a private key; undefined where it was never known, or there is none. */
export const seedBytes = (key: KeyObject): Buffer | undefined => {
  if (key.type === 'public' || algorithmOf(key)?.seedBytes === undefined) return undefined
  try {
    return key.export({ format: 'raw-seed' })
  } catch {
    return undefined
  }
}

const PROBE = Buffer.from('kmipd')

/**
 * Whether the halves of a private key belong together. Signing with SLH-DSA takes seconds: its keys are two random strings
 * and two of a public key, of which only the length can be wrong.
 */
export const isQuantumPair = (key: KeyObject): boolean => {
  const known = algorithmOf(key)
  if (known === undefined || key.type === 'public' || known.seedBytes === undefined) return known !== undefined
  const publicKey = createPublicKey(key)
  if (known.use === 'signature') return verify(null, PROBE, publicKey, sign(null, PROBE, key))
  const { sharedKey, ciphertext } = encapsulate(publicKey)
  return decapsulate(key, ciphertext).equals(sharedKey)
}
