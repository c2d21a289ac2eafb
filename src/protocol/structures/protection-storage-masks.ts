import { integer } from '../../schema/primitives.ts'
import { type Field, type Infer, optional, repeated, struct } from '../../schema/struct.ts'
import { TAG } from '../tags.ts'

/** Protection Storage Masks (2.1 section 7.33): each mask is an alternative that the client accepts. */
export const protectionStorageMasks = struct('Protection Storage Masks', {
  masks: repeated(TAG.ProtectionStorageMask, integer),
})

export type ProtectionStorageMasks = Infer<typeof protectionStorageMasks.fields>

const TAGS = {
  plain: TAG.ProtectionStorageMasks,
  common: TAG.CommonProtectionStorageMasks,
  private: TAG.PrivateProtectionStorageMasks,
  public: TAG.PublicProtectionStorageMasks,
} as const

/** Where the client accepts that a new object is kept, or one half of a pair (2.0 and later). */
export const storageMasks = (role: keyof typeof TAGS = 'plain'): Field<ProtectionStorageMasks, 'optional'> =>
  optional(TAGS[role], protectionStorageMasks, { since: '2.0' })
