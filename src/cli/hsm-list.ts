import { Command } from 'commander'
import { configFrom, withConfig } from './config-options.ts'
import type { CliContext } from './context.ts'
import { table } from './table.ts'
import { withPin } from './with-pin.ts'

type Options = Readonly<Record<string, unknown>>

const list = async (options: Options, context: CliContext): Promise<void> => {
  const config = await withPin(configFrom(options, context), context.io)
  const objects = await (await context.loadProgram()).hsm.list(config)
  const rows = objects.map(({ kind, type, label, id, isRoot }) => [kind, type, label, id, isRoot ? 'root key' : ''])
  for (const line of table([['KIND', 'TYPE', 'LABEL', 'ID', ''], ...rows])) context.io.out(line)
}

/** `kmipd hsm list`: what is in the token. */
export const hsmListCommand = (context: CliContext): Command =>
  withConfig(new Command('list'))
    .description('list the objects in the token')
    .action((options: Options) => list(options, context))
