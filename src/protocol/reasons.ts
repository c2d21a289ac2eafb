import { inRange, type Version } from '../schema/version.ts'
import { RESULT_REASON, type ResultReason } from './enums/result-reason.ts'

/**
 * What an older version says instead of a reason that it does not have (1.4 section 11, 2.1 section 11.46). Handlers
 * always name the newest reason; the answer walks this table until the version of the request knows the result.
 */
const BEFORE: Readonly<Partial<Record<ResultReason, ResultReason>>> = {
  EncodingOptionError: 'InvalidField',
  KeyValueNotPresent: 'ItemNotFound',
  AttestationRequired: 'AuthenticationNotSuccessful',
  AttestationFailed: 'AuthenticationNotSuccessful',
  Sensitive: 'PermissionDenied',
  NotExtractable: 'PermissionDenied',
  ObjectAlreadyExists: 'InvalidField',
  InvalidTicket: 'AuthenticationNotSuccessful',
  UsageLimitExceeded: 'PermissionDenied',
  NumericRange: 'InvalidField',
  InvalidDataType: 'InvalidField',
  ReadOnlyAttribute: 'PermissionDenied',
  MultiValuedAttribute: 'InvalidField',
  UnsupportedAttribute: 'InvalidField',
  AttributeInstanceNotFound: 'ItemNotFound',
  AttributeNotFound: 'ItemNotFound',
  AttributeReadOnly: 'PermissionDenied',
  AttributeSingleValued: 'InvalidField',
  BadCryptographicParameters: 'InvalidField',
  BadPassword: 'InvalidField',
  CodecError: 'InvalidMessage',
  IllegalObjectType: 'InvalidField',
  IncompatibleCryptographicUsageMask: 'PermissionDenied',
  InternalServerError: 'GeneralFailure',
  InvalidAsynchronousCorrelationValue: 'ItemNotFound',
  InvalidAttribute: 'InvalidField',
  InvalidAttributeValue: 'InvalidField',
  InvalidCorrelationValue: 'InvalidField',
  InvalidCSR: 'InvalidField',
  InvalidObjectType: 'InvalidField',
  KeyWrapTypeNotSupported: 'FeatureNotSupported',
  MissingInitializationVector: 'InvalidField',
  NonUniqueNameAttribute: 'InvalidField',
  ObjectDestroyed: 'PermissionDenied',
  ObjectNotFound: 'ItemNotFound',
  NotAuthorised: 'PermissionDenied',
  ServerLimitExceeded: 'GeneralFailure',
  UnknownEnumeration: 'InvalidField',
  UnknownMessageExtension: 'FeatureNotSupported',
  UnknownTag: 'InvalidField',
  UnsupportedCryptographicParameters: 'InvalidField',
  UnsupportedProtocolVersion: 'InvalidMessage',
  WrappingObjectArchived: 'ObjectArchived',
  WrappingObjectDestroyed: 'PermissionDenied',
  WrappingObjectNotFound: 'ItemNotFound',
  WrongKeyLifecycleState: 'PermissionDenied',
  ProtectionStorageUnavailable: 'GeneralFailure',
  PKCS_11CodecError: 'InvalidField',
  PKCS_11InvalidFunction: 'FeatureNotSupported',
  PKCS_11InvalidInterface: 'FeatureNotSupported',
  PrivateProtectionStorageUnavailable: 'GeneralFailure',
  PublicProtectionStorageUnavailable: 'GeneralFailure',
  UnknownObjectGroup: 'InvalidField',
  ConstraintViolation: 'InvalidField',
  CircularLinkError: 'InvalidAttributeValue',
  DuplicateProcessRequest: 'InvalidField',
  IllegalOperation: 'PermissionDenied',
  IndexOutOfBounds: 'InvalidField',
}

/** The reason that says the same in `version`. */
export const reasonFor = (reason: ResultReason, version: Version): ResultReason => {
  let current = reason
  while (!RESULT_REASON.knownIn(current, version)) {
    const older = BEFORE[current]
    if (older === undefined) return 'GeneralFailure'
    current = older
  }
  return current
}

/** Whether a reason has an equivalent in every version that lacks it. */
export const hasEquivalents = (reason: ResultReason): boolean => {
  const [, since] = RESULT_REASON.rows[reason]
  return inRange('1.0', { since }) || BEFORE[reason] !== undefined
}
