import type { Migration } from './migration.ts'

/** What the program of a client needs: names of compatibility profiles, with commas between them. */
export const clientProfiles: Migration = {
  version: 6,
  up: (dialect) => [dialect.db.schema.alterTable('clients').addColumn('profiles', dialect.columns.text)],
}
