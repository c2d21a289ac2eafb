import { Command } from 'commander'
import { configFrom, withConfig } from './config-options.ts'
import type { CliContext } from './context.ts'
import { ofTable, tableOption, type TableOptions } from './hsm-table.ts'
import { table } from './table.ts'
import { withPin } from './with-pin.ts'

const test = async (options: TableOptions, context: CliContext): Promise<void> => {
  const config = await withPin(ofTable(configFrom(options, context), options), context.io)
  const verdicts = await (await context.loadProgram()).hsm.test(config)
  const rows = verdicts.map(({ what, problem }) => [problem === undefined ? 'works' : 'missing', what, problem ?? ''])
  for (const line of table(rows)) context.io.out(line)
}

/** `kmipd hsm test`: tries with the root key what the server uses it for. */
export const hsmTestCommand = (context: CliContext): Command =>
  withConfig(new Command('test'))
    .addOption(tableOption())
    .description('try everything that the server uses; it needs one way to wrap store keys, and uses the first')
    .action((options: TableOptions) => test(options, context))
