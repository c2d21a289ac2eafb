import { announcedDefaults } from '../domain/defaults.ts'
import { type MaybePromise, then } from '../domain/maybe-promise.ts'
import type { OperationContext, ServerFacts } from '../domain/operation-context.ts'
import { profilesIn } from '../domain/profiles.ts'
import { type RngParameters, UNSPECIFIED } from '../domain/random-generator.ts'
import { OFFERED_STORAGE } from '../domain/storage-masks.ts'
import {
  CLIENT_REGISTRATION_METHOD,
  type CredentialType,
  OBJECT_TYPE,
  OPERATION,
  QUERY_FUNCTION,
  type QueryFunction,
} from '../protocol/enumerations.ts'
import { KmipError } from '../protocol/kmip-error.ts'
import { rngParameters } from '../protocol/structures/attribute-values.ts'
import { protectionStorageMasks } from '../protocol/structures/protection-storage-masks.ts'
import { defaultsInformation } from '../protocol/structures/defaults-information.ts'
import { objectGroups } from '../protocol/structures/object-scope.ts'
import {
  capabilityInformation,
  credentialInformation,
  profileInformation,
  serverInformation,
} from '../protocol/structures/query-information.ts'
import { TAG } from '../protocol/tags.ts'
import { enumOf, text } from '../schema/primitives.ts'
import { type Infer, optional, repeated } from '../schema/struct.ts'
import { defineOperation } from './define-operation.ts'

/** In this order on the wire; what a version does not know, fields as well as values, is left out when it is written. */
const response = {
  operations: repeated(TAG.Operation, enumOf(OPERATION)),
  objectTypes: repeated(TAG.ObjectType, enumOf(OBJECT_TYPE)),
  vendorIdentification: optional(TAG.VendorIdentification, text),
  serverInformation: optional(TAG.ServerInformation, serverInformation),
  rngParameters: repeated(TAG.RNGParameters, rngParameters, { since: '1.3' }),
  profileInformation: repeated(TAG.ProfileInformation, profileInformation, { since: '1.3' }),
  capabilityInformation: optional(TAG.CapabilityInformation, capabilityInformation, { since: '1.3' }),
  clientRegistrationMethods: repeated(TAG.ClientRegistrationMethod, enumOf(CLIENT_REGISTRATION_METHOD), {
    since: '1.3',
  }),
  credentialInformation: optional(TAG.CredentialInformation, credentialInformation, { since: '3.0' }),
  defaultsInformation: optional(TAG.DefaultsInformation, defaultsInformation, { since: '2.0' }),
  protectionStorageMasks: optional(TAG.ProtectionStorageMasks, protectionStorageMasks, { since: '2.0' }),
}

type Answer = Infer<typeof response>

type Answers = (context: Pick<OperationContext, 'server' | 'keys' | 'version'>) => Partial<Answer>

/** Answers that come later are fetched with Poll: where it is, they are. */
const capabilities = ({ operations }: ServerFacts) => ({
  streamingCapability: true,
  asynchronousCapability: operations.some(({ name }) => name === 'Poll'),
  attestationCapability: false,
  batchUndoCapability: true,
  batchContinueCapability: true,
  // What was registered wrapped is kept as it came, also where it is unwrapped for a use.
  unwrapMode: 'NotProcessed' as const,
  destroyAction: 'KeyMaterialDeleted' as const,
  shreddingAlgorithm: 'Unsupported' as const,
  // What one client seeds is in the bytes of all.
  rngMode: 'SharedInstantiation' as const,
})

/** The one of key material, and the library's, which makes nonces and domain parameters. */
const generators = ({ generator }: OperationContext['keys']): readonly RngParameters[] =>
  generator.rngAlgorithm === UNSPECIFIED.rngAlgorithm ? [generator] : [generator, UNSPECIFIED]

/** What a client may show to be known by. */
const CREDENTIALS: readonly CredentialType[] = ['UsernameAndPassword', 'OneTimePassword', 'HashedPassword', 'Ticket']

const nothing: Answers = () => ({})

/** What is answered to each function. */
const FUNCTIONS: Readonly<Record<QueryFunction, Answers>> = {
  QueryOperations: ({ server: { operations } }) => ({ operations: operations.map(({ name }) => name) }),
  QueryObjects: ({ server: { objectTypes } }) => ({ objectTypes }),
  QueryServerInformation: ({ server: { vendorIdentification, productName, serverVersion } }) => ({
    vendorIdentification,
    serverInformation: { productName, serverVersion, alternateFailoverEndpoints: [] },
  }),
  // No Application Data is made up here.
  QueryApplicationNamespaces: nothing,
  // No tags of its own.
  QueryExtensionList: nothing,
  QueryExtensionMap: nothing,
  QueryAttestationTypes: nothing,
  QueryRNGs: ({ keys }) => ({ rngParameters: generators(keys) }),
  QueryValidations: nothing,
  QueryProfiles: ({ version, server }) => ({ profileInformation: profilesIn(version, server) }),
  QueryCapabilities: ({ server }) => ({ capabilityInformation: capabilities(server) }),
  // Clients make their own keys; the administrator registers their certificates.
  QueryClientRegistrationMethods: () => ({ clientRegistrationMethods: ['ClientRegistered'] }),
  // Answered from what an administrator has set.
  QueryDefaultsInformation: nothing,
  QueryCredentialInformation: () => ({ credentialInformation: { types: CREDENTIALS } }),
  QueryStorageProtectionMasks: () => ({ protectionStorageMasks: { masks: [OFFERED_STORAGE] } }),
}

const NOTHING: Answer = {
  operations: [],
  objectTypes: [],
  rngParameters: [],
  profileInformation: [],
  clientRegistrationMethods: [],
}

const defaultsAsked = (
  context: OperationContext,
  functions: readonly QueryFunction[],
  groups: readonly string[],
): MaybePromise<Pick<Answer, 'defaultsInformation'>> =>
  functions.includes('QueryDefaultsInformation')
    ? then(announcedDefaults(context, groups), (information) => ({ defaultsInformation: information }))
    : {}

/**
 * Query: what this server is and can do, in the words of the client's version (1.4 section 4.25, 2.1 section 6.1.40).
 * Functions of later versions are answered with nothing. The answers are the same for all Object Groups.
 */
export const query = defineOperation({
  name: 'Query',
  spec: { '1.4': '4.25', '2.1': '6.1.40' },
  request: {
    functions: repeated(TAG.QueryFunction, enumOf(QUERY_FUNCTION)),
    objectGroups: optional(TAG.ObjectGroups, objectGroups, { since: '2.1' }),
  },
  response,
  handle: (context, { functions, objectGroups: groups }) => {
    if (functions.length === 0) throw new KmipError('InvalidMessage', 'The Query Function is missing')
    const known = functions.reduce<Answer>((answer, name) => ({ ...answer, ...FUNCTIONS[name](context) }), NOTHING)
    return then(defaultsAsked(context, functions, groups?.groups ?? []), (asked) => ({ ...known, ...asked }))
  },
})
