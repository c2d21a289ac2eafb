import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { KEPT_PROFILES } from '../../src/domain/profiles.ts'
import { PROFILE_NAME } from '../../src/protocol/enums/profile-name.ts'

type Failures = Readonly<Partial<Record<string, Readonly<Record<string, string>>>>>

/** Official cases that do not pass, by version. */
const FAILURES = JSON.parse(
  readFileSync(new URL('../../conformance/oasis/expected.json', import.meta.url), 'utf8'),
) as Failures

/** Names of cases are written with either. */
const mandatory = (cases: string): RegExp => new RegExp(`^${cases.replaceAll('-', '[-_]')}[-_]M[-_]`)

for (const { name, version, cases } of KEPT_PROFILES) {
  void test(`1.4 §2.1.19 / 2.1 §7.31: ${name} of ${version} is kept to`, (t) => {
    const failed = Object.keys(FAILURES[version] ?? {}).filter((title) => mandatory(cases).test(title))
    t.same(failed, [], 'no mandatory official case of it fails')
    t.end()
  })
}

void test('2.1 §7.31: every profile that is claimed has a name in its version, and is claimed once', (t) => {
  const keys = KEPT_PROFILES.map(({ name, version }) => `${name} ${version}`)
  t.equal(new Set(keys).size, keys.length)
  t.equal(keys.length, 48)
  t.ok(KEPT_PROFILES.every(({ name }) => PROFILE_NAME.has(name)))
  t.end()
})
