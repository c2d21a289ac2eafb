import type { KeyObject } from 'node:crypto'
import { brainpoolP256r1, brainpoolP384r1, brainpoolP512r1 } from '@noble/curves/misc.js'
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { ecPoint, ecPrivateNumber } from './asymmetric/ec.ts'

/*
 * ECDSA over a digest that is there already: node:crypto makes the digest itself and takes no other. Only for that, and
 * only on curves of the library that is used instead. Its arithmetic is that of big integers in JavaScript, which take
 * longer or shorter with their values. What can be done about it is done: nonces are made as in RFC 6979 with fresh
 * randomness mixed in, so that no two signatures of one digest are alike and nothing can be averaged; and it runs on a
 * thread of its own, so that a client's clock measures queue and hand-over as well (SECURITY.md).
 */

const LIBRARY = new Map([
  ['prime256v1', p256],
  ['secp384r1', p384],
  ['secp521r1', p521],
  ['secp256k1', secp256k1],
  ['brainpoolP256r1', brainpoolP256r1],
  ['brainpoolP384r1', brainpoolP384r1],
  ['brainpoolP512r1', brainpoolP512r1],
])

/** Whether digests can be signed on the curve that OpenSSL calls so. */
export const signsDigests = (curve: string | undefined): boolean => LIBRARY.has(curve ?? '')

const libraryOf = (curve: string | undefined) => {
  const library = LIBRARY.get(curve ?? '')
  if (library === undefined) throw new Error('there is no such curve here')
  return library
}

/** @throws Error for a curve that {@link signsDigests} does not know */
export const signDigest = (key: KeyObject, curve: string | undefined, digest: Uint8Array): Buffer => {
  const secret = ecPrivateNumber(key)
  try {
    const options = { prehash: false, lowS: false, format: 'der', extraEntropy: true } as const
    return Buffer.from(libraryOf(curve).sign(digest, secret, options))
  } finally {
    secret.fill(0)
  }
}

/** Whether it is a signature of the digest, in the strict encoding of DER. */
export const isDigestSignature = (
  key: KeyObject,
  curve: string | undefined,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean => {
  const library = libraryOf(curve)
  try {
    return library.verify(signature, digest, ecPoint(key), { prehash: false, lowS: false, format: 'der' })
  } catch {
    return false
  }
}
