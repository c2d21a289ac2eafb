import { test } from 'tap'
import { enumeration, isExtensionCode, mask } from '../../src/schema/enumeration.ts'
import {
  DRAFT_VERSION,
  inRange,
  LATEST_VERSION,
  rankOf,
  VERSIONS,
  versionNumbers,
  versionOf,
} from '../../src/schema/version.ts'

void test('1.4 §6.1 / 2.1 §9.16: the versions, oldest first', (t) => {
  t.same(
    VERSIONS.map((version) => versionNumbers(version)).map(({ major, minor }) => versionOf(major, minor)),
    VERSIONS,
  )
  t.equal(VERSIONS.at(-1), LATEST_VERSION)
  t.equal(versionOf(3, 0), DRAFT_VERSION)
  t.notOk(VERSIONS.map(String).includes(DRAFT_VERSION), 'the draft is none of them')
  for (const [major, minor] of [
    [0, 9],
    [1, 5],
    [2, 2],
    [3, 1],
    [-1, 0],
    [1, -0.5],
  ] as const) {
    t.equal(versionOf(major, minor), undefined, `${major}.${minor}`)
  }
  t.end()
})

void test('a range includes both ends, and storage has no upper one', (t) => {
  const cases = [
    ['1.2', {}, true],
    ['1.2', { since: '1.2' }, true],
    ['1.1', { since: '1.2' }, false],
    ['1.4', { until: '1.4' }, true],
    ['2.0', { until: '1.4' }, false],
    ['2.0', { since: '1.2', until: '2.0' }, true],
    ['storage', { until: '1.0' }, true],
    ['storage', { since: '2.1' }, true],
  ] as const
  for (const [target, range, expected] of cases)
    t.equal(inRange(target, range), expected, JSON.stringify([target, range]))
  t.ok(VERSIONS.every((version) => rankOf(version) < rankOf('storage')))
  t.end()
})

void test('1.4 §9.1.1.4 / 2.1 §10.1.2: codes 8xxxxxxx are extensions', (t) => {
  for (const code of [0x80000000, 0x8fffffff]) t.equal(isExtensionCode(code), true)
  for (const code of [0, 0x7fffffff, 0x90000000, 0xffffffff, 0x08000000]) t.equal(isExtensionCode(code), false)
  t.end()
})

void test('an enumeration knows its names, its codes and their versions', (t) => {
  const table = enumeration('Table', { Old: [1, '1.0', '1.4'], New: [2, '2.0'] })
  t.same(table.names, ['Old', 'New'])
  t.same(table.code, { Old: 1, New: 2 })
  t.equal(table.nameOf(2), 'New')
  t.equal(table.nameOf(3), undefined)
  t.equal(table.has('Old'), true)
  for (const name of ['old', 'constructor', '__proto__', '']) t.equal(table.has(name), false, name)
  t.same(
    VERSIONS.map((version) => table.knownIn('Old', version)),
    [true, true, true, true, true, false, false],
  )
  t.equal(table.knownIn('Old', 'storage'), true)
  t.equal(table.knownIn('Neither', '1.0'), false)
  t.throws(() => Object.assign(table.code, { Old: 9 }), 'tables do not change')
  t.end()
})

void test('2.1 §12: a mask joins its bits', (t) => {
  const table = mask('Mask', { Sign: [1, '1.0'], Verify: [2, '1.0'], Encrypt: [4, '1.0'] })
  t.equal(table.of(), 0)
  t.equal(table.of('Sign', 'Encrypt', 'Sign'), 5)
  t.equal(table.all, 7)
  t.end()
})
