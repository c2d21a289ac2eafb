import { mask, type EnumName } from '../../schema/enumeration.ts'

/** Storage Status Mask (1.4 section 9.1.3.3.2, 2.1 section 12.3). */
export const STORAGE_STATUS_MASK = mask('Storage Status Mask', {
  OnLineStorage: [0x01, '1.0'],
  ArchivalStorage: [0x02, '1.0'],
  DestroyedStorage: [0x04, '2.0'],
})

export type StorageStatusMask = EnumName<typeof STORAGE_STATUS_MASK>
