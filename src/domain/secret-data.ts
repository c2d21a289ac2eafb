import type { Attribute } from '../protocol/attribute-instance.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import type { ObjectValue } from '../protocol/structures/managed-objects.ts'
import { valueOf } from './attribute-set.ts'

/** Bytes of Secret Data that the server makes: more than any password or seed has. */
const LONGEST_SECRET = 65_536

/**
 * How many random bytes Secret Data is to have, from its Cryptographic Length in bits (2.1 section 6.1.8).
 * @throws KmipError InvalidField
 */
export const secretBytes = (given: readonly Attribute[]): number => {
  const bits = valueOf(given, 'CryptographicLength')
  if (bits === undefined) throw new KmipError('InvalidField', 'The Cryptographic Length is missing')
  const length = bits / 8
  if (!Number.isInteger(length) || length < 1 || length > LONGEST_SECRET) {
    throw new KmipError('InvalidField', 'Secret Data has whole bytes, and not too many of them')
  }
  return length
}

/**
 * Secret Data that the server made. A request cannot say of which type it is to be, so it is what the standard gives as
 * its example (2.1 section 2.7), in the format that section 4.26 has for it.
 */
export const madeSecret = (keyMaterial: Buffer): ObjectValue => ({
  objectType: 'SecretData',
  value: {
    secretDataType: 'Password',
    keyBlock: { keyFormatType: 'Raw', keyValue: { keyMaterial, attributes: [] } },
  },
})
