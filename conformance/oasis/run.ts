import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { identityOf, startKmipd, temporaryData } from '../../spec-tests/helpers/server.ts'
import { bindingsFor } from './bindings.ts'
import { ALL_VERSIONS, DRAFT_VERSION, type Version } from '../../src/schema/version.ts'
import { parseCase } from './parse.ts'
import { playCase } from './play.ts'
import { registerUsers } from './users.ts'

/*
 * Plays the official OASIS test cases against a server: each version's in their order on one server of its own.
 *
 *   npm run conformance:oasis -- [DIR] [--json] [--wait] [--case NAME]
 *
 * DIR holds a folder for each version. Cases that cannot pass yet are in expected.json, each with its reason; one that
 * passes all the same is a failure too, so that the list stays true. With --wait, which takes
 * minutes, cases wait where they are meant to, and the reasons that begin with it do not count.
 */

type Outcome = {
  readonly version: string
  readonly name: string
  readonly passed: boolean
  readonly known: string | undefined
  readonly detail: string
}

const words = process.argv.slice(2)
const flagValue = (flag: string): string | undefined =>
  words.includes(flag) ? words[words.indexOf(flag) + 1] : undefined
const only = flagValue('--case')
const waits = words.includes('--wait')
const directory =
  words.find((word) => !word.startsWith('--') && word !== only) ?? join(import.meta.dirname, '../../../shared/oasis')

const expected = JSON.parse(readFileSync(join(import.meta.dirname, 'expected.json'), 'utf8')) as Record<
  string,
  Record<string, string>
>

const reasonFor = (version: string, name: string): string | undefined => {
  const reason = expected[version]?.[name]
  return waits && reason?.startsWith('--wait: ') === true ? undefined : reason
}

const filesOf = (version: string): readonly string[] => {
  const folder = join(directory, version)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((file) => file.endsWith('.xml'))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
}

const playVersion = async (version: Version): Promise<readonly Outcome[]> => {
  const files = filesOf(version)
  if (files.length === 0) return []
  const { data, remove } = await temporaryData()
  const server = await startKmipd(data, [
    ...['--log-level', 'error', '--https-port', '0'],
    ...(version === DRAFT_VERSION ? ['--draft'] : []),
  ])
  try {
    const identity = await identityOf(data, 'admin')
    const cases = files.map((file) => ({
      name: file.replace(/\.xml$/, ''),
      exchanges: parseCase(readFileSync(join(directory, version, file), 'utf8')),
    }))
    await registerUsers(
      data,
      cases.flatMap(({ exchanges }) => exchanges.map(({ request }) => request)),
    )
    const outcomes: Outcome[] = []
    const made = new Set<string>()
    for (const { name, exchanges } of cases) {
      const problems = await playCase({
        server,
        identity,
        version,
        name,
        exchanges,
        bindings: bindingsFor(exchanges, made),
        waits,
      })
      const known = reasonFor(version, name)
      outcomes.push({
        version,
        name,
        passed: problems.length === 0,
        known,
        detail: problems.join('\n  '),
      })
    }
    return outcomes
  } finally {
    await server.stop()
    await remove()
  }
}

const show = ({ version, name, passed, known, detail }: Outcome): void => {
  if (only !== undefined ? name !== only : passed === (known === undefined)) return
  if (passed) console.log(`${version} ${name}: passes, though expected.json says: ${known ?? ''}`)
  else console.log(`${version} ${name}:\n  ${only === undefined ? detail.slice(0, 2000) : detail}`)
}

const table = (outcomes: readonly Outcome[]): void => {
  for (const version of ALL_VERSIONS) {
    const mine = outcomes.filter((outcome) => outcome.version === version)
    console.log(
      `${version}  ${String(mine.filter(({ passed }) => passed).length).padStart(3)} of ${String(mine.length).padStart(3)} pass`,
    )
  }
}

if (!existsSync(directory)) {
  console.log(`skipped: there are no OASIS cases at ${directory}`)
  console.log('0 passed, 0 failed, 0 skipped')
} else {
  const outcomes: Outcome[] = []
  for (const version of ALL_VERSIONS) outcomes.push(...(await playVersion(version)))
  if (words.includes('--json')) for (const outcome of outcomes) console.log(JSON.stringify(outcome))
  else {
    for (const outcome of outcomes) show(outcome)
    table(outcomes)
  }
  const passed = outcomes.filter((outcome) => outcome.passed && outcome.known === undefined).length
  const skipped = outcomes.filter((outcome) => !outcome.passed && outcome.known !== undefined).length
  const failed = outcomes.length - passed - skipped
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
  process.exitCode = failed > 0 ? 1 : 0
}
