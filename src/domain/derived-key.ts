import type { Attribute } from '../protocol/attribute-instance.ts'
import type { ObjectType } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { valueOf, withInstance } from './attribute-set.ts'
import { checkRoom } from './attribute-values.ts'
import { linkTo } from './key-pair.ts'
import type { DerivedKeySpec } from './key-store.ts'
import type { ManagedObject } from './managed-object.ts'
import { protecting } from './usage-limits.ts'
import { withAttributes } from './with-attributes.ts'

/*
 * What Derive Key asks for, and what it leaves behind (1.4 section 4.6, 2.1 section 6.1.14).
 */

/**
 * What is to be derived, as the attributes say.
 * @throws KmipError InvalidObjectType, InvalidField
 */
export const derivedSpec = (objectType: ObjectType, given: readonly Attribute[]): DerivedKeySpec => {
  const algorithm = valueOf(given, 'CryptographicAlgorithm')
  const length = valueOf(given, 'CryptographicLength')
  if (objectType !== 'SymmetricKey' && objectType !== 'SecretData') {
    throw new KmipError('InvalidObjectType', 'Only symmetric keys and Secret Data are derived', {
      older: 'InvalidField',
    })
  }
  if (length === undefined) throw new KmipError('InvalidField', 'The Cryptographic Length is missing')
  if (objectType === 'SecretData') return { objectType, length }
  if (algorithm === undefined || typeof algorithm === 'number') {
    throw new KmipError('InvalidField', 'The Cryptographic Algorithm is missing or not supported')
  }
  return { objectType, algorithm, length }
}

/** Algorithm and length tell how much is derived; Secret Data itself has neither (1.4 section 2.1.3, 2.1 section 3.1). */
export const keptAttributes = ({ objectType }: DerivedKeySpec, given: readonly Attribute[]): readonly Attribute[] =>
  objectType === 'SymmetricKey'
    ? given
    : given.filter(({ name }) => name !== 'CryptographicAlgorithm' && name !== 'CryptographicLength')

/** The links of the derived object to what it was derived from. */
export const derivedFrom = (sources: readonly ManagedObject[]): readonly Attribute[] =>
  sources.map(({ id }) => linkTo('DerivationBaseObjectLink', id))

/**
 * A source afterwards: linked to what was derived, its use counted.
 * @throws KmipError PermissionDenied where its Usage Limits do not allow it, ServerLimitExceeded for too many links
 */
export const withDerived = (source: ManagedObject, derivedId: string, bits: number, now: number): ManagedObject => {
  const counted = protecting(source, Math.ceil(bits / 8), now)
  const attributes = withInstance(counted.attributes, linkTo('DerivedKeyLink', derivedId))
  checkRoom(attributes)
  return withAttributes({ ...counted, attributes }, now)
}
