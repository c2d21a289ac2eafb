import { enumeration, type EnumName } from '../../schema/enumeration.ts'

/** Ticket Type (2.1 section 11.57). */
export const TICKET_TYPE = enumeration('Ticket Type', {
  Login: [0x01, '2.0'],
})

export type TicketType = EnumName<typeof TICKET_TYPE>
