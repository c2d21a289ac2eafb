import { test } from 'tap'
import type { ItemResult, Payload } from '../helpers/harness.ts'
import { attributeOf, createKey, FAMILIES, inFamily, of, openServer, refusal } from '../helpers/calls.ts'
import { createTurns, inTurn } from '../../src/engine/turns.ts'
import { ConflictError } from '../../src/domain/object-store.ts'

const { client } = await openServer()

/** As many as want one object at once; more than an item is ever run again. */
const CROWD = Array.from({ length: 64 }, (_, index) => index)

const outcomes = (results: readonly ItemResult[]): Readonly<Record<string, number>> =>
  results.map(refusal).reduce<Record<string, number>>((all, one) => ({ ...all, [one]: (all[one] ?? 0) + 1 }), {})

const activeKey = async (version: (typeof FAMILIES)[number], total: bigint): Promise<string> => {
  const usageLimitsUnit = 'Object'
  const id = await createKey(client, version, {
    name: 'UsageLimits',
    value: { usageLimitsTotal: total, usageLimitsUnit },
  })
  await client.call(version, 'Activate', of(id))
  return id
}

const encryption = (id: string): Payload => ({
  ...of(id),
  data: Buffer.alloc(16),
  cryptographicParameters: { blockCipherMode: 'ECB', paddingMethod: 'None' },
})

for (const version of FAMILIES) {
  void test(`1.4 §4.14 / 2.1 §6.1.2: ${version}: of 64 who add at once none fails and nothing is lost`, async (t) => {
    const id = await createKey(client, version)
    const add = (index: number): Promise<ItemResult> =>
      client.attempt(version, 'AddAttribute', { ...of(id), attribute: { name: 'ObjectGroup', value: `g${index}` } })
    t.same(outcomes(await Promise.all(CROWD.map(add))), { Success: 64 })
    const { attributes } = await client.call(version, 'GetAttributes', {
      ...of(id),
      attributes: [{ name: 'ObjectGroup' }],
    })
    t.match(attributes, { length: 64 })
  })

  void test(`1.4 §3.21 / 2.1 §4.59: ${version}: 64 uses at once take exactly what the limit allows`, async (t) => {
    const id = await activeKey(version, 60n)
    const results = await Promise.all(CROWD.map(() => client.attempt(version, 'Encrypt', encryption(id))))
    t.same(outcomes(results), { Success: 60, PermissionDenied: 4 })
    t.match(await attributeOf(client, version, id, 'UsageLimits'), { usageLimitsCount: 0n })
  })

  void test(`1.4 §4.19 / 2.1 §6.1.1: ${version}: of 64 who activate at once one does`, async (t) => {
    const id = await createKey(client, version)
    const results = await Promise.all(CROWD.map(() => client.attempt(version, 'Activate', of(id))))
    const wrong = inFamily(version, 'PermissionDenied', 'WrongKeyLifecycleState')
    t.same(outcomes(results), { Success: 1, [wrong]: 63 })
  })
}

void test('1.4 §4.3: an object that always changes meanwhile is given up', async (t) => {
  const turns = createTurns()
  const conflict = new ConflictError('always')
  let runs = 0
  const losing = (): never => {
    runs += 1
    throw conflict
  }
  await t.rejects(inTurn(turns, conflict, losing), conflict)
  t.equal(runs, 8)
  t.equal(await inTurn(turns, conflict, () => 'next'), 'next', 'whoever comes next is not held up')
  t.equal(turns.size, 0)
})
