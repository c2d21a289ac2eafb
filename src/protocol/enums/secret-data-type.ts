import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Secret Data Type (1.4 section 9.1.3.2.9, 2.1 section 11.52). */
export const SECRET_DATA_TYPE = enumeration('Secret Data Type', {
  Password: [0x01, '1.0'],
  Seed: [0x02, '1.0'],
})

export type SecretDataType = EnumName<typeof SECRET_DATA_TYPE>
