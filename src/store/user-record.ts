import type { User } from '../domain/users.ts'
import type { UserRecord } from './queries/users.ts'

export const userOf = (record: UserRecord): User => ({
  id: record.id,
  name: record.name,
  tenant: record.tenant,
  role: record.role,
  verifier: record.verifier,
  device: record.device ?? undefined,
  oneTime: record.one_time !== 0,
  secrets: record.secrets ?? undefined,
  version: record.version,
  createdAt: record.created_at,
  revokedAt: record.revoked_at ?? undefined,
})

export const userRecordOf = (user: User): UserRecord => ({
  id: user.id,
  name: user.name,
  tenant: user.tenant,
  role: user.role,
  verifier: user.verifier,
  device: user.device ?? null,
  one_time: Number(user.oneTime),
  secrets: user.secrets ?? null,
  version: user.version,
  created_at: user.createdAt,
  revoked_at: user.revokedAt ?? null,
})
