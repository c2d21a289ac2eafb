import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Destroy Action (1.4 section 9.1.3.2.44, 2.1 section 11.15). */
export const DESTROY_ACTION = enumeration('Destroy Action', {
  Unspecified: [0x01, '1.3'],
  KeyMaterialDeleted: [0x02, '1.3'],
  KeyMaterialShredded: [0x03, '1.3'],
  MetaDataDeleted: [0x04, '1.3'],
  MetaDataShredded: [0x05, '1.3'],
  Deleted: [0x06, '1.3'],
  Shredded: [0x07, '1.3'],
})

export type DestroyAction = EnumName<typeof DESTROY_ACTION>
