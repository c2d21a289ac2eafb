import type { Attribute, AttributeRef } from '../protocol/attribute-instance.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { checkDates, isOrderedDate } from './attribute-dates.ts'
import { appliesTo, checkCondition, checkOnline, type KnownRef, readOnly, rulesOf } from './attribute-rules.ts'
import { type AttributeSet, instancesNamed, withInstance, without, withReplaced, withValue } from './attribute-set.ts'
import { accepted, checkRoom } from './attribute-values.ts'
import { equalAttributes } from './equal-values.ts'
import type { ManagedObject } from './managed-object.ts'

/*
 * What clients do to the attributes of an object that is there (1.4 sections 4.14 to 4.16, 2.1 sections 6.1.2, 6.1.13,
 * 6.1.34 and 6.1.51). Reasons are those of 2.1; `older` is what 1.4 section 11 says where its table differs.
 */

/** The object after the change, and the instance that was added, changed or deleted. */
export type Change = { readonly object: ManagedObject; readonly attribute: Attribute }

/** Which instance of an attribute is meant. */
export type InstanceTarget =
  /** By its Attribute Index (1.x). */
  | { readonly by: 'index'; readonly index: number }
  /** By its value, Current Attribute (2.x). */
  | { readonly by: 'value'; readonly current: Attribute }
  /** The only one there is. */
  | { readonly by: 'only' }

/** Attribute Index of the first instance. */
const FIRST = 0

/**
 * What follows from a change of Sensitive and Extractable: each has a twin that remembers whether it has ever been
 * otherwise (1.4 sections 3.48 to 3.51, 2.1 sections 4.3, 4.23, 4.33 and 4.55).
 */
const remembered = (set: AttributeSet, changed: Attribute): AttributeSet => {
  if (changed.name === 'Sensitive' && !changed.value) return withValue(set, { name: 'AlwaysSensitive', value: false })
  if (changed.name === 'Extractable' && changed.value) return withValue(set, { name: 'NeverExtractable', value: false })
  return set
}

const changedBy = (object: ManagedObject, set: AttributeSet, attribute: Attribute, now: number): Change => {
  if (isOrderedDate(attribute.name)) checkDates(set)
  const attributes = withValue(remembered(set, attribute), { name: 'LastChangeDate', value: now })
  checkRoom(attributes)
  return { object: { ...object, attributes }, attribute }
}

/** Names are unique, on the object itself as well (2.1 section 4.32); among objects the database sees to it. */
const checkUniqueName = (others: AttributeSet, attribute: Attribute): void => {
  if (attribute.name !== 'Name') return
  if (others.some((other) => other.name === 'Name' && other.value.nameValue === attribute.value.nameValue)) {
    throw new KmipError('NonUniqueNameAttribute', 'The Name is in use', { older: 'IllegalOperation' })
  }
}

const singleValued = (): KmipError =>
  new KmipError('AttributeSingleValued', 'The object has the attribute, which has one value only', {
    older: 'IllegalOperation',
  })

const checkAddable = (object: ManagedObject, given: Attribute): void => {
  if ((given.index ?? 0) !== 0) throw new KmipError('InvalidField', 'The Attribute Index is for the server to give')
  const rules = rulesOf(given)
  if (!appliesTo(rules, object.objectType)) {
    throw new KmipError('InvalidAttribute', 'The object cannot have the attribute', { older: 'PermissionDenied' })
  }
  if (rules.setBy === 'server') throw readOnly('ReadOnlyAttribute')
}

/**
 * Adds an instance (1.4 section 4.14, 2.1 section 6.1.2). Clients send the Attribute Index 0, which says nothing.
 * @throws KmipError AttributeSingleValued, InvalidAttribute, ReadOnlyAttribute, InvalidField, InvalidAttributeValue,
 *   NonUniqueNameAttribute, ServerLimitExceeded, WrongKeyLifecycleState, ObjectArchived
 */
export const addAttribute = (object: ManagedObject, given: Attribute, now: number): Change => {
  checkOnline(object)
  checkAddable(object, given)
  const { multiple, addedAgain, clientModifies } = rulesOf(given)
  const attribute = accepted(given)
  const instances = instancesNamed(object.attributes, given)
  if (instances.length > 0 && !multiple) {
    if (addedAgain !== true) throw singleValued()
    return changedBy(object, withValue(object.attributes, attribute), { ...attribute, index: FIRST }, now)
  }
  checkCondition(clientModifies, { object, now, instance: undefined })
  checkUniqueName(object.attributes, attribute)
  const set = withInstance(object.attributes, attribute)
  return changedBy(object, set, set.at(-1) ?? attribute, now)
}

const missing = (): KmipError =>
  new KmipError('AttributeNotFound', 'The object does not have the attribute', { older: 'InvalidField' })

const noInstance = (message: string): KmipError =>
  new KmipError('AttributeInstanceNotFound', message, { older: 'ItemNotFound' })

const pick = (instances: AttributeSet, target: InstanceTarget): Attribute => {
  const found =
    target.by === 'index'
      ? instances.find(({ index = FIRST }) => index === target.index)
      : target.by === 'value'
        ? instances.find((instance) => equalAttributes(instance, target.current))
        : instances[0]
  if (found === undefined) throw noInstance('The object has no such instance of the attribute')
  if (target.by === 'only' && instances.length > 1)
    throw noInstance('The object has several instances of the attribute')
  return found
}

const replaced = (object: ManagedObject, instance: Attribute, given: Attribute, now: number): Change => {
  checkCondition(rulesOf(given).clientModifies, { object, now, instance })
  const attribute = accepted(given)
  checkUniqueName(without(object.attributes, instance), attribute)
  const set = withReplaced(object.attributes, instance, attribute)
  return changedBy(object, set, { ...attribute, index: instance.index }, now)
}

/**
 * Changes the value of an instance, which keeps its index (1.4 section 4.15, 2.1 section 6.1.34).
 * @throws KmipError AttributeReadOnly, AttributeNotFound, AttributeInstanceNotFound, InvalidAttributeValue,
 *   NonUniqueNameAttribute, ServerLimitExceeded, WrongKeyLifecycleState, ObjectArchived
 */
export const modifyAttribute = (
  object: ManagedObject,
  target: InstanceTarget,
  given: Attribute,
  now: number,
): Change => {
  checkOnline(object)
  if (rulesOf(given).clientModifies === 'no') throw readOnly('AttributeReadOnly')
  const instances = instancesNamed(object.attributes, given)
  if (instances.length === 0) throw missing()
  return replaced(object, pick(instances, target), given, now)
}

/**
 * Adds the attribute, or changes the only instance of it (2.1 section 6.1.51).
 * @throws KmipError MultiValuedAttribute, ReadOnlyAttribute, and those of adding and modifying
 */
export const setAttribute = (object: ManagedObject, given: Attribute, now: number): Change => {
  const [instance, ...others] = instancesNamed(object.attributes, given)
  if (instance === undefined) return addAttribute(object, given, now)
  checkOnline(object)
  if (rulesOf(given).clientModifies === 'no') throw readOnly('ReadOnlyAttribute')
  if (others.length > 0)
    throw new KmipError('MultiValuedAttribute', 'The object has several instances of the attribute')
  return replaced(object, instance, given, now)
}

/** What is to be deleted: one instance, or all of them (by Attribute Reference, 2.x). */
export type DeleteTarget = InstanceTarget | { readonly by: 'all' }

const checkDeletable = (object: ManagedObject, ref: KnownRef, now: number): void => {
  const { always, clientDeletes } = rulesOf(ref)
  if (always || clientDeletes === 'no') throw readOnly('AttributeReadOnly')
  checkCondition(clientDeletes, { object, now, instance: undefined })
}

/**
 * Deletes instances; the indices of the others stay (1.4 section 4.16, 2.1 section 6.1.13).
 * @throws KmipError AttributeReadOnly, AttributeNotFound, AttributeInstanceNotFound, WrongKeyLifecycleState,
 *   ObjectArchived
 */
export const deleteAttribute = (
  object: ManagedObject,
  ref: AttributeRef,
  target: DeleteTarget,
  now: number,
): Change => {
  checkOnline(object)
  const notThere = new KmipError('AttributeNotFound', 'The object does not have the attribute', {
    older: 'ItemNotFound',
  })
  if (ref.name === 'Unknown') throw notThere
  checkDeletable(object, ref, now)
  const instances = instancesNamed(object.attributes, ref)
  const [first] = instances
  if (first === undefined) throw notThere
  const deleted = target.by === 'all' ? instances : [pick(instances, target)]
  return changedBy(object, deleted.reduce(without, object.attributes), deleted[0] ?? first, now)
}
