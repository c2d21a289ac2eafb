import { Command, InvalidArgumentError } from 'commander'
import { type ClientLogEntry, entryOf } from '../domain/client-log.ts'
import { DEFAULT_TENANT } from '../domain/principal.ts'
import type { RecordStore } from '../domain/records.ts'
import { configFrom, withConfig } from './config-options.ts'
import type { CliContext } from './context.ts'
import { checkSetUp } from './with-clients.ts'

type Wanted = {
  readonly client: string | undefined
  readonly since: number
  readonly until: number
  readonly limit: number
}

/** Records read at once. */
const PAGE = 500
const MOST_ENTRIES = 100_000

const moment = (value: string): number => {
  const milliseconds = Date.parse(value)
  if (Number.isNaN(milliseconds)) throw new InvalidArgumentError('give a date, such as 2026-01-31 or 2026-01-31T12:00Z')
  return Math.floor(milliseconds / 1000)
}

const amount = (value: string): number => {
  const number = Number(value)
  if (Number.isInteger(number) && number >= 1 && number <= MOST_ENTRIES) return number
  throw new InvalidArgumentError(`give a number from 1 to ${MOST_ENTRIES}`)
}

const isWanted = ({ at, client }: ClientLogEntry, wanted: Wanted): boolean =>
  at >= wanted.since && at <= wanted.until && (wanted.client === undefined || wanted.client === client)

/** The latest entries that are wanted, oldest first. */
const findEntries = async (records: RecordStore, wanted: Wanted): Promise<readonly ClientLogEntry[]> => {
  const found: ClientLogEntry[] = []
  let after: number | undefined
  while (found.length < wanted.limit) {
    const page = await records.list(DEFAULT_TENANT, { kind: 'log', newestFirst: true, after, limit: PAGE })
    found.push(...page.map(entryOf).filter((entry) => isWanted(entry, wanted)))
    after = page.at(-1)?.sequence
    if (page.length < PAGE) break
  }
  return found.slice(0, wanted.limit).toReversed()
}

/** Everything that could begin a line, move the cursor, or turn the direction of writing; and the sign that escapes. */
const UNPRINTABLE = /[\\\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu

const escaped = (text: string): string =>
  text.replace(UNPRINTABLE, (character) =>
    character === '\\' ? String.raw`\\` : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  )

/** Names have no blanks left, so that a name cannot look like the fields after it. */
const lineOf = ({ at, client, operation, message }: ClientLogEntry): string =>
  [
    new Date(at * 1000).toISOString().replace('.000Z', 'Z'),
    escaped(client).replaceAll(' ', String.raw`\u{20}`),
    escaped(operation),
    escaped(message),
  ].join('  ')

type Options = Readonly<Record<string, unknown>>

const numberIn = (options: Options, name: string, otherwise: number): number => {
  const value = options[name]
  return typeof value === 'number' ? value : otherwise
}

const showLog = async (options: Options, context: CliContext): Promise<void> => {
  const config = configFrom(options, context)
  await checkSetUp(config)
  const program = await context.loadProgram()
  const open = await program.openRecords(config)
  try {
    const client = options['client']
    const wanted: Wanted = {
      client: typeof client === 'string' ? client : undefined,
      since: numberIn(options, 'since', 0),
      until: numberIn(options, 'until', Number.MAX_SAFE_INTEGER),
      limit: numberIn(options, 'limit', 100),
    }
    for (const entry of await findEntries(open.records, wanted)) context.io.out(lineOf(entry))
  } finally {
    await open.close()
  }
}

/** `kmipd log`: what clients have asked the server to log, oldest first. */
export const logCommand = (context: CliContext): Command =>
  withConfig(new Command('log'))
    .description('show what clients have logged with the operations Log and Interop')
    .option('--client <name>', 'of this client only')
    .option('--since <date>', 'from this moment on', moment)
    .option('--until <date>', 'up to this moment', moment)
    .option('--limit <number>', 'the latest of them (default: 100)', amount)
    .action((options: Options) => showLog(options, context))
