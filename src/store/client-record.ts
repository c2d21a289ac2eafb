import { isProfileName, type ProfileName } from '../domain/compatibility.ts'
import type { Client } from '../domain/principal.ts'
import type { ClientRecord } from './queries/administration.ts'

const SEPARATOR = ','

export const profilesColumn = (profiles: readonly ProfileName[]): string | null =>
  profiles.length === 0 ? null : profiles.join(SEPARATOR)

/** A profile that this program does not know grants nothing. */
const profilesIn = (column: string | null): readonly ProfileName[] =>
  column?.split(SEPARATOR).filter(isProfileName) ?? []

export const clientOf = (record: ClientRecord): Client => ({
  id: record.id,
  name: record.name,
  tenant: record.tenant,
  role: record.role,
  fingerprint: record.fingerprint ?? undefined,
  issuer: record.issuer ?? undefined,
  subject: record.subject ?? undefined,
  createdAt: record.created_at,
  revokedAt: record.revoked_at ?? undefined,
  profiles: profilesIn(record.profiles),
})

export const clientRecordOf = (client: Client): ClientRecord => ({
  id: client.id,
  name: client.name,
  tenant: client.tenant,
  role: client.role,
  fingerprint: client.fingerprint ?? null,
  issuer: client.issuer ?? null,
  subject: client.subject ?? null,
  created_at: client.createdAt,
  revoked_at: client.revokedAt ?? null,
  profiles: profilesColumn(client.profiles),
})
