import {
  decapsulate as decapsulateWith,
  diffieHellman,
  encapsulate as encapsulateWith,
  createPublicKey,
  generateKeyPairSync,
} from 'node:crypto'
import type { SharedSecretSpec } from '../../domain/encapsulating.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { ObjectValue } from '../../protocol/structures/managed-objects.ts'
import type { CryptographicParameters } from '../../protocol/structures/cryptographic-parameters.ts'
import { HYBRID, QUANTUM_ALGORITHMS } from '../quantum-keys.ts'
import type { AsymmetricKey } from './asymmetric/asymmetric-key.ts'
import { concernsKey } from './signature-scheme.ts'

/*
 * Key encapsulation (3.0 working draft, FIPS 203). A ciphertext that is none gives a secret that nobody else has: so
 * nothing tells whether it was one.
 */

export type Encapsulated = { readonly secret: Buffer; readonly ciphertext: Buffer }

const X25519_BYTES = 32

const failed = (cause?: unknown): KmipError =>
  new KmipError('CryptographicFailure', 'The ciphertext does not fit the key', { cause })

const checkKem = (key: AsymmetricKey, parameters: CryptographicParameters): void => {
  const known = QUANTUM_ALGORITHMS.get(key.algorithm)
  if (key.family !== 'hybrid' && known?.use !== 'kem')
    throw new KmipError('UnsupportedCryptographicParameters', 'Keys of this algorithm do not encapsulate')
  if (!concernsKey(key, parameters))
    throw new KmipError('BadCryptographicParameters', 'The algorithm is not that of the key')
  if (parameters.kemAlgorithm !== undefined && parameters.kemAlgorithm !== 'MLKEM')
    throw new KmipError('UnsupportedCryptographicParameters', 'The KEM Algorithm is not that of the key')
  if (parameters.deterministic === true)
    throw new KmipError('UnsupportedCryptographicParameters', 'Nothing is encapsulated without random numbers')
}

/** @throws KmipError UnsupportedCryptographicParameters, BadCryptographicParameters */
export const encapsulate = (key: AsymmetricKey, parameters: CryptographicParameters): Encapsulated => {
  checkKem(key, parameters)
  const { ciphertext, sharedKey } = encapsulateWith(key.keyObject)
  if (key.partner === undefined) return { ciphertext, secret: sharedKey }
  const own = generateKeyPairSync('x25519')
  const shared = diffieHellman({ privateKey: own.privateKey, publicKey: key.partner })
  return {
    ciphertext: Buffer.concat([ciphertext, own.publicKey.export({ format: 'raw-public' })]),
    secret: Buffer.concat([sharedKey, shared]),
  }
}

const decapsulateHybrid = (key: AsymmetricKey, curve: NonNullable<AsymmetricKey['partner']>, ciphertext: Buffer) => {
  if (ciphertext.length !== HYBRID.ciphertextBytes) throw failed()
  const split = ciphertext.length - X25519_BYTES
  const publicKey = createPublicKey({
    key: ciphertext.subarray(split),
    format: 'raw-public',
    asymmetricKeyType: 'x25519',
  })
  const first = decapsulateWith(key.keyObject, ciphertext.subarray(0, split))
  return Buffer.concat([first, diffieHellman({ privateKey: curve, publicKey })])
}

/** @throws KmipError CryptographicFailure for another length, and the same as {@link encapsulate} */
export const decapsulate = (key: AsymmetricKey, parameters: CryptographicParameters, ciphertext: Buffer): Buffer => {
  checkKem(key, parameters)
  try {
    return key.partner === undefined
      ? decapsulateWith(key.keyObject, ciphertext)
      : decapsulateHybrid(key, key.partner, ciphertext)
  } catch (cause) {
    throw cause instanceof KmipError ? cause : failed(cause)
  }
}

/**
 * The object that a shared secret becomes.
 * @throws KmipError InvalidField for a symmetric key of another length: what is cut off a secret of two halves would be one
 */
export const sharedSecret = (secret: Buffer, wanted: SharedSecretSpec): ObjectValue => {
  const keyValue = { keyMaterial: secret, attributes: [] }
  if (wanted.objectType === 'SecretData') {
    return {
      objectType: 'SecretData',
      value: { secretDataType: 'Seed', keyBlock: { keyFormatType: 'Raw', keyValue } },
    }
  }
  const { algorithm, length } = wanted
  if (length !== undefined && length !== secret.length * 8)
    throw new KmipError('InvalidField', 'The shared secret has another length')
  const keyBlock = { keyFormatType: 'Raw', keyValue, cryptographicAlgorithm: algorithm } as const
  return { objectType: 'SymmetricKey', value: { keyBlock } }
}
