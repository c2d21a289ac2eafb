import { test } from 'tap'
import { CRYPTOGRAPHIC_USAGE_MASK, type CryptographicUsageMask } from '../../src/protocol/enumerations.ts'
import { createKey, FAMILIES, inFamily, of, refusal, openServer, usage } from '../helpers/calls.ts'

const { client } = await openServer()

const bits = (...names: readonly CryptographicUsageMask[]): number => CRYPTOGRAPHIC_USAGE_MASK.of(...names)

const CASES: readonly (readonly [what: string, request: object, v14: string, v21: string])[] = [
  ['nothing in particular', {}, 'Success', 'Success'],
  ['a use that the mask has', { cryptographicUsageMask: bits('Decrypt') }, 'Success', 'Success'],
  [
    'a use that the mask has not',
    { cryptographicUsageMask: bits('Decrypt', 'Encrypt') },
    'PermissionDenied',
    'IncompatibleCryptographicUsageMask',
  ],
  ['as many units as there are', { usageLimitsCount: 500n }, 'Success', 'Success'],
  ['more units than there are', { usageLimitsCount: 501n }, 'PermissionDenied', 'UsageLimitExceeded'],
  ['any time, where there is no Lease Time', { leaseTime: 3600 }, 'Success', 'Success'],
]

for (const version of FAMILIES) {
  for (const [what, request, v14, v21] of CASES) {
    void test(`1.4 §4.10, §11.11 / 2.1 §6.1.7: ${version} checks for ${what}`, async (t) => {
      const id = await createKey(client, version, usage('Decrypt'), {
        name: 'UsageLimits',
        value: { usageLimitsTotal: 500n, usageLimitsUnit: 'Byte' },
      })
      const result = await client.attempt(version, 'Check', { ...of(id), ...request })
      const expected = inFamily(version, v14, v21)
      t.equal(refusal(result), expected)
      t.equal(result.payload['uniqueIdentifier'], expected === 'Success' ? id : undefined)
    })
  }

  void test(`1.4 §4.10 / 2.1 §6.1.7: ${version}: a Check that fails empties the ID Placeholder`, async (t) => {
    const id = await createKey(client, version, usage('Decrypt'))
    const check = { operation: 'Check', request: { ...of(id), cryptographicUsageMask: bits('Encrypt') } } as const
    const results = await client.batch(version, [check, { operation: 'Get', request: {} }], { option: 'Continue' })
    t.same(results.map(refusal), [
      inFamily(version, 'PermissionDenied', 'IncompatibleCryptographicUsageMask'),
      inFamily(version, 'ItemNotFound', 'ObjectNotFound'),
    ])
  })

  void test(`1.4 §11.11 / 2.1 §6.1.7.1: ${version}: there is nothing to check of a destroyed key`, async (t) => {
    const id = await createKey(client, version)
    await client.call(version, 'Destroy', of(id))
    t.equal(
      refusal(await client.attempt(version, 'Check', of(id))),
      inFamily(version, 'IllegalOperation', 'ObjectDestroyed'),
    )
  })
}
