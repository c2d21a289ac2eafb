import type { UsageLimitsUnit } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { valueOf } from './attribute-set.ts'
import type { ManagedObject } from './managed-object.ts'
import { withAttributes } from './with-attributes.ts'

/** What one use of a key protects, in each of the units in which use is limited. */
const AMOUNTS: Readonly<Record<UsageLimitsUnit, (bytes: number, objects: number) => bigint>> = {
  Byte: (bytes) => BigInt(bytes),
  Object: (_, objects) => BigInt(objects),
}

/** Units that may still be protected; undefined where there is no limit. */
export const remainingUse = ({ attributes }: ManagedObject): bigint | undefined => {
  const limits = valueOf(attributes, 'UsageLimits')
  return limits === undefined ? undefined : (limits.usageLimitsCount ?? limits.usageLimitsTotal)
}

/**
 * Counts the protection of so many bytes; the object itself where there is no limit (1.4 section 3.21, 2.1 section
 * 4.59). Only protection is counted. What comes in parts is one object, which is counted with the first.
 * @throws KmipError PermissionDenied: the word of the text (1.4 section 4.29, 2.1 section 6.1.17) and of its published
 *   cases (CS-BC-M-7), though the error table of 2.1 has Usage Limit Exceeded as well
 */
export const protecting = (object: ManagedObject, bytes: number, now: number, objects = 1): ManagedObject => {
  const limits = valueOf(object.attributes, 'UsageLimits')
  if (limits === undefined) return object
  const left = (remainingUse(object) ?? 0n) - AMOUNTS[limits.usageLimitsUnit](bytes, objects)
  if (left < 0n) throw new KmipError('PermissionDenied', 'The Usage Limits of the key do not allow this')
  return withAttributes(object, now, { name: 'UsageLimits', value: { ...limits, usageLimitsCount: left } })
}
