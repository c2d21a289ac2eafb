import { join } from 'node:path'
import { test } from 'tap'
import { openDatabase } from '../../src/store/sqlite/connection.ts'
import type { ObjectRecord } from '../../src/store/object-record.ts'
import { createKey, of, openServer, refusal } from '../helpers/calls.ts'

/* Somebody who writes to the database: every row carries a MAC over all of its columns (SECURITY.md). */

const { harness, client } = await openServer()

type Column = keyof ObjectRecord

/** SQL that gives a column another value than it has. */
const CHANGES: Readonly<Record<Exclude<Column, 'tenant' | 'id'>, string>> = {
  version: 'version + 1',
  owner: "'mallory'",
  object_type: '7',
  activation_date: '1',
  deactivation_date: '4000000000',
  compromise_date: '1',
  destroy_date: '1',
  archive_date: '1',
  seal_version: 'seal_version + 1',
  mac: 'zeroblob(length(mac))',
  document: 'zeroblob(length(document))',
  sealed: 'zeroblob(length(sealed))',
  resident_token: "'token'",
  resident_key: "x'01'",
}

void test('2.1 §6.1.19: a row of which one column was changed, whichever, is not handed out', async (t) => {
  const untouched = await createKey(client, '2.1')
  const changed: Record<string, string> = {}
  for (const column of Object.keys(CHANGES)) changed[column] = await createKey(client, '2.1')

  const database = openDatabase(join(harness.directory, 'kmipd.db'), 'read-write')
  for (const [column, value] of Object.entries(CHANGES)) {
    const { changes } = database.prepare(`UPDATE objects SET ${column} = ${value} WHERE id = ?`).run(changed[column])
    t.equal(changes, 1, column)
  }
  database.close()
  await harness.restart()

  const administrator = harness.client('admin', 'admin')
  for (const [column, id] of Object.entries(changed)) {
    t.equal(refusal(await administrator.attempt('2.1', 'Get', of(id))), 'CryptographicFailure', column)
  }
  t.equal((await client.attempt('2.1', 'Get', of(untouched))).status, 'Success')
})
