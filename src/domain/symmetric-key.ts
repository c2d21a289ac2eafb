import type { Attribute } from '../protocol/attribute-instance.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { valueOf } from './attribute-set.ts'
import type { SymmetricKeySpec } from './key-store.ts'

/**
 * What kind of key is to be made.
 * @throws KmipError InvalidMessage, InvalidField
 */
export const symmetricKeySpec = (given: readonly Attribute[]): SymmetricKeySpec => {
  const algorithm = valueOf(given, 'CryptographicAlgorithm')
  if (algorithm === undefined) throw new KmipError('InvalidMessage', 'The Cryptographic Algorithm is missing')
  if (typeof algorithm === 'number') throw new KmipError('InvalidField', 'The Cryptographic Algorithm is not supported')
  return { algorithm, length: valueOf(given, 'CryptographicLength') }
}
