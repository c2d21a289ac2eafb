import type { Attribute } from '../protocol/attribute-instance.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import type { rngParameters } from '../protocol/structures/attribute-values.ts'
import type { ValueOf } from '../schema/kind.ts'
import { instancesOf } from './attribute-set.ts'
import { equalValues } from './equal-values.ts'

/*
 * Which random number generator made the material of an object (1.4 sections 2.1.18 and 3.44, 2.1 sections 4.46 and
 * 7.36). What is stated is what was used, never what a client would like to read.
 */

export type RngParameters = ValueOf<typeof rngParameters>

/** What is said of a generator whose details are not known, and of material that none has made. */
export const UNSPECIFIED: RngParameters = { rngAlgorithm: 'Unspecified' }

/** Whether a generator is one that is wanted: in all that the wish names. Unspecified names nothing. */
const matches = (wanted: RngParameters, generator: RngParameters): boolean => {
  const facts = new Map<string, unknown>(Object.entries(generator))
  return Object.entries(wanted).every(
    ([field, value]) =>
      value === undefined ||
      equalValues(value, facts.get(field)) ||
      (field === 'rngAlgorithm' && value === 'Unspecified'),
  )
}

const isOther = ({ name }: Attribute): boolean => name !== 'RandomNumberGenerator'

/**
 * A client may name generators of which one is to be used, if any of them is there. They are wishes: the attribute will
 * state the one that was used, so they are taken out.
 * @throws KmipError InvalidAttributeValue where the generator is none of them
 */
export const withoutWishedGenerators = (
  given: readonly Attribute[],
  generator: RngParameters,
): readonly Attribute[] => {
  const wanted = instancesOf(given, 'RandomNumberGenerator')
  if (wanted.length > 0 && !wanted.some(({ value }) => matches(value, generator))) {
    throw new KmipError('InvalidAttributeValue', 'The server has no such Random Number Generator')
  }
  return given.filter(isOther)
}
