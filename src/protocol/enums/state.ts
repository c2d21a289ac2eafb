import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** State (1.4 section 9.1.3.2.18, 2.1 section 11.55). */
export const STATE = enumeration('State', {
  PreActive: [0x01, '1.0'],
  Active: [0x02, '1.0'],
  Deactivated: [0x03, '1.0'],
  Compromised: [0x04, '1.0'],
  Destroyed: [0x05, '1.0'],
  DestroyedCompromised: [0x06, '1.0'],
})

export type State = EnumName<typeof STATE>
