import { test } from 'tap'
import { VERSIONS, type Version, versionNumbers } from '../../src/schema/version.ts'
import { openServer } from '../helpers/calls.ts'

const { client } = await openServer()

type Numbers = { readonly major: number; readonly minor: number }

const discover = async (version: Version, ...protocolVersions: readonly Numbers[]) =>
  (await client.call(version, 'DiscoverVersions', { protocolVersions }))['protocolVersions']

const numbers = (text: string): Numbers => {
  const [major, minor] = text.split('.')
  return { major: Number(major), minor: Number(minor) }
}

const CASES: readonly (readonly [what: string, asked: readonly string[], answer: readonly string[]])[] = [
  ['nothing in particular: all, the newest first', [], VERSIONS.toReversed()],
  ['one version: that one and no other', ['1.4'], ['1.4']],
  ["several: in the client's order", ['1.2', '2.1', '1.0'], ['1.2', '2.1', '1.0']],
  ['some that are not spoken here: without them', ['3.0', '1.4', '9.9', '1.1'], ['1.4', '1.1']],
  ['none that is spoken here: an empty list', ['3.0', '0.9'], []],
  ['one version twice: once', ['1.4', '1.4'], ['1.4']],
]

for (const [what, asked, answer] of CASES) {
  void test(`1.4 §4.26 / 2.1 §6.1.16: a client asks for ${what}`, async (t) => {
    for (const version of VERSIONS) {
      t.strictSame(await discover(version, ...asked.map(numbers)), answer.map(numbers), version)
    }
  })
}

void test('1.4 §4.26 / 2.1 §6.1.16: what is discovered is spoken', async (t) => {
  const spoken = await discover('1.1')
  for (const version of VERSIONS) {
    const own = versionNumbers(version)
    t.ok(
      Array.isArray(spoken) && spoken.some(({ major, minor }: Numbers) => major === own.major && minor === own.minor),
    )
  }
})

void test('2.1 §6.1.36: Ping is answered, in whatever version it comes', async (t) => {
  for (const version of VERSIONS) t.strictSame(await client.call(version, 'Ping', {}), {})
})
