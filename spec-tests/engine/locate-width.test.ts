import { test } from 'tap'
import { TAG } from '../../src/protocol/tags.ts'
import { anyValue, type AnyValue } from '../../src/schema/combinators.ts'
import { Writer } from '../../src/ttlv/writer.ts'
import { createKey, FAMILIES, inFamily, openServer, refusal } from '../helpers/calls.ts'

/* Filters that come near an object and do not mean it: no result is wider than what was asked. */

const { client } = await openServer()

const structure = (tag: number, value: AnyValue): AnyValue => {
  const writer = new Writer()
  anyValue.compile('2.1').write(writer, tag, value)
  return { type: 'Structure', value: Buffer.from(writer.bytes()) }
}

const locate = (version: (typeof FAMILIES)[number], ref: object, value: AnyValue) =>
  client.attempt(version, 'Locate', { filters: [{ ref, value }] })

for (const version of FAMILIES) {
  void test(`1.4 §4.9 / 2.1 §6.1.28: ${version}: Usage Limits by a field of another type or name`, async (t) => {
    await createKey(client, version, { name: 'UsageLimits', value: { usageLimitsTotal: 9n, usageLimitsUnit: 'Byte' } })
    const wrongType: readonly AnyValue[] = [
      { type: 'Integer', value: 0 },
      { type: 'ByteString', value: Buffer.alloc(0) },
      { type: 'DateTime', value: 0 },
    ]
    const reason = inFamily(version, 'InvalidField', 'InvalidAttributeValue')
    for (const value of wrongType) {
      const filter = structure(TAG.UsageLimitsTotal, value)
      t.equal(refusal(await locate(version, { name: 'UsageLimits' }, filter)), reason, value.type)
    }
    const other = structure(0x540001, { type: 'LongInteger', value: 0n })
    t.match((await locate(version, { name: 'UsageLimits' }, other)).payload, { uniqueIdentifiers: { length: 0 } })
  })
}

void test('2.1 §6.1.28: a slash in the name of a vendor is no border between vendor and name', async (t) => {
  const value: AnyValue = { type: 'TextString', value: 'v' }
  const id = await createKey(client, '2.1', { name: 'VendorAttribute', vendor: 'a/b', attributeName: 'c', value })
  const found = async (vendor: string, attributeName: string) =>
    (await locate('2.1', { name: 'VendorAttribute', vendor, attributeName }, value)).payload['uniqueIdentifiers']
  t.same(await found('a/b', 'c'), [id])
  t.same(await found('a', 'b/c'), [])
  t.same(await found('a%2Fb', 'c'), [])
})
