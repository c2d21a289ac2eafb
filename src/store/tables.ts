import type { Generated } from 'kysely'
import type { Sealed } from '../domain/bytes.ts'
import type { SearchKey } from '../domain/object-store.ts'
import type { RecordKind } from '../domain/records.ts'

/*
 * The tables as kysely knows them. Integers reach this program as numbers on both engines; an absent value is null.
 * `row_key` counts up: the newest object has the highest.
 */

export type ObjectsTable = {
  row_key: Generated<number>
  tenant: string
  id: string
  version: number
  owner: string
  object_type: number
  activation_date: number | null
  deactivation_date: number | null
  compromise_date: number | null
  destroy_date: number | null
  archive_date: number | null
  seal_version: number
  mac: Buffer
  document: Buffer
  sealed: Sealed | null
  resident_token: string | null
  resident_key: Buffer | null
  initial_date: number | null
  last_change_date: number | null
  original_creation_date: number | null
  process_start_date: number | null
  protect_stop_date: number | null
  compromise_occurrence_date: number | null
  rotate_date: number | null
  rotation_due: number | null
  usage_mask: number | null
  storage_mask: number | null
  limit_total: bigint | null
  limit_count: bigint | null
}

/** Material of archived objects, out of the way of everything on line. */
export type ArchivedMaterialTable = {
  object: number
  sealed: Sealed | null
  resident_token: string | null
  resident_key: Buffer | null
}

export type ObjectKeysTable = { key: SearchKey; object: number }

export type NamesTable = { tenant: string; name: string; object: number }

export type SettingsTable = { name: string; value: Buffer }

export type ClientsTable = {
  client_key: Generated<number>
  id: string
  name: string
  tenant: string
  role: 'admin' | 'client'
  fingerprint: string | null
  issuer: string | null
  subject: string | null
  created_at: number
  revoked_at: number | null
  removed_at: number | null
  profiles: string | null
}

export type UsersTable = {
  user_key: Generated<number>
  id: string
  name: string
  tenant: string
  role: 'admin' | 'client'
  verifier: string
  device: string | null
  one_time: number
  secrets: Sealed | null
  version: number
  created_at: number
  revoked_at: number | null
}

/** Numbers that only count up. */
export type CountersTable = { name: string; value: number }

export type AuditTable = {
  audit_key: Generated<number>
  time: number
  principal: string
  operation: string
  object_id: string | null
  outcome: string
}

export type RecordsTable = {
  record_key: Generated<number>
  kind: RecordKind
  tenant: string
  id: string
  owner: string
  version: number
  created_at: number
  expires_at: number | null
  document: Buffer
  sealed: Sealed | null
}

export type SchemaVersionTable = { version: number }

export type Tables = {
  objects: ObjectsTable
  archived_material: ArchivedMaterialTable
  object_keys: ObjectKeysTable
  names: NamesTable
  settings: SettingsTable
  clients: ClientsTable
  users: UsersTable
  counters: CountersTable
  audit: AuditTable
  records: RecordsTable
  schema_version: SchemaVersionTable
}
