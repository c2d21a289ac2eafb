import { sql, type Kysely, type Selectable } from 'kysely'
import type { Sealed } from '../../domain/bytes.ts'
import { statement, type Slot } from '../statement.ts'
import type { Tables, UsersTable } from '../tables.ts'

export type UserRecord = Omit<Selectable<UsersTable>, 'user_key'>

const USER_COLUMNS = [
  'id',
  'name',
  'tenant',
  'role',
  'verifier',
  'device',
  'one_time',
  'secrets',
  'version',
  'created_at',
  'revoked_at',
] as const satisfies readonly (keyof UserRecord)[]

/** Registered users. */
export const userQueries = (db: Kysely<Tables>) => ({
  byName: statement((slot: Slot<{ name: string }>) =>
    db.selectFrom('users').select(USER_COLUMNS).where('name', '=', slot('name')),
  ),
  byDevice: statement((slot: Slot<{ device: string }>) =>
    db.selectFrom('users').select(USER_COLUMNS).where('device', '=', slot('device')),
  ),
  list: statement(() => db.selectFrom('users').select(USER_COLUMNS).orderBy('user_key')),
  /** Returns no row where the name or the device is taken. */
  insert: statement((slot: Slot<UserRecord>) =>
    db
      .insertInto('users')
      .values({
        id: slot('id'),
        name: slot('name'),
        tenant: slot('tenant'),
        role: slot('role'),
        verifier: slot('verifier'),
        device: slot('device'),
        one_time: slot('one_time'),
        secrets: slot('secrets'),
        version: slot('version'),
        created_at: slot('created_at'),
        revoked_at: slot('revoked_at'),
      })
      .onConflict((conflict) => conflict.doNothing())
      .returning('name'),
  ),
  /** The first revocation stays: its time is the one that counts. */
  revoke: statement((slot: Slot<{ name: string; at: number }>) =>
    db
      .updateTable('users')
      .set({ revoked_at: slot('at') })
      .where('name', '=', slot('name'))
      .where('revoked_at', 'is', null),
  ),
  remove: statement((slot: Slot<{ name: string }>) => db.deleteFrom('users').where('name', '=', slot('name'))),
  /** Returns no row where there are other secrets by now. */
  reseal: statement((slot: Slot<{ name: string; before: Sealed; secrets: Sealed }>) =>
    db
      .updateTable('users')
      .set({ secrets: slot('secrets') })
      .where('name', '=', slot('name'))
      .where('secrets', '=', slot('before'))
      .returning('name'),
  ),
  prove: statement((slot: Slot<Pick<UserRecord, 'name' | 'verifier' | 'one_time' | 'secrets'>>) =>
    db
      .updateTable('users')
      .set({
        verifier: slot('verifier'),
        one_time: slot('one_time'),
        secrets: slot('secrets'),
        version: sql<number>`version + 1`,
      })
      .where('name', '=', slot('name')),
  ),
})

/** Numbers that only count up. */
export const counterQueries = (db: Kysely<Tables>) => ({
  read: statement((slot: Slot<{ name: string }>) =>
    db.selectFrom('counters').select('value').where('name', '=', slot('name')),
  ),
  next: statement((slot: Slot<{ name: string }>) =>
    db
      .insertInto('counters')
      .values({ name: slot('name'), value: sql.lit(1) })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: sql<number>`counters.value + 1` })),
  ),
})
