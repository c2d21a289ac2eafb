import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Key Value Location Type (1.4 section 9.1.3.2.35, 2.1 section 11.27). */
export const KEY_VALUE_LOCATION_TYPE = enumeration('Key Value Location Type', {
  UninterpretedTextString: [0x01, '1.2'],
  URI: [0x02, '1.2'],
})

export type KeyValueLocationType = EnumName<typeof KEY_VALUE_LOCATION_TYPE>
