import { detached } from '../protocol/attribute-any.ts'
import type { Attribute } from '../protocol/attribute-instance.ts'
import { type ObjectType, PROTECTION_STORAGE_MASK } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { checkDates } from './attribute-dates.ts'
import { appliesTo, readOnly, rulesOf } from './attribute-rules.ts'
import { type AttributeSet, isInstanceOf, valueOf } from './attribute-set.ts'
import { accepted, acceptedAsIs, checkRoom } from './attribute-values.ts'
import { attributeKey } from './attribute-views.ts'
import { equalValues } from './equal-values.ts'
import { mergeLayers } from './given-attributes.ts'
import type { Deposit } from './key-store.ts'
import type { ManagedObject } from './managed-object.ts'
import type { OperationContext } from './operation-context.ts'
import { checkQuantumSafe } from './quantum-safe.ts'
import { type RngParameters, withoutWishedGenerators } from './random-generator.ts'

/** What a client asks of an object that is to be made. */
export type Wish = {
  readonly objectType: ObjectType
  /** Attributes that the client gave, Templates included; see `givenAttributes`. */
  readonly given: readonly Attribute[]
  /** The random number generator with which the server makes the material; undefined where a client brings it. */
  readonly generator: RngParameters | undefined
  /** All attributes are as the client gives them, also those that the server sets otherwise (Import). */
  readonly imported?: true
}

/** What a new object is made from. */
export type NewObject = Wish & {
  readonly context: Pick<OperationContext, 'now' | 'principal' | 'ids'>
  /** Unique Identifier. */
  readonly id: string
  /** The key with the attributes that follow from it; undefined for an object without material. */
  readonly deposit: Deposit | undefined
  /** What the server sets besides: links, and what it takes over from another object. Give way to `given`. */
  readonly own?: readonly Attribute[]
}

/** What the server makes nobody has been served: only who brings an object may say otherwise (2.1 section 4.24). */
const isServedUnmade = ({ name, value }: Attribute, { generator }: Wish): boolean =>
  name === 'Fresh' && !value && generator !== undefined

const checkSettable = (attribute: Attribute, wish: Wish): void => {
  const { objectType, generator, imported } = wish
  const rules = rulesOf(attribute)
  if (!appliesTo(rules, objectType)) throw new KmipError('InvalidAttribute', 'The object cannot have the attribute')
  if (imported === true) return
  if (rules.setBy === 'server' && rules.stated !== true) throw readOnly('AttributeReadOnly')
  if (rules.origin === true && generator !== undefined) throw readOnly('AttributeReadOnly')
  if (isServedUnmade(attribute, wish)) {
    throw new KmipError('InvalidAttributeValue', 'An object that the server makes is fresh')
  }
}

/** @throws KmipError AttributeSingleValued */
export const checkSingleValued = (given: readonly Attribute[]): void => {
  const single = given.filter((attribute) => !rulesOf(attribute).multiple)
  if (new Set(single.map(({ name }) => name)).size < single.length) {
    throw new KmipError('AttributeSingleValued', 'An attribute that has one value is given several times')
  }
}

/**
 * The attributes of a wish as they can be kept. Call it before anything costly is made; `newObject` does it anyway.
 * @throws KmipError InvalidAttribute, AttributeReadOnly, AttributeSingleValued, InvalidAttributeValue,
 *   ApplicationNamespaceNotSupported, ServerLimitExceeded
 */
export const acceptedWish = (wish: Wish): readonly Attribute[] => {
  const { generator, imported } = wish
  checkRoom(wish.given)
  const given = generator === undefined ? wish.given : withoutWishedGenerators(wish.given, generator)
  for (const attribute of given) checkSettable(attribute, wish)
  checkSingleValued(given)
  const keep = imported === true ? acceptedAsIs : accepted
  const attributes = mergeLayers(...given.map((attribute) => [keep(attribute)]))
  checkDates(attributes)
  return attributes
}

/** One kind of key that goes by the name of what it is used for. */
const CURVE_ALGORITHMS: readonly unknown[] = ['EC', 'ECDSA', 'ECDH', 'ECMQV']

const agrees = (stated: Attribute, fact: Attribute): boolean => {
  if (equalValues(stated.value, fact.value)) return true
  if (stated.name !== 'CryptographicAlgorithm') return false
  return CURVE_ALGORITHMS.includes(stated.value) && CURVE_ALGORITHMS.includes(fact.value)
}

/** What a client states of the material must be what the material says (1.4 section 4.3, 2.1 section 6.1.43). */
const checkStated = (given: readonly Attribute[], facts: readonly Attribute[]): void => {
  for (const attribute of given.filter((candidate) => rulesOf(candidate).stated === true)) {
    const known = facts.filter((fact) => isInstanceOf(fact, attribute))
    if (known.length > 0 && !known.some((fact) => agrees(attribute, fact))) {
      throw new KmipError('InvalidAttributeValue', 'An attribute contradicts the material of the object')
    }
  }
}

const storageMask = ({ deposit }: NewObject): number =>
  PROTECTION_STORAGE_MASK.of(deposit?.key.ref.kind === 'resident' ? 'Hardware' : 'Software')

/** What is true of key material that the server made (1.4 sections 3.43 and 3.44, 2.1 sections 4.38 and 4.46). */
const origin = ({ context, generator }: NewObject): readonly Attribute[] =>
  generator === undefined
    ? []
    : [
        { name: 'OriginalCreationDate', value: context.now },
        { name: 'RandomNumberGenerator', value: generator },
      ]

/**
 * Seconds that a client may use what it holds of an object before it asks again: the policy of this server (1.4 section
 * 3.20, 2.1 section 4.30).
 */
const LEASE_TIME = 3600

/** A Template is nothing to be used, and has no attribute that tells of use (1.4 appendix B). */
const useful = ({ objectType }: NewObject): readonly Attribute[] =>
  objectType === 'Template'
    ? []
    : [
        { name: 'LeaseTime', value: LEASE_TIME },
        { name: 'Fresh', value: true },
      ]

/** What the standard sets on every object (1.4 section 3, 2.1 section 4), unless it has been set already. */
const implicit = (plan: NewObject, set: AttributeSet): readonly Attribute[] => {
  const { now } = plan.context
  const sensitive = valueOf(set, 'Sensitive') ?? false
  const extractable = valueOf(set, 'Extractable') ?? true
  return [
    { name: 'InitialDate', value: now },
    { name: 'LastChangeDate', value: now },
    { name: 'Sensitive', value: sensitive },
    { name: 'AlwaysSensitive', value: sensitive },
    { name: 'Extractable', value: extractable },
    { name: 'NeverExtractable', value: !extractable },
    { name: 'ShortUniqueIdentifier', value: plan.context.ids.short(plan.id) },
    { name: 'ProtectionStorageMask', value: storageMask(plan) },
    ...useful(plan),
    ...origin(plan),
  ]
}

/** Gives every instance its index, from 0 on. */
const indexed = (attributes: readonly Attribute[]): AttributeSet => {
  const next = new Map<string, number>()
  return attributes.map((attribute) => {
    const key = attributeKey(attribute)
    const index = next.get(key) ?? 0
    next.set(key, index + 1)
    return { ...attribute, index }
  })
}

/**
 * Makes a managed object out of what a client wants, what the material says and what the standard adds, in this order
 * of precedence. Its state follows from its dates: one whose Activation Date has come is Active from the start.
 * @throws KmipError those of `acceptedWish`; InvalidAttributeValue where the client contradicts the material;
 *   GeneralFailure where it is to be Quantum Safe and is not
 */
export const newObject = (plan: NewObject): ManagedObject => {
  const { context, id, objectType, deposit, own = [] } = plan
  const given = acceptedWish(plan)
  const facts = (deposit?.attributes ?? []).map(detached)
  checkStated(given, facts)
  const isList = (attribute: Attribute): boolean => rulesOf(attribute).multiple
  // Of several values none takes precedence: those that were there first keep the first indices.
  const lists = own.filter(isList)
  const set = mergeLayers(lists, given, facts, own)
  const attributes = indexed(mergeLayers(set, implicit(plan, set)))
  checkRoom(attributes)
  checkDates(attributes)
  checkQuantumSafe(attributes, objectType)
  const { tenant, id: owner } = context.principal
  return { id, rowVersion: 0, tenant, owner, objectType, attributes, key: deposit?.key }
}
