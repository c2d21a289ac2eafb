import type { Attribute } from '../protocol/attribute-instance.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { appliesTo, checkOnline, rulesOf } from './attribute-rules.ts'
import { isInstanceOf, valueOf } from './attribute-set.ts'
import { mergeLayers } from './given-attributes.ts'
import { missingMaterial } from './key-use.ts'
import type { HeldKey } from './key-store.ts'
import type { ManagedObject } from './managed-object.ts'

/*
 * The attributes of Split Keys and of what they are joined to (1.4 sections 4.38 and 4.39, 2.1 sections 6.1.10 and
 * 6.1.27). What guards a key guards its parts, and what guards the parts guards the key that comes of them: splitting
 * and joining is no way round.
 */

/** Told of a key by the Key Block of its parts: what a client says besides does not count. */
const OF_MATERIAL: readonly string[] = ['CryptographicAlgorithm', 'CryptographicLength']

/** A part has them from its key, whether the request gives them or not. */
const INHERITED: readonly string[] = ['CryptographicUsageMask', 'Sensitive', 'Extractable']

/** Whether a client may give the attribute to a Split Key, so that it can be at odds with that of the key. */
const isComparable = (attribute: Attribute): boolean => {
  const rules = rulesOf(attribute)
  return rules.setBy !== 'server' && rules.origin !== true && !rules.multiple && appliesTo(rules, 'SplitKey')
}

/** What a client asks of the parts of a key that is there: the attributes of the key take precedence. */
export const partAttributes = ({ attributes }: ManagedObject, given: readonly Attribute[]): readonly Attribute[] => {
  const wanted = given.filter(({ name }) => !OF_MATERIAL.includes(name))
  const known = attributes.filter(
    (attribute) => INHERITED.includes(attribute.name) || wanted.some((other) => isInstanceOf(attribute, other)),
  )
  return mergeLayers(known.filter(isComparable), wanted)
}

/** What has ever been true of the key is true of its parts. */
export const partHistory = ({ attributes }: ManagedObject): readonly Attribute[] =>
  attributes.filter(({ name }) => name === 'AlwaysSensitive' || name === 'NeverExtractable')

/** The key is as well guarded as the best guarded of its parts, whatever the request says. */
const guards = (parts: readonly ManagedObject[]): readonly Attribute[] => {
  const isSensitive = parts.some(({ attributes }) => valueOf(attributes, 'Sensitive') === true)
  const isKept = parts.some(({ attributes }) => valueOf(attributes, 'Extractable') === false)
  return [
    ...(isSensitive ? [{ name: 'Sensitive', value: true } as const] : []),
    ...(isKept ? [{ name: 'Extractable', value: false } as const] : []),
  ]
}

export const joinedAttributes = (parts: readonly ManagedObject[], given: readonly Attribute[]): readonly Attribute[] =>
  mergeLayers(guards(parts), given)

/** What the parts say of the key, where the request does not. */
export const joinedHistory = ([first]: readonly ManagedObject[]): readonly Attribute[] =>
  (first?.attributes ?? []).filter(({ name }) => name === 'CryptographicUsageMask')

/**
 * The material of an object that is to be split or joined. Any state will do: a key whose parts are brought together is
 * as often an old one.
 * @throws KmipError ObjectArchived, ObjectDestroyed, KeyValueNotPresent
 */
export const splitMaterial = (object: ManagedObject): HeldKey => {
  checkOnline(object)
  if (object.key === undefined) throw missingMaterial(object)
  return object.key
}

/** @throws KmipError InvalidObjectType, and those of `splitMaterial` */
export const partMaterial = (object: ManagedObject): HeldKey => {
  if (object.objectType !== 'SplitKey') {
    throw new KmipError('InvalidObjectType', 'The object is no Split Key', { older: 'InvalidField' })
  }
  return splitMaterial(object)
}
