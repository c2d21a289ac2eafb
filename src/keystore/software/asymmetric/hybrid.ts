import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { KmipError } from '../../../protocol/kmip-error.ts'
import { HYBRID } from '../../quantum-keys.ts'
import type { AsymmetricKey } from './asymmetric-key.ts'

/* X25519MLKEM768: two keys that are one. The library knows the group in TLS only; here it is put together. */

const SEED_BYTES = 64
const KEM_PUBLIC_BYTES = 1184

type Halves = { readonly kem: KeyObject; readonly curve: KeyObject }

const privateHalves = (bytes: Buffer): Halves => {
  const d = bytes.subarray(SEED_BYTES)
  return {
    kem: createPrivateKey({ key: bytes.subarray(0, SEED_BYTES), format: 'raw-seed', asymmetricKeyType: 'ml-kem-768' }),
    curve: createPrivateKey({ key: d, format: 'raw-private', asymmetricKeyType: 'x25519' }),
  }
}

const publicHalves = (bytes: Buffer): Halves => ({
  kem: createPublicKey({
    key: bytes.subarray(0, KEM_PUBLIC_BYTES),
    format: 'raw-public',
    asymmetricKeyType: 'ml-kem-768',
  }),
  curve: createPublicKey({
    key: bytes.subarray(KEM_PUBLIC_BYTES),
    format: 'raw-public',
    asymmetricKeyType: 'x25519',
  }),
})

export const hybridOf = ({ kem, curve }: Halves): AsymmetricKey => ({
  family: 'hybrid',
  keyObject: kem,
  partner: curve,
  algorithm: HYBRID.algorithm,
  algorithms: [HYBRID.algorithm],
  length: HYBRID.publicBytes * 8,
})

/**
 * The key that Raw bytes are.
 * @throws KmipError InvalidField
 */
export const hybridKey = (kind: 'PublicKey' | 'PrivateKey', bytes: Buffer): AsymmetricKey => {
  const { publicBytes, privateBytes } = HYBRID
  if (bytes.length !== (kind === 'PrivateKey' ? privateBytes : publicBytes))
    throw new KmipError('InvalidField', 'The algorithm has no keys of this length')
  try {
    return hybridOf(kind === 'PrivateKey' ? privateHalves(bytes) : publicHalves(bytes))
  } catch (cause) {
    throw new KmipError('InvalidField', 'The key material is no possible key', { cause })
  }
}

/** Raw: the bytes of both, ML-KEM first. */
export const hybridBytes = ({ keyObject, partner }: AsymmetricKey): Buffer | undefined => {
  if (partner === undefined) return undefined
  return keyObject.type === 'public'
    ? Buffer.concat([keyObject.export({ format: 'raw-public' }), partner.export({ format: 'raw-public' })])
    : Buffer.concat([keyObject.export({ format: 'raw-seed' }), partner.export({ format: 'raw-private' })])
}
