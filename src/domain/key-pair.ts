import type { Attribute } from '../protocol/attribute-instance.ts'
import type { AttributeList } from '../protocol/attribute-wire.ts'
import type { LinkType } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { type AttributeSet, valueOf } from './attribute-set.ts'
import { equalValues } from './equal-values.ts'
import { givenAttributes, mergeLayers } from './given-attributes.ts'
import type { KeyPairSpec } from './key-store.ts'
import { type MaybePromise, then } from './maybe-promise.ts'
import type { OperationContext } from './operation-context.ts'

/** The attributes that a request gives for both keys of a pair, and for each of them. */
export type PairLists = {
  readonly common?: AttributeList | undefined
  readonly private?: AttributeList | undefined
  readonly public?: AttributeList | undefined
}

/** The same, for each key by itself. */
export type GivenPair = { readonly private: readonly Attribute[]; readonly public: readonly Attribute[] }

/** What both keys have alike (Table 168 of 1.4, 191 of 2.1), besides their Cryptographic Parameters. */
const SHARED = ['CryptographicAlgorithm', 'CryptographicLength', 'CryptographicDomainParameters'] as const

const SHARED_NAMES: readonly string[] = [...SHARED, 'CryptographicParameters']

const isShared = ({ name }: Attribute): boolean => SHARED_NAMES.includes(name)

/**
 * What is said of one key takes precedence over what is said of both, and what both have alike may be said of either (1.4
 * section 4.2, 2.1 section 6.1.9).
 */
export const givenPair = (context: OperationContext, lists: PairLists): MaybePromise<GivenPair> =>
  then(givenAttributes(context, lists.common), (common) =>
    then(givenAttributes(context, lists.private), (forPrivate) =>
      then(givenAttributes(context, lists.public), (forPublic) => ({
        private: mergeLayers(forPrivate, common, forPublic.filter(isShared)),
        public: mergeLayers(forPublic, common, forPrivate.filter(isShared)),
      })),
    ),
  )

/** An attribute that both keys have alike, from whichever list has it. */
const shared = <N extends (typeof SHARED)[number]>(given: GivenPair, name: N): ReturnType<typeof valueOf<N>> => {
  const ofPrivate = valueOf(given.private, name)
  const ofPublic = valueOf(given.public, name)
  if (ofPrivate !== undefined && ofPublic !== undefined && !equalValues(ofPrivate, ofPublic)) {
    throw new KmipError('InvalidAttributeValue', 'The two keys of a pair have to agree on the attribute')
  }
  return ofPrivate ?? ofPublic
}

const unsupported = (what: string): KmipError => new KmipError('InvalidField', `The ${what} is not supported`)

/**
 * What kind of pair is asked for; `otherwise` is the kind of the one that it replaces. A length and a curve go together:
 * where the client gives one of them, neither is taken from there.
 * @throws KmipError InvalidMessage, InvalidField, InvalidAttributeValue
 */
export const pairSpec = (given: GivenPair, otherwise: AttributeSet = []): KeyPairSpec => {
  const algorithm = shared(given, 'CryptographicAlgorithm') ?? valueOf(otherwise, 'CryptographicAlgorithm')
  if (algorithm === undefined) throw new KmipError('InvalidMessage', 'The Cryptographic Algorithm is missing')
  if (typeof algorithm === 'number') throw unsupported('Cryptographic Algorithm')
  const size = { length: shared(given, 'CryptographicLength'), domain: shared(given, 'CryptographicDomainParameters') }
  const { length, domain } =
    size.length === undefined && size.domain === undefined
      ? {
          length: valueOf(otherwise, 'CryptographicLength'),
          domain: valueOf(otherwise, 'CryptographicDomainParameters'),
        }
      : size
  const curve = domain?.recommendedCurve
  if (typeof curve === 'number') throw unsupported('Recommended Curve')
  return { algorithm, length, curve }
}

/** A Link to another object by its Unique Identifier (1.4 section 3.35, 2.1 section 4.31). */
export const linkTo = (linkType: LinkType, id: string): Attribute => ({
  name: 'Link',
  value: { linkType, linkedObjectIdentifier: { by: 'id', id } },
})
