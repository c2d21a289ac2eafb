import { boolean, enumOf, extensibleEnumOf, integer, text } from '../../schema/primitives.ts'
import { optional, repeated, required, struct } from '../../schema/struct.ts'
import { CREDENTIAL_TYPE, DESTROY_ACTION, RNG_MODE, SHREDDING_ALGORITHM, UNWRAP_MODE } from '../enumerations.ts'
import { PROFILE_NAME } from '../enums/profile-name.ts'
import { TAG } from '../tags.ts'

/*
 * What a server says of itself when it is queried.
 */

/**
 * Server Information (2.1 section 7.37). In 1.x its content is the vendor's affair (1.4 section 4.25) and stays empty:
 * strict clients fail on any field in it.
 */
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

/** Profile Version (2.1 section 7.32). */
const profileVersion = struct('Profile Version', {
  major: required(TAG.ProfileVersionMajor, integer),
  minor: required(TAG.ProfileVersionMinor, integer),
})

/** Profile Information (1.4 section 2.1.19, 2.1 section 7.31). */
export const profileInformation = struct('Profile Information', {
  profileName: required(TAG.ProfileName, enumOf(PROFILE_NAME)),
  profileVersion: optional(TAG.ProfileVersion, profileVersion, { since: '2.0' }),
  serverUri: optional(TAG.ServerURI, text),
  serverPort: optional(TAG.ServerPort, integer),
})

/** Capability Information (1.4 section 2.1.21, 2.1 section 7.5). */
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

/** Credential Information (3.0 section 7.9): what a client may show to be known by. */
export const credentialInformation = struct('Credential Information', {
  types: repeated(TAG.CredentialType, extensibleEnumOf(CREDENTIAL_TYPE)),
})
