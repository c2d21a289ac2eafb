import type { ExtendedTypes } from '../ttlv/scan.ts'

/**
 * The published protocol versions, oldest first. Every range in a table or a field refers to this order, so a new
 * version is one more row here and `since` marks elsewhere (KMIP 2.1 section 9.16, 1.4 section 6.1).
 */
export const VERSIONS = ['1.0', '1.1', '1.2', '1.3', '1.4', '2.0', '2.1'] as const

/** The committee draft that is spoken where the configuration says so (docs/kmip-3.0.md). */
export const DRAFT_VERSION = '3.0'

/** The published versions, and the draft. */
export const ALL_VERSIONS = [...VERSIONS, DRAFT_VERSION] as const

export type Version = (typeof ALL_VERSIONS)[number]

/**
 * What a schema is compiled for: a wire version, or `storage`, which writes the newest form of everything and ignores
 * the upper bounds, so that what an old client stored is kept whole.
 */
export type Target = Version | 'storage'

export const LATEST_VERSION: Version = '2.1'

const RANK: ReadonlyMap<string, number> = new Map(ALL_VERSIONS.map((version, index) => [version, index]))

/** Position of a version in {@link ALL_VERSIONS}; `storage` ranks after all of them. */
export const rankOf = (target: Target): number => RANK.get(target) ?? ALL_VERSIONS.length

export type VersionRange = { readonly since?: Version | undefined; readonly until?: Version | undefined }

/** Whether `target` lies within the range, both ends included. */
export const inRange = (target: Target, { since, until }: VersionRange): boolean => {
  const rank = rankOf(target)
  if (since !== undefined && rank < rankOf(since)) return false
  return target === 'storage' || until === undefined || rank <= rankOf(until)
}

/**
 * Whether what is defined in `range` is read in `target`. Real clients mix published versions, so all of them are; but
 * code points of a draft may still move, and mean something only to those who speak it.
 */
export const isLegible = (target: Target, { since }: VersionRange): boolean =>
  since !== DRAFT_VERSION || rankOf(target) >= rankOf(DRAFT_VERSION)

/** Item types that a version has besides those of 1.0 (2.1 section 10.1.2; 3.0 adds Identifier and its kin). */
export const extendedTypesIn = (version: Version): ExtendedTypes =>
  inRange(version, { since: DRAFT_VERSION }) ? 'draft' : inRange(version, { since: '2.0' })

const isVersion = (text: string): text is Version => RANK.has(text)

/** The version that a Protocol Version structure names, or undefined where there is none of that name. */
export const versionOf = (major: number, minor: number): Version | undefined => {
  const text = `${major}.${minor}`
  return isVersion(text) ? text : undefined
}

type VersionNumbers = { readonly major: number; readonly minor: number }

const NUMBERS: ReadonlyMap<Version, VersionNumbers> = new Map(
  ALL_VERSIONS.map((version) => {
    const [major = '', minor = ''] = version.split('.')
    return [version, Object.freeze({ major: Number(major), minor: Number(minor) })]
  }),
)

/** Major and minor number of a version. */
export const versionNumbers = (version: Version): VersionNumbers => NUMBERS.get(version) ?? { major: 0, minor: 0 }
