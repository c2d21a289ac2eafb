import type { SymmetricKeySpec } from '../../domain/key-store.ts'
import { KmipError } from '../../protocol/kmip-error.ts'
import type { ObjectValue } from '../../protocol/structures/managed-objects.ts'
import { allowsLength, materialBytes, SYMMETRIC_LENGTHS } from '../mechanisms.ts'
import type { RandomSource } from './random/random-source.ts'

const bitsSet = (byte: number): number => byte.toString(2).replaceAll('0', '').length

/** The low bit of each byte makes the number of its bits odd (FIPS 46-3). */
const setOddParity = (key: Buffer): void => {
  for (const [index, byte] of key.entries()) key[index] = bitsSet(byte & 0xfe) % 2 === 0 ? byte | 1 : byte & 0xfe
}

/**
 * Makes a symmetric key in the format Raw (1.4 section 4.1, 2.1 section 6.1.8).
 * @throws KmipError InvalidField for an algorithm without symmetric keys, or a length that it does not have
 */
export const generateSymmetricKey = ({ algorithm, length }: SymmetricKeySpec, random: RandomSource): ObjectValue => {
  const rule = SYMMETRIC_LENGTHS.get(algorithm)
  if (rule === undefined) throw new KmipError('InvalidField', 'The Cryptographic Algorithm has no symmetric keys')
  const bits = length ?? rule.usual
  if (bits === undefined) throw new KmipError('InvalidField', 'The Cryptographic Length is missing')
  if (!allowsLength(rule, bits)) throw new KmipError('InvalidField', 'The algorithm has no keys of this length')
  const keyMaterial = random.bytes(materialBytes(rule, bits))
  if (rule.oddParity === true) setOddParity(keyMaterial)
  const keyBlock = {
    keyFormatType: 'Raw',
    keyValue: { keyMaterial, attributes: [] },
    cryptographicAlgorithm: algorithm,
    cryptographicLength: bits,
  } as const
  return { objectType: 'SymmetricKey', value: { keyBlock } }
}
