import { PROTECTION_STORAGE_MASK, type ResultReason } from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import type { ProtectionStorageMasks } from '../protocol/structures/protection-storage-masks.ts'

type Reason = Extract<
  ResultReason,
  'ProtectionStorageUnavailable' | 'PrivateProtectionStorageUnavailable' | 'PublicProtectionStorageUnavailable'
>

/** What the server knows of where it keeps keys. */
export const OFFERED_STORAGE = PROTECTION_STORAGE_MASK.of('Software')

/**
 * Each mask is an alternative, and one of them must be met with all of its bits (2.1 section 7.33). A client that
 * names none leaves it to the server.
 * @throws KmipError
 */
export const checkStorage = (
  accepted: ProtectionStorageMasks | undefined,
  reason: Reason = 'ProtectionStorageUnavailable',
): void => {
  if (accepted === undefined || accepted.masks.length === 0) return
  if (accepted.masks.some((mask) => (mask & ~OFFERED_STORAGE) === 0)) return
  throw new KmipError(reason, 'The server cannot keep the object where the client wants it')
}
