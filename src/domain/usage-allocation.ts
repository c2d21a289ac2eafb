import { CRYPTOGRAPHIC_USAGE_MASK, type CryptographicUsageMask, type ObjectType } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { checkOnline } from './attribute-rules.ts'
import { valueOf } from './attribute-set.ts'
import { allowsUsage, isProtectingAt } from './key-use.ts'
import type { ManagedObject } from './managed-object.ts'
import { remainingUse } from './usage-limits.ts'
import { withAttributes } from './with-attributes.ts'

/** Objects that can apply protection, and the uses that are protection (1.4 section 3.19, 2.1 section 4.17). */
const TYPES: readonly ObjectType[] = ['SymmetricKey', 'PublicKey', 'PrivateKey']
const PROTECTION: readonly CryptographicUsageMask[] = ['Encrypt', 'Sign', 'MACGenerate', 'WrapKey', 'DeriveKey']

const checkKind = (object: ManagedObject): void => {
  const protects = PROTECTION.some((use) => allowsUsage(object, CRYPTOGRAPHIC_USAGE_MASK.code[use]))
  if (TYPES.includes(object.objectType) && protects) return
  throw new KmipError('InvalidObjectType', 'The object is not used for protection', { older: 'IllegalOperation' })
}

/**
 * Sets so many units aside, all or nothing (1.4 sections 4.18 and 11.19, 2.1 section 6.1.23). `now` in seconds since
 * 1970.
 * @throws KmipError ObjectArchived, InvalidObjectType, AttributeNotFound without Usage Limits, InvalidField,
 *   PermissionDenied at a time when the key protects nothing, UsageLimitExceeded
 */
export const allocated = (object: ManagedObject, units: bigint, now: number): ManagedObject => {
  checkOnline(object)
  checkKind(object)
  const limits = valueOf(object.attributes, 'UsageLimits')
  if (limits === undefined) {
    throw new KmipError('AttributeNotFound', 'The object has no Usage Limits', { older: 'IllegalOperation' })
  }
  if (units <= 0n) throw new KmipError('InvalidField', 'The Usage Limits Count is not positive')
  if (!isProtectingAt(object, now)) throw new KmipError('PermissionDenied', 'The key may not protect anything now')
  const left = (remainingUse(object) ?? 0n) - units
  if (left < 0n) throw new KmipError('UsageLimitExceeded', 'The Usage Limits of the key do not allow this')
  return withAttributes(object, now, { name: 'UsageLimits', value: { ...limits, usageLimitsCount: left } })
}
