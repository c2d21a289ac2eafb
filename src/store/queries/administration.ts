import { sql, type Kysely, type Selectable } from 'kysely'
import type { Dialect } from '../dialect.ts'
import { statement, type Slot } from '../statement.ts'
import type { AuditTable, ClientsTable, SettingsTable, Tables } from '../tables.ts'

export type ClientRecord = Omit<Selectable<ClientsTable>, 'client_key' | 'removed_at'>
export type AuditEntry = Omit<Selectable<AuditTable>, 'audit_key'>

const CLIENT_COLUMNS = [
  'id',
  'name',
  'tenant',
  'role',
  'fingerprint',
  'issuer',
  'subject',
  'created_at',
  'revoked_at',
  'profiles',
] as const satisfies readonly (keyof ClientRecord)[]

const clientReads = (db: Kysely<Tables>) => ({
  byFingerprint: statement((slot: Slot<{ fingerprint: string }>) =>
    db.selectFrom('clients').select(CLIENT_COLUMNS).where('fingerprint', '=', slot('fingerprint')),
  ),
  byId: statement((slot: Slot<{ id: string }>) =>
    // Several clients may be one principal: one that is not revoked counts.
    db
      .selectFrom('clients')
      .select(CLIENT_COLUMNS)
      .where('id', '=', slot('id'))
      .orderBy(sql`case when revoked_at is null then 0 else 1 end`)
      .limit(sql.lit(1)),
  ),
  bySubject: statement((slot: Slot<{ issuer: string; subject: string }>) =>
    db
      .selectFrom('clients')
      .select(CLIENT_COLUMNS)
      .where('issuer', '=', slot('issuer'))
      .where('subject', '=', slot('subject')),
  ),
  byName: statement((slot: Slot<{ name: string }>) =>
    db.selectFrom('clients').select(CLIENT_COLUMNS).where('name', '=', slot('name')),
  ),
  list: statement(() =>
    db.selectFrom('clients').select(CLIENT_COLUMNS).where('removed_at', 'is', null).orderBy('client_key'),
  ),
})

const clientWrites = (db: Kysely<Tables>) => ({
  /** Returns no row where the name or the certificate is taken. */
  insert: statement((slot: Slot<ClientRecord>) =>
    db
      .insertInto('clients')
      .values({
        id: slot('id'),
        name: slot('name'),
        tenant: slot('tenant'),
        role: slot('role'),
        fingerprint: slot('fingerprint'),
        issuer: slot('issuer'),
        subject: slot('subject'),
        created_at: slot('created_at'),
        revoked_at: slot('revoked_at'),
        profiles: slot('profiles'),
      })
      .onConflict((conflict) => conflict.doNothing())
      .returning('name'),
  ),
  /** The first revocation stays: its time is the one that counts. */
  revoke: statement((slot: Slot<{ name: string; at: number }>) =>
    db
      .updateTable('clients')
      .set({ revoked_at: slot('at') })
      .where('name', '=', slot('name'))
      .where('revoked_at', 'is', null),
  ),
  setProfiles: statement((slot: Slot<{ name: string; profiles: string | null }>) =>
    db
      .updateTable('clients')
      .set({ profiles: slot('profiles') })
      .where('name', '=', slot('name')),
  ),
  /** Frees the name, which has no slash in it. The row stays: its certificate is nobody else's. */
  remove: statement((slot: Slot<{ name: string; at: number }>) =>
    db
      .updateTable('clients')
      .set({
        name: sql<string>`name || '/' || client_key`,
        revoked_at: sql<number>`coalesce(revoked_at, ${slot('at')})`,
        removed_at: sql<number>`${slot('at')}`,
      })
      .where('name', '=', slot('name')),
  ),
})

/** Registered clients. */
export const clientQueries = (db: Kysely<Tables>) => ({ ...clientReads(db), ...clientWrites(db) })

/** Small values of the server itself. */
export const settingQueries = (db: Kysely<Tables>) => ({
  get: statement((slot: Slot<{ name: string }>) =>
    db.selectFrom('settings').select('value').where('name', '=', slot('name')),
  ),
  insert: statement((slot: Slot<SettingsTable>) =>
    db
      .insertInto('settings')
      .values({ name: slot('name'), value: slot('value') })
      .onConflict((conflict) => conflict.column('name').doNothing()),
  ),
  replace: statement((slot: Slot<SettingsTable>) =>
    db
      .insertInto('settings')
      .values({ name: slot('name'), value: slot('value') })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: sql<Buffer>`excluded.value` })),
  ),
  /** Returns no row where there is another value by now. */
  compareAndSet: statement((slot: Slot<SettingsTable & { before: Buffer }>) =>
    db
      .updateTable('settings')
      .set({ value: slot('value') })
      .where('name', '=', slot('name'))
      .where('value', '=', slot('before'))
      .returning('name'),
  ),
})

/**
 * A setting that stays as it is until the transaction has ended: on an embedded database there is one transaction at a
 * time, a server has to be told.
 */
export const fenceQuery = (db: Kysely<Tables>, engine: Dialect['name']) =>
  statement((slot: Slot<{ name: string }>) => {
    const query = db.selectFrom('settings').select('value').where('name', '=', slot('name'))
    return engine === 'postgres' ? query.forShare() : query
  })

/** The audit trail: written, never changed. */
export const auditQueries = (db: Kysely<Tables>) => ({
  latest: statement(() => db.selectFrom('audit').select('time').orderBy('audit_key', 'desc').limit(sql.lit(1))),
  append: statement((slot: Slot<AuditEntry>) =>
    db.insertInto('audit').values({
      time: slot('time'),
      principal: slot('principal'),
      operation: slot('operation'),
      object_id: slot('object_id'),
      outcome: slot('outcome'),
    }),
  ),
})
