import { Command } from 'commander'
import { type HsmTableName, hsmTables } from '../config/hsm-tables.ts'
import type { Config } from '../config/schema.ts'
import type { HsmFault, HsmRoot, HsmStatus, HsmToken } from '../domain/hsm.ts'
import { configFrom, withConfig } from './config-options.ts'
import type { CliContext } from './context.ts'
import type { HsmTools } from './program.ts'
import { table } from './table.ts'
import { withPin } from './with-pin.ts'

type Options = Readonly<Record<string, unknown>>

const milliseconds = (time: number): string => `${time.toFixed(2)} ms`

const rootText = (root: HsmRoot | undefined): string =>
  root === undefined ? 'none' : `"${root.label}" ${root.id}, ${root.kind}, wraps by ${root.method}`

const faultText = (fault: HsmFault | undefined): string =>
  fault === undefined ? 'none' : `${new Date(fault.at * 1000).toISOString()} ${fault.message}`

const sessionsText = ({ sessions, mostSessions }: HsmToken): string =>
  `${sessions === undefined ? 'the token does not say' : `${sessions} open`}${mostSessions === undefined || mostSessions === 0 ? '' : `, at most ${mostSessions}`}`

const rowsOf = (
  path: string,
  { module, token, root, mechanisms, latency, lastFault }: HsmStatus,
): readonly (readonly string[])[] => [
  ['module', path],
  ['', `${module.description} ${module.version} (Cryptoki ${module.cryptoki})`],
  ['token', `"${token.label}" ${token.serial}, ${token.manufacturer} ${token.model}`],
  ['firmware', `${token.firmware}, hardware ${token.hardware}`],
  ['sessions', sessionsText(token)],
  ['root key', rootText(root)],
  ['latency', `${milliseconds(latency.median)}, at most ${milliseconds(latency.longest)}`],
  ['last fault', faultText(lastFault)],
  ['mechanisms', `${mechanisms.used.join(', ')}, and ${mechanisms.others} others`],
]

const showToken = async (config: Config, name: HsmTableName, hsm: HsmTools, { io }: CliContext): Promise<void> => {
  const found = await hsm.status(config, name)
  for (const line of table(rowsOf(config[name].module ?? '', found))) io.out(line)
}

const status = async (options: Options, context: CliContext): Promise<void> => {
  const config = await withPin(configFrom(options, context), context.io)
  const { hsm } = await context.loadProgram()
  const names = hsmTables(config)
  if (names.length < 2) return showToken(config, names[0] ?? 'hsm', hsm, context)
  let failures = 0
  for (const name of names) {
    context.io.out(`[${name}]${config[name].leaving ? ', which is being left' : ''}`)
    try {
      await showToken(config, name, hsm, context)
    } catch (error) {
      failures += 1
      context.io.out(`does not work  ${error instanceof Error ? error.message : 'unknown error'}`)
    }
    context.io.out('')
  }
  if (failures > 0) throw new Error(`${failures} of ${names.length} tokens do not work`)
}

/** `kmipd hsm status`: what is known of the token. */
export const hsmStatusCommand = (context: CliContext): Command =>
  withConfig(new Command('status'))
    .description('show the module, the token, the root key, and what last went wrong')
    .action((options: Options) => status(options, context))
