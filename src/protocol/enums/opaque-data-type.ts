import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Opaque Data Type (1.4 section 9.1.3.2.10, 2.1 section 11.35): the standard defines extensions only. */
export const OPAQUE_DATA_TYPE = enumeration('Opaque Data Type', {})

export type OpaqueDataType = EnumName<typeof OPAQUE_DATA_TYPE>
