/**
 * The protocol versions this server speaks, oldest first. Every range in a table or a field refers to this order, so a
 * new version is one more row here and `since` marks elsewhere (KMIP 2.1 section 9.16, 1.4 section 6.1).
 */
export const VERSIONS = ['1.0', '1.1', '1.2', '1.3', '1.4', '2.0', '2.1'] as const

export type Version = (typeof VERSIONS)[number]

/**
 * What a schema is compiled for: a wire version, or `storage`, which writes the newest form of everything and ignores
 * the upper bounds, so that what an old client stored is kept whole.
 */
export type Target = Version | 'storage'

export const LATEST_VERSION: Version = '2.1'

const RANK: ReadonlyMap<string, number> = new Map(VERSIONS.map((version, index) => [version, index]))

/** Position of a version in {@link VERSIONS}; `storage` ranks after all of them. */
export const rankOf = (target: Target): number => RANK.get(target) ?? VERSIONS.length

export type VersionRange = { readonly since?: Version | undefined; readonly until?: Version | undefined }

/** Whether `target` lies within the range, both ends included. */
export const inRange = (target: Target, { since, until }: VersionRange): boolean => {
  const rank = rankOf(target)
  if (since !== undefined && rank < rankOf(since)) return false
  return target === 'storage' || until === undefined || rank <= rankOf(until)
}

const isVersion = (text: string): text is Version => RANK.has(text)

/** The version that a Protocol Version structure names, or undefined where this server does not speak it. */
export const versionOf = (major: number, minor: number): Version | undefined => {
  const text = `${major}.${minor}`
  return isVersion(text) ? text : undefined
}

type VersionNumbers = { readonly major: number; readonly minor: number }

const NUMBERS: ReadonlyMap<Version, VersionNumbers> = new Map(
  VERSIONS.map((version) => {
    const [major = '', minor = ''] = version.split('.')
    return [version, Object.freeze({ major: Number(major), minor: Number(minor) })]
  }),
)

/** Major and minor number of a version. */
export const versionNumbers = (version: Version): VersionNumbers => NUMBERS.get(version) ?? { major: 0, minor: 0 }
