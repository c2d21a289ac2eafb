import { initial } from './001-initial.ts'
import { records } from './002-records.ts'
import { archive } from './003-archive.ts'
import { users } from './004-users.ts'
import { objectKeys } from './005-object-keys.ts'
import { clientProfiles } from './006-client-profiles.ts'
import type { Migration } from './migration.ts'

/** Every step of the schema, oldest first. In code, not in a folder: nothing runs because a file lies somewhere. */
export const MIGRATIONS: readonly Migration[] = [initial, records, archive, users, objectKeys, clientProfiles]
