import { bytes, dateTimeExtended, extensibleEnumOf, text } from '../../schema/primitives.ts'
import { type Infer, optional, repeated, required, struct } from '../../schema/struct.ts'
import { ATTESTATION_TYPE, CREDENTIAL_TYPE, HASHING_ALGORITHM, TICKET_TYPE } from '../enumerations.ts'
import { TAG } from '../tags.ts'

/** Nonce (1.4 section 2.1.14, 2.1 section 9.14). */
export const nonce = struct('Nonce', {
  nonceID: required(TAG.NonceID, bytes),
  nonceValue: required(TAG.NonceValue, bytes),
})

/** Ticket (2.1 section 7.39). */
export const ticket = struct('Ticket', {
  ticketType: required(TAG.TicketType, extensibleEnumOf(TICKET_TYPE)),
  ticketValue: required(TAG.TicketValue, bytes),
})

/**
 * Credential Value of every Credential Type in one structure (1.4 section 2.1.2, 2.1 section 9.11): the fields of each
 * type stand here in its order.
 */
export const credentialValue = struct('Credential Value', {
  nonce: optional(TAG.Nonce, nonce, { since: '1.2' }),
  attestationType: optional(TAG.AttestationType, extensibleEnumOf(ATTESTATION_TYPE), { since: '1.2' }),
  attestationMeasurement: optional(TAG.AttestationMeasurement, bytes, { since: '1.2' }),
  attestationAssertion: optional(TAG.AttestationAssertion, bytes, { since: '1.2' }),
  username: optional(TAG.Username, text),
  deviceSerialNumber: optional(TAG.DeviceSerialNumber, text, { since: '1.1' }),
  password: optional(TAG.Password, text),
  oneTimePassword: optional(TAG.OneTimePassword, text, { since: '2.0' }),
  deviceIdentifier: optional(TAG.DeviceIdentifier, text, { since: '1.1' }),
  networkIdentifier: optional(TAG.NetworkIdentifier, text, { since: '1.1' }),
  machineIdentifier: optional(TAG.MachineIdentifier, text, { since: '1.1' }),
  mediaIdentifier: optional(TAG.MediaIdentifier, text, { since: '1.1' }),
  timestamp: optional(TAG.TimeStamp, dateTimeExtended, { since: '2.0' }),
  hashingAlgorithm: optional(TAG.HashingAlgorithm, extensibleEnumOf(HASHING_ALGORITHM), { since: '2.0' }),
  hashedPassword: optional(TAG.HashedPassword, bytes, { since: '2.0' }),
  ticket: optional(TAG.Ticket, ticket, { since: '2.0' }),
})

/** Credential (1.4 section 2.1.2, 2.1 section 9.11). */
export const credential = struct('Credential', {
  credentialType: required(TAG.CredentialType, extensibleEnumOf(CREDENTIAL_TYPE)),
  credentialValue: required(TAG.CredentialValue, credentialValue),
})

/** Authentication: the credentials of a request header (1.4 section 6.6, 2.1 section 9.4). */
export const authentication = struct('Authentication', { credentials: repeated(TAG.Credential, credential) })

export type Credential = Infer<typeof credential.fields>
