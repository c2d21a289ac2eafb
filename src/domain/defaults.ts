import type { Attribute } from '../protocol/attribute-instance.ts'
import type { ObjectType } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import {
  defaultsInformation,
  type DefaultsInformation,
  type ObjectDefaults,
} from '../protocol/structures/defaults-information.ts'
import { inRange, type Version } from '../schema/version.ts'
import { rulesOf } from './attribute-rules.ts'
import { attributeKey } from './attribute-views.ts'
import { BUILT_IN_DEFAULTS, BUILT_IN_RANGE, builtInFor } from './built-in-defaults.ts'
import { mergeLayers } from './given-attributes.ts'
import { type MaybePromise, then } from './maybe-promise.ts'
import { acceptedWish } from './new-object.ts'
import { closeness, isInScope, type ObjectScope } from './object-scope.ts'
import type { OperationContext } from './operation-context.ts'
import { policyRecord } from './policy-record.ts'
import type { RngParameters } from './random-generator.ts'

/*
 * Defaults (2.1 sections 6.1.53, 7.11 and 7.22): attributes that an object gets where the client leaves them out.
 */

/** Object Defaults that are looked at for each new object. */
const MOST_DEFAULTS = 256

export const defaultsRecord = policyRecord('defaults', defaultsInformation)

const scopeOf = ({ objectType, objectTypes, objectGroups }: ObjectDefaults): ObjectScope => ({
  types: objectTypes?.types ?? (objectType === undefined ? [] : [objectType]),
  groups: objectGroups?.groups ?? [],
})

/** Defaults are given like a client would: what no client may give is none. */
const checkOne = (defaults: ObjectDefaults, generator: RngParameters): void => {
  const { types } = scopeOf(defaults)
  if (types.length === 0) throw new KmipError('InvalidField', 'The Object Defaults name no Object Type')
  for (const objectType of types) acceptedWish({ objectType, given: defaults.attributes.attributes, generator })
}

/** @throws KmipError InvalidField for what cannot be a default, whatever is wrong with it (2.1 section 6.1.53.1) */
export const acceptedDefaults = (information: DefaultsInformation, generator: RngParameters): DefaultsInformation => {
  if (information.objectDefaults.length > MOST_DEFAULTS) {
    throw new KmipError('InvalidField', 'There are too many Object Defaults')
  }
  try {
    for (const defaults of information.objectDefaults) checkOne(defaults, generator)
  } catch (error) {
    if (error instanceof KmipError) throw new KmipError('InvalidField', 'An attribute cannot have a default like this')
    throw error
  }
  return information
}

/** Those for a group of the object come before those for all. */
const defaultsFor = (
  { objectDefaults }: DefaultsInformation,
  objectType: ObjectType,
  given: readonly Attribute[],
): readonly Attribute[] =>
  mergeLayers(
    ...objectDefaults
      .filter((one) => isInScope(scopeOf(one), { objectType, attributes: given }))
      .sort((a, b) => closeness(scopeOf(b)) - closeness(scopeOf(a)))
      .map(({ attributes }) => attributes.attributes),
  )

type Context = Pick<OperationContext, 'records' | 'keys' | 'principal'>

/**
 * How the material of an object comes about: from nothing (Create, Create Key Pair), of other objects, or from the
 * client, whose material tells some of the attributes itself.
 */
export type MaterialSource = 'created' | 'made' | 'brought'

const NONE: readonly Attribute[] = []

/** Only what comes from nothing has no other source for what a client leaves out. */
const builtIn = (
  version: Version,
  material: MaterialSource,
  attributes: () => readonly Attribute[],
): readonly Attribute[] => (material === 'created' && inRange(version, BUILT_IN_RANGE) ? attributes() : NONE)

/** What a client gives of an object that is to be made, with the defaults for what it leaves out. */
export const withDefaults = (
  context: Context & Pick<OperationContext, 'version'>,
  objectType: ObjectType,
  given: readonly Attribute[],
  material: MaterialSource,
): MaybePromise<readonly Attribute[]> =>
  then(defaultsRecord.read(context), (information) => {
    const known = new Set(given.map(attributeKey))
    const defaults =
      information === undefined
        ? builtIn(context.version, material, () => builtInFor(objectType, given))
        : defaultsFor(information, objectType, given)
    const added = defaults.filter((attribute) => {
      if (known.has(attributeKey(attribute))) return false
      return material !== 'brought' || rulesOf(attribute).stated !== true
    })
    if (added.length === 0) return given
    return [...given, ...added]
  })

/** The defaults as Query tells them: all, or those for some Object Groups (2.1 section 6.1.40). */
export const announcedDefaults = (context: Context, groups: readonly string[]): MaybePromise<DefaultsInformation> =>
  then(defaultsRecord.read(context), (information = BUILT_IN_DEFAULTS) => ({
    objectDefaults: information.objectDefaults.filter((one) => {
      const scope = scopeOf(one).groups
      return groups.length === 0 || scope.length === 0 || scope.some((group) => groups.includes(group))
    }),
  }))
