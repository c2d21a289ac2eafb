import type { ObjectType, Operation } from '../protocol/enumerations.ts'
import { valueOf } from './attribute-set.ts'
import { isArchived, type ManagedObject } from './managed-object.ts'

/*
 * Rotation by the server itself: "via the equivalent of the ReKey, ReKeyKeyPair or ReCertify operation" (2.1 section
 * 4.48). A pair is rotated as a whole, whichever half says so.
 */

/** By which operation the server rotates an object; other kinds have nothing that could take their place. */
const ROTATED_BY: Readonly<Partial<Record<ObjectType, Operation>>> = {
  SymmetricKey: 'ReKey',
  PrivateKey: 'ReKeyKeyPair',
  PublicKey: 'ReKeyKeyPair',
  Certificate: 'ReCertify',
}

export const rotatedBy = ({ objectType }: Pick<ManagedObject, 'objectType'>): Operation | undefined =>
  ROTATED_BY[objectType]

/** Seconds: no shorter Rotate Interval is kept to, or a client could have the server make keys without end. */
export const SHORTEST_INTERVAL = 60

const isLatest = ({ attributes }: ManagedObject): boolean => valueOf(attributes, 'RotateLatest') !== false

/**
 * When the object is to be rotated: "when the difference between the Initial Date of the Managed Object and the current
 * server time reaches or exceeds" the Rotate Interval (2.1 section 4.51). Undefined where it is not: one that has been
 * replaced is not rotated again, and one that is archived or destroyed cannot be.
 */
export const rotationDue = (object: ManagedObject): number | undefined => {
  const { attributes, key } = object
  if (valueOf(attributes, 'RotateAutomatic') !== true || rotatedBy(object) === undefined) return undefined
  if (key === undefined || isArchived(object) || !isLatest(object)) return undefined
  const interval = valueOf(attributes, 'RotateInterval')
  const since = valueOf(attributes, 'InitialDate')
  return interval === undefined || since === undefined ? undefined : since + Math.max(interval, SHORTEST_INTERVAL)
}
