import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { test } from 'tap'
import { ATTRIBUTE_NAMES, attributeRow } from '../../src/protocol/attribute-lookup.ts'
import { storedAttribute } from '../../src/protocol/attribute-wire.ts'
import type { Kind } from '../../src/schema/kind.ts'
import { inRange, type Target, VERSIONS } from '../../src/schema/version.ts'
import { DEFAULT_LIMITS, scan } from '../../src/ttlv/scan.ts'
import { Writer } from '../../src/ttlv/writer.ts'
import { STRUCTURES } from '../helpers/all-structures.ts'
import { arbitraryAttribute, arbitraryValue, plain } from '../helpers/arbitrary.ts'

const TAG = 0x420008
const writer = new Writer()
// The standard sets no limit on what a field may hold; the limits of a message are tested elsewhere.
const LIMITS = { ...DEFAULT_LIMITS, maxItems: 100_000 }

/** Writes, scans and reads; says what is wrong, or nothing. */
const returns = (kind: Kind<unknown>, target: Target, value: unknown): boolean => {
  const codec = kind.compile(target)
  writer.reset()
  codec.write(writer, TAG, value)
  const bytes = writer.bytes()
  scan(bytes, inRange(target, { since: '2.0' }), LIMITS)
  return isDeepStrictEqual(plain(codec.read(bytes, 0)), plain(value))
}

const holds = (kind: Kind<unknown>, target: Target, numRuns: number): void =>
  fc.assert(
    fc.property(arbitraryValue(kind, target), (value) => returns(kind, target, value)),
    { numRuns, interruptAfterTimeLimit: 500 },
  )

const TARGETS: readonly Target[] = [...VERSIONS, 'storage']

for (const target of TARGETS) {
  void test(`1.4 §3 / 2.1 §4: every attribute of ${target} comes back as it was written`, (t) => {
    for (const name of ATTRIBUTE_NAMES) {
      const row = attributeRow(name)
      if (inRange(target, row)) t.doesNotThrow(() => holds(row.kind, target, 12), name)
    }
    t.end()
  })
}

for (const target of TARGETS) {
  void test(`1.4 §2 and §7 / 2.1 §2, §3, §7 and §8: every structure of ${target} comes back as it was written`, (t) => {
    t.ok(STRUCTURES.length > 30)
    for (const { kind } of STRUCTURES) t.doesNotThrow(() => holds(kind, target, 8), kind.name)
    t.end()
  })
}

void test('every attribute is stored with its index, in the newest form', (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(arbitraryAttribute('storage'), fc.nat(1000), (attribute, index) =>
        returns(storedAttribute as Kind<unknown>, 'storage', { ...(attribute as object), index }),
      ),
      { numRuns: 300, interruptAfterTimeLimit: 1000 },
    ),
  )
  t.end()
})
