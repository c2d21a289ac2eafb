import { setImmediate } from 'node:timers/promises'
import { test } from 'tap'
import { attributesOf, FAMILIES, idIn, of, openServer, refusal } from '../helpers/calls.ts'
import type { Item } from '../helpers/harness.ts'
import { LARGEST_RESPONSE } from '../../src/engine/handle-message.ts'

/* What one message may take from everybody else: neither the thread nor the memory, however many items it has. */

const { harness, client } = await openServer()

const MEGABYTE = 1024 * 1024

/** A hundred megabytes to hash: more than any machine does in one slice. */
const slowItems: readonly Item[] = Array.from({ length: 100 }, (_, index) => ({
  operation: 'Hash',
  request: { cryptographicParameters: { hashingAlgorithm: 'SHA_256' }, data: Buffer.alloc(MEGABYTE, index) },
}))

const times = (count: number, word: string): readonly string[] => Array.from({ length: count }, () => word)

const quickItem: Item = { operation: 'Query', request: { queryFunctions: ['QueryOperations'] } }

for (const option of ['Continue', 'Undo'] as const) {
  void test(`1.4 §6.13 / 2.1 §9.6: ${option}: others are answered between the items of a long batch`, async (t) => {
    let ended = false
    const long = client.batch('2.1', slowItems, { option }).finally(() => (ended = true))
    // What comes over a connection comes with a turn of the event loop.
    await setImmediate()
    await harness.client('bob').batch('2.1', [quickItem])
    t.equal(ended, false)
    t.same(
      (await long).map(({ status }) => status),
      slowItems.map(() => 'Success'),
    )
  })
}

for (const version of FAMILIES) {
  void test(`1.4 §11.1 / 2.1 §11.46: ${version}: a response that no client has bounded has an end`, async (t) => {
    const value = { opaqueDataType: 0x80000001, opaqueDataValue: Buffer.alloc(MEGABYTE - 1024) }
    const register = { objectType: 'OpaqueObject', attributes: attributesOf(), OpaqueObject: value }
    const id = idIn(await client.call(version, 'Register', register))
    const gets = Array.from({ length: 8 }, (): Item => ({ operation: 'Get', request: of(id) }))
    const results = await client.batch(version, gets, { option: 'Continue' })
    t.same(results.map(refusal), [...times(4, 'Success'), ...times(4, 'ResponseTooLarge')])
    const undone = await client.batch(version, gets, { option: 'Undo', maximumResponseSize: 2 * LARGEST_RESPONSE })
    t.same(undone.map(refusal), [...times(4, 'OperationUndone'), 'ResponseTooLarge'])
  })
}
