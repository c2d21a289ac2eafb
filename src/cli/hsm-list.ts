import { Command } from 'commander'
import { configFrom, withConfig } from './config-options.ts'
import type { CliContext } from './context.ts'
import { ofTable, tableOption, type TableOptions } from './hsm-table.ts'
import { table } from './table.ts'
import { withPin } from './with-pin.ts'

const list = async (options: TableOptions, context: CliContext): Promise<void> => {
  const config = await withPin(ofTable(configFrom(options, context), options), context.io)
  const objects = await (await context.loadProgram()).hsm.list(config)
  const rows = objects.map(({ kind, type, label, id, isRoot }) => [kind, type, label, id, isRoot ? 'root key' : ''])
  for (const line of table([['KIND', 'TYPE', 'LABEL', 'ID', ''], ...rows])) context.io.out(line)
}

/** `kmipd hsm list`: what is in the token. */
export const hsmListCommand = (context: CliContext): Command =>
  withConfig(new Command('list'))
    .addOption(tableOption())
    .description('list the objects in the token')
    .action((options: TableOptions) => list(options, context))
