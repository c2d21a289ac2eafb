import { renewTicket } from '../../access/ticket-record.ts'
import { renewSecrets } from '../../access/user-secrets.ts'
import { storeKeyOf } from '../../domain/bytes.ts'
import { constraintsRecord } from '../../domain/constraints.ts'
import { defaultsRecord } from '../../domain/defaults.ts'
import type { KeyStore } from '../../domain/key-store.ts'
import { ConflictError, type ObjectRow, type ObjectStore } from '../../domain/object-store.ts'
import type { StoredRecord } from '../../domain/records.ts'
import type { UserDirectory } from '../../domain/users.ts'
import type { Log } from '../../observe/log.ts'
import type { ObjectCache } from '../objects/object-cache.ts'
import { isUnderCurrentKey, resealedRow } from '../objects/object-rows.ts'

/*
 * What is sealed or authenticated, table by table, in small batches. Each row is a commit of its own that names the version
 * it was read at, so that a client who changes it meanwhile wins, and it is looked at again.
 */

export type StageParts = {
  readonly store: Pick<ObjectStore, 'rows' | 'records' | 'commit'>
  readonly users: Pick<UserDirectory, 'list' | 'reseal'>
  readonly keys: KeyStore
  readonly cache: ObjectCache
  readonly log: Log
}

/**
 * What came of one thing: nothing was to be done, it is under the current key now, it does not open, or it is under no key
 * that there is. For what is lost no key need be kept.
 */
type Outcome = 'current' | 'resealed' | 'left' | 'lost'

/** What came of one batch, and where the next one begins. */
export type Batch = { readonly position: number; readonly outcomes: readonly Outcome[] }

/** One table: the batch behind a position; undefined at the end. */
export type Stage = (parts: StageParts, after: number) => Promise<Batch | undefined>

/** Rows of a batch: some milliseconds of work, in which no client is answered. */
const BATCH = 32

const failed = ({ log, keys }: StageParts, uid: string, error: unknown, under: readonly Buffer[]): Outcome => {
  log.error('not sealed again', { uid, error })
  return under.some((bytes) => keys.hasStoreKey(storeKeyOf(bytes) ?? 0)) ? 'left' : 'lost'
}

const sealedOf = (sealed: Buffer | undefined): readonly Buffer[] => (sealed === undefined ? [] : [sealed])

/** Whoever came first has written it under the current key, or it is found by the next pass. */
const unlessConflict = async (write: Promise<void>): Promise<Outcome> => {
  try {
    await write
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error
  }
  return 'resealed'
}

const commitRow = async ({ store, cache }: StageParts, row: ObjectRow): Promise<Outcome> => {
  try {
    return await unlessConflict(store.commit({ changes: [], audit: [], reseals: [row] }))
  } finally {
    cache.delete(row.tenant, row.id)
  }
}

const resealObject = (parts: StageParts, row: ObjectRow): Promise<Outcome> | Outcome => {
  if (isUnderCurrentKey(row, parts.keys)) return 'current'
  try {
    return commitRow(parts, resealedRow(row, parts.keys))
  } catch (error) {
    const { mac, material } = row
    return failed(parts, row.id, error, material?.kind === 'sealed' ? [mac, material.sealed] : [mac])
  }
}

const objects: Stage = async (parts, after) => {
  const rows = await parts.store.rows(after, BATCH)
  const last = rows.at(-1)
  if (last === undefined) return undefined
  return { position: last.sequence, outcomes: await Promise.all(rows.map(async ({ row }) => resealObject(parts, row))) }
}

type Renewed = Partial<Pick<StoredRecord, 'document' | 'sealed'>>

const renewedDocument = (keys: KeyStore, { kind, id, tenant, document }: StoredRecord): Buffer | undefined => {
  if (kind === 'ticket') return renewTicket(keys, id, document)
  if (kind === 'constraints') return constraintsRecord.renew(keys, tenant, document)
  return kind === 'defaults' ? defaultsRecord.renew(keys, tenant, document) : undefined
}

/** What changes of a record; undefined where it is under the current key, or under none. */
const renewed = (keys: KeyStore, record: StoredRecord): Renewed | undefined => {
  const { kind, id, sealed } = record
  if (sealed !== undefined && storeKeyOf(sealed) !== keys.storeKey)
    return { sealed: keys.resealRecord({ kind, id }, sealed) }
  const document = renewedDocument(keys, record)
  return document && { document }
}

const resealOneRecord = (parts: StageParts, record: StoredRecord): Promise<Outcome> | Outcome => {
  try {
    const changes = renewed(parts.keys, record)
    if (changes === undefined) return 'current'
    const written = { ...record, ...changes, version: record.version + 1 }
    return unlessConflict(parts.store.commit({ changes: [], audit: [], records: [{ kind: 'put', record: written }] }))
  } catch (error) {
    // The MAC of a document is somewhere in it: it may be under any key.
    return failed(parts, record.id, error, sealedOf(record.sealed ?? parts.keys.authenticate(record.document)))
  }
}

const records: Stage = async (parts, after) => {
  const found = await parts.store.records.all(after, BATCH)
  const last = found.at(-1)
  if (last === undefined) return undefined
  return {
    position: last.sequence,
    outcomes: await Promise.all(found.map(async (record) => resealOneRecord(parts, record))),
  }
}

/** All at once: users are few, and only those with one time or hashed passwords have secrets. */
const users: Stage = async (parts, after) => {
  if (after > 0) return undefined
  const outcomes: Outcome[] = []
  for (const user of await parts.users.list()) {
    try {
      const secrets = renewSecrets(parts.keys, user)
      if (secrets !== undefined) await parts.users.reseal(user, secrets)
      outcomes.push(secrets === undefined ? 'current' : 'resealed')
    } catch (error) {
      outcomes.push(failed(parts, user.id, error, sealedOf(user.secrets)))
    }
  }
  return { position: 1, outcomes }
}

export const STAGES: readonly Stage[] = [objects, records, users]
