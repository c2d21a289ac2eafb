import { checkOnline } from '../domain/attribute-rules.ts'
import { valueOf } from '../domain/attribute-set.ts'
import { allowsUsage } from '../domain/key-use.ts'
import { isDestroyed, type ManagedObject } from '../domain/managed-object.ts'
import { then } from '../domain/maybe-promise.ts'
import { remainingUse } from '../domain/usage-limits.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { TAG } from '../protocol/tags.ts'
import { integer, interval, longInteger } from '../schema/primitives.ts'
import { type Infer, optional } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'
import { uniqueIdentifier, uniqueIdentifierOrPlaceholder } from './fields.ts'

const wishes = {
  usageLimitsCount: optional(TAG.UsageLimitsCount, longInteger),
  cryptographicUsageMask: optional(TAG.CryptographicUsageMask, integer),
  leaseTime: optional(TAG.LeaseTime, interval),
}

type Wishes = Infer<typeof wishes>

const checkSubject = (object: ManagedObject): void => {
  if (object.objectType === 'Template') {
    throw new KmipError('IllegalObjectType', 'A Template is not used', { older: 'IllegalOperation' })
  }
  checkOnline(object)
  if (isDestroyed(object)) {
    throw new KmipError('ObjectDestroyed', 'The object has been destroyed', { older: 'IllegalOperation' })
  }
}

/** An object without limits, or without a Lease Time, may be used as much and as long as the client likes. */
const checkWishes = (object: ManagedObject, { usageLimitsCount, cryptographicUsageMask, leaseTime }: Wishes): void => {
  if (!allowsUsage(object, cryptographicUsageMask ?? 0)) {
    throw new KmipError('IncompatibleCryptographicUsageMask', 'The Cryptographic Usage Mask does not allow this use')
  }
  const remaining = remainingUse(object)
  if (remaining !== undefined && (usageLimitsCount ?? 0n) > remaining) {
    throw new KmipError('UsageLimitExceeded', 'The Usage Limits do not allow this use')
  }
  const longest = valueOf(object.attributes, 'LeaseTime')
  if (longest !== undefined && (leaseTime ?? 0) > longest) {
    throw new KmipError('PermissionDenied', 'The Lease Time is longer than the server grants')
  }
}

/**
 * Check: whether the object may be used like this; a failure stops the batch and empties the ID Placeholder (1.4 section
 * 4.10, 2.1 section 6.1.7). The text has what was refused come back in the payload; but a failed item has none in the
 * published cases (BL-M-2, BL-M-3), and each reason here tells which of the three it was.
 */
export const check = defineOperation({
  name: 'Check',
  spec: { '1.4': '4.10', '2.1': '6.1.7' },
  request: { uniqueIdentifier: uniqueIdentifierOrPlaceholder, ...wishes },
  response: { uniqueIdentifier },
  handle: ({ objects, batch }, request) =>
    then(objects.get(batch.resolve(request.uniqueIdentifier)), (object) => {
      checkSubject(object)
      checkWishes(object, request)
      return { uniqueIdentifier: object.id }
    }),
})
