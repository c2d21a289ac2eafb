import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Key Role Type (1.4 section 9.1.3.2.17, 2.1 section 11.26). */
export const KEY_ROLE_TYPE = enumeration('Key Role Type', {
  BDK: [0x01, '1.0'],
  CVK: [0x02, '1.0'],
  DEK: [0x03, '1.0'],
  MKAC: [0x04, '1.0'],
  MKSMC: [0x05, '1.0'],
  MKSMI: [0x06, '1.0'],
  MKDAC: [0x07, '1.0'],
  MKDN: [0x08, '1.0'],
  MKCP: [0x09, '1.0'],
  MKOTH: [0x0a, '1.0'],
  KEK: [0x0b, '1.0'],
  MAC16609: [0x0c, '1.0'],
  MAC97971: [0x0d, '1.0'],
  MAC97972: [0x0e, '1.0'],
  MAC97973: [0x0f, '1.0'],
  MAC97974: [0x10, '1.0'],
  MAC97975: [0x11, '1.0'],
  ZPK: [0x12, '1.0'],
  PVKIBM: [0x13, '1.0'],
  PVKPVV: [0x14, '1.0'],
  PVKOTH: [0x15, '1.0'],
  DUKPT: [0x16, '1.4'],
  IV: [0x17, '1.4'],
  TRKBK: [0x18, '1.4'],
})

export type KeyRoleType = EnumName<typeof KEY_ROLE_TYPE>
