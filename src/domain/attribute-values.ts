import type { Attribute } from '../protocol/attribute-instance.ts'
import { detached, hasSubStructure } from '../protocol/attribute-any.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { type KnownRef, rulesOf } from './attribute-rules.ts'
import type { AttributeSet } from './attribute-set.ts'

/** Bytes of one text or byte string: longer ones are data, and belong into an object. */
export const LONGEST_VALUE = 65_536
/** Instances of all attributes of one object. */
export const MOST_INSTANCES = 1000

const tooMuch = (message: string): KmipError =>
  new KmipError('ServerLimitExceeded', message, { older: 'IndexOutOfBounds' })

const checkLength = (value: unknown): void => {
  if (typeof value === 'string' || Buffer.isBuffer(value)) {
    if (Buffer.byteLength(value) > LONGEST_VALUE) throw tooMuch('The attribute value is too long')
  } else if (typeof value === 'object' && value !== null) Object.values(value).forEach(checkLength)
}

/** @throws KmipError ServerLimitExceeded where a set has grown too large */
export const checkRoom = (set: AttributeSet): void => {
  if (set.length > MOST_INSTANCES) throw tooMuch('The object has too many attributes')
}

/** @throws KmipError InvalidAttribute for a vendor attribute without a name */
export const checkName = (ref: KnownRef): void => {
  if (ref.name !== 'VendorAttribute' || (ref.vendor !== '' && ref.attributeName !== '')) return
  throw new KmipError('InvalidAttribute', 'The attribute has no name')
}

/**
 * Checks a value that a client gives.
 * @throws KmipError InvalidAttributeValue, ApplicationNamespaceNotSupported, ServerLimitExceeded
 */
const checkValue = (attribute: Attribute): void => {
  const reason = rulesOf(attribute).check?.(attribute.value)
  if (reason !== undefined) throw new KmipError(reason, 'The attribute cannot have this value')
  if (attribute.name === 'VendorAttribute' && hasSubStructure(attribute.value)) {
    throw new KmipError('InvalidAttributeValue', 'A custom attribute cannot hold structures in a structure')
  }
  checkLength(attribute.value)
}

/**
 * An attribute as a client gives it, made into one that can be kept: checked, and with bytes of its own.
 * @throws KmipError InvalidAttribute, InvalidAttributeValue, ApplicationNamespaceNotSupported, ServerLimitExceeded
 */
export const acceptedAsIs = (given: Attribute): Attribute => {
  checkName(given)
  checkValue(given)
  return detached(given)
}

/**
 * As {@link acceptedAsIs}, without the Usage Limits Count, which the server counts from the Total (1.4 section 3.21, 2.1
 * section 4.59).
 */
export const accepted = (given: Attribute): Attribute => {
  const attribute = acceptedAsIs(given)
  if (attribute.name !== 'UsageLimits') return attribute
  return { ...attribute, value: { ...attribute.value, usageLimitsCount: attribute.value.usageLimitsTotal } }
}
