import type { ServerRecord, StoredRecord } from '../domain/records.ts'
import type { RecordRow } from './queries/records.ts'

export const storedRecordOf = (row: RecordRow): StoredRecord => ({
  kind: row.kind,
  tenant: row.tenant,
  id: row.id,
  owner: row.owner,
  version: row.version,
  createdAt: row.created_at,
  expiresAt: row.expires_at ?? undefined,
  document: row.document,
  sealed: row.sealed ?? undefined,
  sequence: row.record_key,
})

export const recordRowOf = (record: ServerRecord): Omit<RecordRow, 'record_key'> => ({
  kind: record.kind,
  tenant: record.tenant,
  id: record.id,
  owner: record.owner,
  version: record.version,
  created_at: record.createdAt,
  expires_at: record.expiresAt ?? null,
  document: record.document,
  sealed: record.sealed ?? null,
})
