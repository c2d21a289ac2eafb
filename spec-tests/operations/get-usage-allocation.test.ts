import { test } from 'tap'
import type { Attribute } from '../../src/protocol/attribute-instance.ts'
import type { UsageLimitsUnit } from '../../src/protocol/enumerations.ts'
import type { Version } from '../../src/schema/version.ts'
import { attributeOf, createKey, FAMILIES, inFamily, of, openServer, refusal, usage } from '../helpers/calls.ts'

const { client, harness } = await openServer()

const limit = (usageLimitsTotal: bigint, usageLimitsUnit: UsageLimitsUnit = 'Byte'): Attribute => ({
  name: 'UsageLimits',
  value: { usageLimitsTotal, usageLimitsUnit },
})

const active = (...more: readonly Attribute[]): readonly Attribute[] => [
  { name: 'ActivationDate', value: harness.clock.now() },
  ...more,
]

const allocate = async (version: Version, id: string, usageLimitsCount: bigint) =>
  refusal(await client.attempt(version, 'GetUsageAllocation', { ...of(id), usageLimitsCount }))

for (const version of FAMILIES) {
  const used = inFamily(version, 'PermissionDenied', 'UsageLimitExceeded')

  void test(`1.4 §4.18, §3.21 / 2.1 §6.1.23, §4.59: ${version}: units are set aside, all or nothing`, async (t) => {
    const id = await createKey(client, version, ...active(limit(1000n)))
    t.match(await client.call(version, 'GetUsageAllocation', { ...of(id), usageLimitsCount: 600n }), {
      uniqueIdentifier: id,
    })
    t.match(await attributeOf(client, version, id, 'UsageLimits'), { usageLimitsTotal: 1000n, usageLimitsCount: 400n })
    t.equal(await allocate(version, id, 401n), used)
    t.equal(await allocate(version, id, 400n), 'Success')
    t.equal(await allocate(version, id, 1n), used)
    t.match(await attributeOf(client, version, id, 'UsageLimits'), { usageLimitsTotal: 1000n, usageLimitsCount: 0n })
  })

  void test(`1.4 §4.18 / 2.1 §6.1.23: ${version}: of 100 requests for one of 10 units, 10 succeed`, async (t) => {
    const id = await createKey(client, version, ...active(limit(10n, 'Object')))
    const results = await Promise.all(Array.from({ length: 100 }, () => allocate(version, id, 1n)))
    t.same(results.toSorted(), Array.from({ length: 100 }, (_, index) => (index < 10 ? 'Success' : used)).toSorted())
    t.match(await attributeOf(client, version, id, 'UsageLimits'), { usageLimitsCount: 0n })
  })

  const CASES: readonly (readonly [what: string, attributes: readonly Attribute[], v14: string, v21: string])[] = [
    ['no Usage Limits', active(), 'IllegalOperation', 'AttributeNotFound'],
    ['a key that opens only', active(usage('Decrypt'), limit(9n)), 'IllegalOperation', 'InvalidObjectType'],
    ['a key that is not active yet', [limit(9n)], 'PermissionDenied', 'PermissionDenied'],
    [
      'a key that has stopped to protect',
      active({ name: 'ProtectStopDate', value: harness.clock.now() }, limit(9n)),
      'PermissionDenied',
      'PermissionDenied',
    ],
  ]
  for (const [what, attributes, v14, v21] of CASES) {
    void test(`1.4 §4.18, §11.19 / 2.1 §6.1.23.1: ${version}: nothing to allocate of ${what}`, async (t) => {
      const id = await createKey(client, version, ...attributes)
      harness.clock.advance(1)
      t.equal(await allocate(version, id, 1n), inFamily(version, v14, v21))
    })
  }

  void test(`1.4 §11.19 / 2.1 §6.1.23.1: ${version}: a request that is not in order`, async (t) => {
    const id = await createKey(client, version, ...active(limit(9n)))
    t.equal(await allocate(version, id, 0n), 'InvalidField')
    t.equal(await allocate(version, id, -1n), 'InvalidField')
    const missing = inFamily(version, 'ItemNotFound', 'ObjectNotFound')
    t.equal(await allocate(version, 'nothing', 1n), missing)
    const foreign = { ...of(id), usageLimitsCount: 1n }
    t.equal(refusal(await harness.client('mallory').attempt(version, 'GetUsageAllocation', foreign)), missing)
    await client.call(version, 'Archive', of(id))
    t.equal(await allocate(version, id, 1n), 'ObjectArchived')
  })
}
