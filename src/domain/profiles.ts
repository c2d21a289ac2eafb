import { PROFILE_NAME, type ProfileName } from '../protocol/enums/profile-name.ts'
import type { ServerFacts } from './operation-context.ts'
import { type Version, versionNumbers } from '../schema/version.ts'

/*
 * Profiles that this server keeps to (1.4 section 2.1.19, 2.1 section 7.31): those of whose official cases every
 * mandatory one at hand passes. A test holds this table against the list of those that do not.
 */

export type KeptProfile = {
  readonly name: ProfileName
  /** The version of KMIP that the profile is written for. */
  readonly version: Version
  /** What the names of its official cases begin with. */
  readonly cases: string
  /** It is about messages in text, which a server speaks over HTTPS only. */
  readonly needsText: boolean
}

type Family = readonly [name: string, cases: string, versions: readonly Version[], text?: 'in text']

const SERVER_FAMILIES: readonly Family[] = [
  ['BaselineServer', 'BL', ['2.1']],
  ['TapeLibraryServer', 'TL', ['1.0', '1.3', '1.4', '2.0', '2.1']],
  ['SymmetricKeyLifecycleServer', 'SKLC', ['1.0', '1.1', '1.3', '1.4', '2.1']],
  ['AsymmetricKeyLifecycleServer', 'AKLC', ['1.0', '1.1', '1.3', '1.4', '2.0', '2.1']],
  ['BasicCryptographicServer', 'CS-BC', ['1.4', '2.0', '2.1']],
  ['AdvancedCryptographicServer', 'CS-AC', ['1.3', '1.4', '2.0', '2.1']],
  ['RNGCryptographicServer', 'CS-RNG', ['1.3', '1.4', '2.0', '2.1']],
  ['SymmetricKeyFoundryServer', 'SKFF', ['1.0', '1.1', '1.3', '1.4', '2.0', '2.1']],
  ['StorageArrayWithSelfEncryptingDriveServer', 'SASED', ['1.0', '1.3', '1.4', '2.0', '2.1']],
  ['AESXTSServer', 'AX', ['2.0', '2.1']],
  ['QuantumSafeServer', 'QS', ['2.0', '2.1']],
  ['PKCS_11Server', 'PKCS11', ['2.0', '2.1']],
  ['XMLServer', 'MSGENC-XML', ['1.3', '1.4', '2.1'], 'in text'],
]

/** Names of 1.x hold the version; those of 2.x have it in a field of its own. */
const inItsName = (version: Version): boolean => versionNumbers(version).major === 1

const nameIn = (family: string, version: Version): string =>
  inItsName(version) ? `${family}KMIPV1_${versionNumbers(version).minor}` : family

export const KEPT_PROFILES: readonly KeptProfile[] = SERVER_FAMILIES.flatMap(([family, cases, versions, text]) =>
  versions.flatMap((version) => {
    const name = nameIn(family, version)
    return PROFILE_NAME.has(name) ? [{ name, version, cases, needsText: text !== undefined }] : []
  }),
)

/** The profiles that `version` has names for, as Profile Information. */
export const profilesIn = (version: Version, { speaksText }: Pick<ServerFacts, 'speaksText'>) =>
  KEPT_PROFILES.filter(({ name, needsText }) => PROFILE_NAME.knownIn(name, version) && (speaksText || !needsText)).map(
    (profile) => ({
      profileName: profile.name,
      profileVersion: inItsName(profile.version) ? undefined : versionNumbers(profile.version),
    }),
  )
