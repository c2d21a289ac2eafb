import { mask, type EnumName } from '../../schema/enumeration.ts'

/** Protection Storage Mask (2.1 section 12.2). */
export const PROTECTION_STORAGE_MASK = mask('Protection Storage Mask', {
  Software: [0x01, '2.0'],
  Hardware: [0x02, '2.0'],
  OnProcessor: [0x04, '2.0'],
  OnSystem: [0x08, '2.0'],
  OffSystem: [0x10, '2.0'],
  Hypervisor: [0x20, '2.0'],
  OperatingSystem: [0x40, '2.0'],
  Container: [0x80, '2.0'],
  OnPremises: [0x0100, '2.0'],
  OffPremises: [0x0200, '2.0'],
  SelfManaged: [0x0400, '2.0'],
  Outsourced: [0x0800, '2.0'],
  Validated: [0x1000, '2.0'],
  SameJurisdiction: [0x2000, '2.0'],
})

export type ProtectionStorageMask = EnumName<typeof PROTECTION_STORAGE_MASK>
