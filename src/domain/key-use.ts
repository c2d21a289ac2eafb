import {
  CRYPTOGRAPHIC_USAGE_MASK,
  type CryptographicUsageMask,
  type ObjectType,
  type State,
} from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { checkOnline } from './attribute-rules.ts'
import { valueOf } from './attribute-set.ts'
import type { HeldKey } from './key-store.ts'
import { isDestroyed, type ManagedObject, stateOf } from './managed-object.ts'

/*
 * Whether a key may be used for a purpose now (1.4 sections 3.19, 3.22, 3.25 and 3.26; 2.1 sections 4.17, 4.40, 4.41
 * and 4.57). Times are seconds since 1970.
 */

/** Applying protection, or processing what has been protected: the two kinds of use that the standard tells apart. */
type Direction = {
  readonly states: readonly State[]
  /** Whether the key's own dates allow it. */
  readonly inTime: (object: ManagedObject, now: number) => boolean
}

/** A Protect Stop Date is the last second of protection. */
const PROTECT: Direction = {
  states: ['Active'],
  inTime: ({ attributes }, now) => now <= (valueOf(attributes, 'ProtectStopDate') ?? now),
}

/** Keys that are out of service still open what they closed: the policy of this server (1.4 section 3.22). */
const PROCESS: Direction = {
  states: ['Active', 'Deactivated', 'Compromised'],
  inTime: ({ attributes }, now) => now >= (valueOf(attributes, 'ProcessStartDate') ?? now),
}

type Use = { readonly direction: Direction; readonly objectTypes: readonly ObjectType[] }

/** Each purpose goes by the name of its bit in the Cryptographic Usage Mask. */
const USES = {
  Encrypt: { direction: PROTECT, objectTypes: ['SymmetricKey', 'PublicKey'] },
  Decrypt: { direction: PROCESS, objectTypes: ['SymmetricKey', 'PrivateKey'] },
  Sign: { direction: PROTECT, objectTypes: ['PrivateKey'] },
  Verify: { direction: PROCESS, objectTypes: ['PublicKey', 'Certificate'] },
  MACGenerate: { direction: PROTECT, objectTypes: ['SymmetricKey'] },
  MACVerify: { direction: PROCESS, objectTypes: ['SymmetricKey'] },
  WrapKey: { direction: PROTECT, objectTypes: ['SymmetricKey', 'PublicKey'] },
  UnwrapKey: { direction: PROCESS, objectTypes: ['SymmetricKey', 'PrivateKey'] },
  CertificateSign: { direction: PROTECT, objectTypes: ['PrivateKey'] },
  DeriveKey: { direction: PROTECT, objectTypes: ['SymmetricKey', 'SecretData', 'PrivateKey', 'PublicKey'] },
} as const satisfies Partial<Record<CryptographicUsageMask, Use>>

export type Purpose = keyof typeof USES

/**
 * Whether the Cryptographic Usage Mask allows all of these uses. Without a mask, or with an empty one, a key is for
 * keeping and reading only: what nobody allowed is not allowed.
 */
export const allowsUsage = ({ attributes }: ManagedObject, bits: number): boolean => {
  const mask = valueOf(attributes, 'CryptographicUsageMask') ?? 0
  return (mask & CRYPTOGRAPHIC_USAGE_MASK.code.Unrestricted) !== 0 || (bits & ~mask) === 0
}

/** Whether objects of its type are keys for a purpose. */
export const isKeyFor = ({ objectType }: ManagedObject, purpose: Purpose): boolean => {
  const { objectTypes }: Use = USES[purpose]
  return objectTypes.includes(objectType)
}

/** Whether the state and the dates of a key let it be used for a purpose. */
export const isInService = (object: ManagedObject, purpose: Purpose, now: number): boolean => {
  const { states, inTime }: Direction = USES[purpose].direction
  return states.includes(stateOf(object, now)) && inTime(object, now)
}

/** Whether the state and the dates of a key let it protect something new. */
export const isProtectingAt = (object: ManagedObject, now: number): boolean =>
  PROTECT.states.includes(stateOf(object, now)) && PROTECT.inTime(object, now)

/** A key outside its dates is Active all the same: to 2.0 its life-cycle state is right, and yet it may not be used. */
const checkState = (object: ManagedObject, { states, inTime }: Direction, now: number): void => {
  const isRightState = states.includes(stateOf(object, now))
  if (isRightState && inTime(object, now)) return
  throw new KmipError('WrongKeyLifecycleState', 'The key may not be used for this purpose now', {
    older: 'PermissionDenied',
    since: isRightState ? '2.1' : '2.0',
  })
}

/** What an object without material lacks: it was destroyed, or never there. */
export const missingMaterial = (object: ManagedObject): KmipError =>
  isDestroyed(object)
    ? new KmipError('ObjectDestroyed', 'The object has been destroyed', { older: 'PermissionDenied' })
    : new KmipError('KeyValueNotPresent', 'The server does not hold the key', { older: 'PermissionDenied' })

/**
 * The key to use, if it may be used.
 * @throws KmipError ObjectArchived, InvalidObjectType, WrongKeyLifecycleState, IncompatibleCryptographicUsageMask,
 *   KeyValueNotPresent
 */
export const usableKey = (object: ManagedObject, purpose: Purpose, now: number): HeldKey => {
  const { direction }: Use = USES[purpose]
  checkOnline(object)
  if (!isKeyFor(object, purpose)) {
    throw new KmipError('InvalidObjectType', 'The object is no key for this purpose', { older: 'PermissionDenied' })
  }
  checkState(object, direction, now)
  if (!allowsUsage(object, CRYPTOGRAPHIC_USAGE_MASK.code[purpose])) {
    throw new KmipError('IncompatibleCryptographicUsageMask', 'The Cryptographic Usage Mask does not allow this use', {
      older: 'PermissionDenied',
    })
  }
  if (object.key === undefined) throw missingMaterial(object)
  return object.key
}
