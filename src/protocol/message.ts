import { alternative, oneOf, rawItem, rawStructure, writtenAs } from '../schema/combinators.ts'
import type { Kind } from '../schema/kind.ts'
import {
  boolean,
  bytes,
  dateTime,
  enumerationCode,
  enumOf,
  extensibleEnumOf,
  integer,
  text,
} from '../schema/primitives.ts'
import { type Infer, optional, repeated, required, struct } from '../schema/struct.ts'
import {
  ASYNCHRONOUS_INDICATOR,
  ATTESTATION_TYPE,
  type AsynchronousIndicator,
  BATCH_ERROR_CONTINUATION_OPTION,
  EPHEMERAL,
  type Ephemeral,
  RESULT_REASON,
  RESULT_STATUS,
} from './enumerations.ts'
import { inRange, type Version, type VersionRange } from '../schema/version.ts'
import { authentication, nonce } from './structures/credential.ts'
import { mapped } from './structures/unique-identifier.ts'
import { TAG } from './tags.ts'

/*
 * The envelope: headers and batch items, with payloads left as they are until their item's turn comes, so that an
 * unknown operation or one bad item never spoils the batch (1.4 sections 6 and 7, 2.1 sections 8 and 9).
 */

/** Protocol Version (1.4 section 6.1, 2.1 section 9.16). */
export const protocolVersion = struct('Protocol Version', {
  major: required(TAG.ProtocolVersionMajor, integer),
  minor: required(TAG.ProtocolVersionMinor, integer),
})

const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean'
const isIndicator = (value: unknown): value is AsynchronousIndicator => typeof value === 'string'

/** Asynchronous Indicator: a Boolean in 1.x (section 6.7), an enumeration since 2.0 (2.1 section 9.2). */
const asynchronousIndicator = oneOf<boolean | AsynchronousIndicator>('Asynchronous Indicator', [
  alternative<boolean | AsynchronousIndicator, boolean>(boolean, isBoolean),
  alternative<boolean | AsynchronousIndicator, AsynchronousIndicator>(
    enumOf(ASYNCHRONOUS_INDICATOR),
    isIndicator,
    '2.0',
  ),
])

/** The items of a batch are not counted and have no identifiers any more (3.0 sections 8.1 and 8.2). */
const UNTIL_THE_DRAFT = { until: '2.1' } as const satisfies VersionRange

/** Whether items say how many they are, and which they are. */
export const countsItems = (version: Version): boolean => inRange(version, UNTIL_THE_DRAFT)

/** What is left out of the answer to an item: its Data (2.1 section 8.3); since 3.0, which of the three (section 8.1.3). */
const ephemeral: Kind<Ephemeral | false> = writtenAs<Ephemeral | false>(
  {
    ...mapped(
      boolean,
      (value): Ephemeral | false => (value ? 'Data' : false),
      (value) => value === 'Data',
    ),
    name: 'Ephemeral',
  },
  mapped(
    enumOf(EPHEMERAL),
    (value): Ephemeral | false => value,
    (value) => (value === false ? 'Data' : value),
  ),
  { since: '3.0' },
)

/** Request Header (1.4 section 7.2, 2.1 section 8.2). */
export const requestHeader = struct('Request Header', {
  protocolVersion: required(TAG.ProtocolVersion, protocolVersion),
  maximumResponseSize: optional(TAG.MaximumResponseSize, integer),
  clientCorrelationValue: optional(TAG.ClientCorrelationValue, text, { since: '1.4' }),
  serverCorrelationValue: optional(TAG.ServerCorrelationValue, text, { since: '1.4' }),
  asynchronousIndicator: optional(TAG.AsynchronousIndicator, asynchronousIndicator),
  attestationCapableIndicator: optional(TAG.AttestationCapableIndicator, boolean, { since: '1.2' }),
  attestationType: repeated(TAG.AttestationType, extensibleEnumOf(ATTESTATION_TYPE), { since: '1.2' }),
  authentication: optional(TAG.Authentication, authentication),
  batchErrorContinuationOption: optional(TAG.BatchErrorContinuationOption, enumOf(BATCH_ERROR_CONTINUATION_OPTION)),
  batchOrderOption: optional(TAG.BatchOrderOption, boolean, UNTIL_THE_DRAFT),
  timeStamp: optional(TAG.TimeStamp, dateTime),
  batchCount: required(TAG.BatchCount, integer, UNTIL_THE_DRAFT),
})

/** Message Extension (1.4 section 6.16, 2.1 section 9.13). */
export const messageExtension = struct('Message Extension', {
  vendorIdentification: required(TAG.VendorIdentification, text),
  criticalityIndicator: required(TAG.CriticalityIndicator, boolean),
  vendorExtension: required(TAG.VendorExtension, rawStructure),
})

/** Request Batch Item (1.4 section 7.2, 2.1 section 8.3). */
export const requestBatchItem = struct('Request Batch Item', {
  operation: required(TAG.Operation, enumerationCode),
  ephemeral: optional(TAG.Ephemeral, ephemeral, { since: '2.0' }),
  uniqueBatchItemID: optional(TAG.UniqueBatchItemID, bytes, UNTIL_THE_DRAFT),
  payload: required(TAG.RequestPayload, rawItem),
  messageExtension: repeated(TAG.MessageExtension, messageExtension),
})

/** Request Message (1.4 section 7.1, 2.1 section 8.1). */
export const requestMessage = struct('Request Message', {
  header: required(TAG.RequestHeader, requestHeader),
  items: repeated(TAG.BatchItem, requestBatchItem),
})

/** Response Header (1.4 section 7.2, 2.1 section 8.5). */
export const responseHeader = struct('Response Header', {
  protocolVersion: required(TAG.ProtocolVersion, protocolVersion),
  timeStamp: required(TAG.TimeStamp, dateTime),
  nonce: optional(TAG.Nonce, nonce, { since: '1.2' }),
  serverHashedPassword: optional(TAG.ServerHashedPassword, bytes, { since: '2.0' }),
  attestationType: repeated(TAG.AttestationType, extensibleEnumOf(ATTESTATION_TYPE), { since: '1.2' }),
  clientCorrelationValue: optional(TAG.ClientCorrelationValue, text, { since: '1.4' }),
  serverCorrelationValue: optional(TAG.ServerCorrelationValue, text, { since: '1.4' }),
  batchCount: required(TAG.BatchCount, integer, UNTIL_THE_DRAFT),
})

/** Response Batch Item (1.4 section 7.2, 2.1 section 8.6). */
export const responseBatchItem = struct('Response Batch Item', {
  operation: optional(TAG.Operation, enumerationCode),
  uniqueBatchItemID: optional(TAG.UniqueBatchItemID, bytes, UNTIL_THE_DRAFT),
  resultStatus: required(TAG.ResultStatus, enumOf(RESULT_STATUS)),
  resultReason: optional(TAG.ResultReason, enumOf(RESULT_REASON)),
  resultMessage: optional(TAG.ResultMessage, text),
  asynchronousCorrelationValue: optional(TAG.AsynchronousCorrelationValue, bytes),
  payload: optional(TAG.ResponsePayload, rawItem),
})

/** Response Message (1.4 section 7.1, 2.1 section 8.4). */
export const responseMessage = struct('Response Message', {
  header: required(TAG.ResponseHeader, responseHeader),
  items: repeated(TAG.BatchItem, responseBatchItem),
})

export type RequestHeader = Infer<typeof requestHeader.fields>
export type RequestBatchItem = Infer<typeof requestBatchItem.fields>
export type RequestMessage = Infer<typeof requestMessage.fields>
export type ResponseHeader = Infer<typeof responseHeader.fields>
