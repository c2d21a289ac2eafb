import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Ephemeral (3.0 section 8.1.3). */
export const EPHEMERAL = enumeration('Ephemeral', {
  Data: [0x01, '3.0'],
  Empty: [0x02, '3.0'],
  UniqueIdentifier: [0x03, '3.0'],
})

export type Ephemeral = EnumName<typeof EPHEMERAL>
