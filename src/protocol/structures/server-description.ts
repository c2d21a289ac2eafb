import { boolean, enumerationCode, enumOf, integer, text } from '../../schema/primitives.ts'
import { inForms, optional, repeated, required, struct } from '../../schema/struct.ts'
import {
  DESTROY_ACTION,
  PROFILE_NAME,
  RNG_MODE,
  SHREDDING_ALGORITHM,
  UNWRAP_MODE,
  VALIDATION_AUTHORITY_TYPE,
  VALIDATION_TYPE,
} from '../enumerations.ts'
import { TAG } from '../tags.ts'

/** Server Information (1.4 section 4.25, where its content is the vendor's; 2.1 section 7.37). */
export const serverInformation = struct('Server Information', {
  serverName: optional(TAG.ServerName, text, { since: '2.0' }),
  serverSerialNumber: optional(TAG.ServerSerialNumber, text, { since: '2.0' }),
  serverVersion: optional(TAG.ServerVersion, text, { since: '2.0' }),
  serverLoad: optional(TAG.ServerLoad, text, { since: '2.0' }),
  productName: optional(TAG.ProductName, text, { since: '2.0' }),
  buildLevel: optional(TAG.BuildLevel, text, { since: '2.0' }),
  buildDate: optional(TAG.BuildDate, text, { since: '2.0' }),
  clusterInfo: optional(TAG.ClusterInfo, text, { since: '2.0' }),
  alternateFailoverEndpoints: repeated(TAG.AlternateFailoverEndpoints, text, { since: '2.0' }),
})

/** Extension Information (1.1 and later: 1.4 section 2.1.9, 2.1 section 7.13). */
export const extensionInformation = struct('Extension Information', {
  extensionName: required(TAG.ExtensionName, text),
  extensionTag: optional(TAG.ExtensionTag, integer),
  extensionType: inForms<number, 'optional'>(
    'optional',
    { tag: TAG.ExtensionType, kind: integer, until: '1.4' },
    { tag: TAG.ExtensionType, kind: enumerationCode, since: '2.0' },
  ),
  extensionEnumeration: optional(TAG.ExtensionEnumeration, integer, { since: '2.0' }),
  extensionAttribute: optional(TAG.ExtensionAttribute, boolean, { since: '2.0' }),
  extensionParentStructureTag: optional(TAG.ExtensionParentStructureTag, integer, { since: '2.0' }),
  extensionDescription: optional(TAG.ExtensionDescription, text, { since: '2.0' }),
})

/** Capability Information (1.3 and later: 1.4 section 2.1.21, 2.1 section 7.5). */
export const capabilityInformation = struct('Capability Information', {
  streamingCapability: optional(TAG.StreamingCapability, boolean),
  asynchronousCapability: optional(TAG.AsynchronousCapability, boolean),
  attestationCapability: optional(TAG.AttestationCapability, boolean),
  batchUndoCapability: optional(TAG.BatchUndoCapability, boolean, { since: '1.4' }),
  batchContinueCapability: optional(TAG.BatchContinueCapability, boolean, { since: '1.4' }),
  unwrapMode: optional(TAG.UnwrapMode, enumOf(UNWRAP_MODE)),
  destroyAction: optional(TAG.DestroyAction, enumOf(DESTROY_ACTION)),
  shreddingAlgorithm: optional(TAG.ShreddingAlgorithm, enumOf(SHREDDING_ALGORITHM)),
  rngMode: optional(TAG.RNGMode, enumOf(RNG_MODE)),
  quantumSafeCapability: optional(TAG.QuantumSafeCapability, boolean, { since: '2.0' }),
})

/** Profile Version (2.1 section 7.32). */
export const profileVersion = struct('Profile Version', {
  profileVersionMajor: required(TAG.ProfileVersionMajor, integer),
  profileVersionMinor: required(TAG.ProfileVersionMinor, integer),
})

/** Profile Information (1.3 and later: 1.4 section 2.1.19, 2.1 section 7.31). */
export const profileInformation = struct('Profile Information', {
  profileName: required(TAG.ProfileName, enumOf(PROFILE_NAME)),
  profileVersion: optional(TAG.ProfileVersion, profileVersion, { since: '2.0' }),
  serverURI: optional(TAG.ServerURI, text),
  serverPort: optional(TAG.ServerPort, integer),
})

/** Validation Information (1.3 and later: 1.4 section 2.1.20, 2.1 section 7.41). */
export const validationInformation = struct('Validation Information', {
  validationAuthorityType: required(TAG.ValidationAuthorityType, enumOf(VALIDATION_AUTHORITY_TYPE)),
  validationAuthorityCountry: optional(TAG.ValidationAuthorityCountry, text),
  validationAuthorityURI: optional(TAG.ValidationAuthorityURI, text),
  validationVersionMajor: required(TAG.ValidationVersionMajor, integer),
  validationVersionMinor: optional(TAG.ValidationVersionMinor, integer),
  validationType: required(TAG.ValidationType, enumOf(VALIDATION_TYPE)),
  validationLevel: required(TAG.ValidationLevel, integer),
  validationCertificateIdentifier: optional(TAG.ValidationCertificateIdentifier, text),
  validationCertificateURI: optional(TAG.ValidationCertificateURI, text),
  validationVendorURI: optional(TAG.ValidationVendorURI, text),
  validationProfile: repeated(TAG.ValidationProfile, text),
})
