import { test } from 'tap'
import { runCli } from '../../src/cli/run.ts'
import { temporaryDirectory } from '../helpers/temporary.ts'
import { memoryProgram } from './memory-program.ts'
import { recordingIo } from './recording-io.ts'

const NOW = Date.parse('2027-01-15T08:00:00Z') / 1000

type Said = readonly [client: string, message: string, at?: number]

/** A data directory in which clients have said this, and the command that shows it. */
const siteWith = async (...said: readonly Said[]) => {
  const directory = temporaryDirectory('cli-log')
  const program = memoryProgram(NOW)
  const run = async (...argv: readonly string[]) => {
    const io = recordingIo()
    const code = await runCli(argv, { io, loadProgram: () => Promise.resolve(program), environment: {}, directory })
    return { code, ...io.lines }
  }
  await run('init')
  for (const [index, [client, message, at = NOW]] of said.entries()) {
    program.records.push({
      kind: 'log',
      tenant: 'default',
      id: String(index),
      owner: client,
      version: 1,
      createdAt: at,
      expiresAt: undefined,
      document: Buffer.from(JSON.stringify({ client, operation: 'Log', message })),
      sealed: undefined,
      sequence: index + 1,
    })
  }
  return run
}

void test('kmipd log: a line for each entry, oldest first', async (t) => {
  const run = await siteWith(['tape', 'first', NOW - 60], ['disk', 'second'])
  const { code, out } = await run('log')
  t.equal(code, 0)
  t.same(out, ['2027-01-15T07:59:00Z  tape  Log  first', '2027-01-15T08:00:00Z  disk  Log  second'])
})

void test('kmipd log: filters by client and time, and shows the latest', async (t) => {
  const hours = [0, 1, 2, 3].map((hour): Said => [hour % 2 === 0 ? 'tape' : 'disk', `at ${hour}`, NOW + hour * 3600])
  const run = await siteWith(...hours)
  const messages = async (...argv: readonly string[]) =>
    (await run('log', ...argv)).out.map((line) => line.split('  ').at(-1))
  t.same(await messages('--client', 'tape'), ['at 0', 'at 2'])
  t.same(await messages('--since', '2027-01-15T09:00:00Z', '--until', '2027-01-15T10:00:00Z'), ['at 1', 'at 2'])
  t.same(await messages('--limit', '1'), ['at 3'])
  t.same(await messages('--client', 'nobody'), [])
})

void test('kmipd log: more than a page is searched', async (t) => {
  const many = Array.from({ length: 1201 }, (_, index): Said => [index === 0 ? 'tape' : 'disk', String(index)])
  const run = await siteWith(...many)
  t.same((await run('log', '--client', 'tape')).out.length, 1)
  t.same((await run('log', '--limit', '2000')).out.length, 1201)
  t.same((await run('log')).out.length, 100)
})

const FORGED: readonly (readonly [message: string, shown: string])[] = [
  ['a\n2027-01-15T08:00:00Z  admin  Log  forged', String.raw`a\u{a}2027-01-15T08:00:00Z  admin  Log  forged`],
  ['\u001b[2Jgone\r', String.raw`\u{1b}[2Jgone\u{d}`],
  ['\u0085\u2028\u2029\u202e\u200b', String.raw`\u{85}\u{2028}\u{2029}\u{202e}\u{200b}`],
  [String.raw`\u{a}`, String.raw`\\u{a}`],
  ['Zürich 東京', 'Zürich 東京'],
]

void test('kmipd log: no client forges lines, nor commands the terminal', async (t) => {
  for (const [message, shown] of FORGED) {
    const run = await siteWith(['tape', message])
    t.same((await run('log')).out, [`2027-01-15T08:00:00Z  tape  Log  ${shown}`])
  }
  const run = await siteWith(['tape  Log  x\nadmin', 'hello'])
  t.same((await run('log')).out, [
    String.raw`2027-01-15T08:00:00Z  tape\u{20}\u{20}Log\u{20}\u{20}x\u{a}admin  Log  hello`,
  ])
})

void test('kmipd log: wrong use', async (t) => {
  const run = await siteWith()
  for (const argv of [
    ['--limit', '0'],
    ['--limit', 'many'],
    ['--since', 'yesterday'],
  ]) {
    t.equal((await run('log', ...argv)).code, 2, argv.join(' '))
  }
})
