import { join } from 'node:path'
import Database from 'better-sqlite3'
import { test } from 'tap'
import { FAMILIES, inFamily, of, openServer, refusal, registerKey, usage } from '../helpers/calls.ts'
import { openStream } from '../helpers/parts.ts'

/* A part whose commit fails has not been counted: its stream must not go on as if it had. */

const { client, harness } = await openServer()

const DATA = Buffer.alloc(16, 1)
const REFUSE = "create trigger refuse before update on objects begin select raise(abort, 'no'); end"

const withoutCommits = async (work: () => Promise<void>): Promise<void> => {
  const database = new Database(join(harness.directory, 'kmipd.db'))
  database.exec(REFUSE)
  try {
    await work()
  } finally {
    database.exec('drop trigger refuse')
    database.close()
  }
}

for (const version of FAMILIES) {
  void test(`2.1 §7.8: ${version}: a commit that fails ends the stream`, async (t) => {
    const id = await registerKey(
      client,
      version,
      Buffer.alloc(16, 9),
      usage('Encrypt'),
      { name: 'ActivationDate', value: harness.clock.now() - 1 },
      { name: 'UsageLimits', value: { usageLimitsTotal: 1000n, usageLimitsUnit: 'Byte' } },
    )
    const request = { ...of(id), cryptographicParameters: { blockCipherMode: 'ECB' }, data: DATA }
    const correlationValue = await openStream(client, version, 'Encrypt', request)
    const part = { ...of(id), correlationValue, data: DATA }
    t.equal(refusal(await client.attempt(version, 'Encrypt', part)), 'Success')
    await withoutCommits(async () => {
      t.equal(refusal(await client.attempt(version, 'Encrypt', part)), 'GeneralFailure')
      const opening = await client.attempt(version, 'Encrypt', { ...request, initIndicator: true })
      t.equal(refusal(opening), 'GeneralFailure', 'nor is one opened')
    })
    t.equal(
      refusal(await client.attempt(version, 'Encrypt', part)),
      inFamily(version, 'ItemNotFound', 'InvalidCorrelationValue'),
    )
    t.equal(refusal(await client.attempt(version, 'Encrypt', request)), 'Success', 'and all is well again')
  })
}
