import { Command } from 'commander'
import { withConfig } from './config-options.ts'
import type { CliContext } from './context.ts'
import { hsmInitCommand } from './hsm-init.ts'
import { hsmListCommand } from './hsm-list.ts'
import { hsmStatusCommand } from './hsm-status.ts'
import { hsmTestCommand } from './hsm-test.ts'
import { rotate, type RotateOptions } from './root.ts'

/** `kmipd hsm`: the hardware security module that holds the root key. */
export const hsmCommand = (context: CliContext): Command =>
  new Command('hsm')
    .description('keep the root key in a hardware security module')
    .addCommand(hsmInitCommand(context))
    .addCommand(hsmStatusCommand(context))
    .addCommand(hsmTestCommand(context))
    .addCommand(hsmListCommand(context))
    .addCommand(
      withConfig(new Command('rotate'))
        .description('put everything under the root keys of the tokens that are configured, while clients are served')
        .option('--wait', 'come back when it is done')
        .action((options: RotateOptions) => rotate(options, context)),
    )
