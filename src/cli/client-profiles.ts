import { COMPATIBILITY_PROFILES, isProfileName, type ProfileName } from '../domain/compatibility.ts'
import { UsageError } from './usage-error.ts'

/** Takes every profile away. */
const NONE = 'none'

export const PROFILE_CHOICE = [...Object.keys(COMPATIBILITY_PROFILES), NONE].join(', ')

/** The profiles of a command line. @throws UsageError for one that is none */
export const readProfiles = (names: readonly string[]): readonly ProfileName[] => {
  const wanted = [...new Set(names.filter((name) => name !== NONE))]
  const profiles = wanted.filter(isProfileName)
  if (profiles.length < wanted.length || (names.includes(NONE) && wanted.length > 0))
    throw new UsageError(`--profile is one of ${PROFILE_CHOICE}`)
  return profiles
}

/** Commander gathers an option that is given several times. */
export const gather = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]
