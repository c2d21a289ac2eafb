import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Object Group Member (1.4 section 9.1.3.2.33, 2.1 section 11.33). */
export const OBJECT_GROUP_MEMBER = enumeration('Object Group Member', {
  GroupMemberFresh: [0x01, '1.1'],
  GroupMemberDefault: [0x02, '1.1'],
})

export type ObjectGroupMember = EnumName<typeof OBJECT_GROUP_MEMBER>
