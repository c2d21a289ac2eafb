import { Command } from 'commander'
import type { CliContext } from './context.ts'
import { hsmInitCommand } from './hsm-init.ts'
import { hsmListCommand } from './hsm-list.ts'
import { hsmStatusCommand } from './hsm-status.ts'
import { hsmTestCommand } from './hsm-test.ts'

/** `kmipd hsm`: the hardware security module that holds the root key. */
export const hsmCommand = (context: CliContext): Command =>
  new Command('hsm')
    .description('keep the root key in a hardware security module')
    .addCommand(hsmInitCommand(context))
    .addCommand(hsmStatusCommand(context))
    .addCommand(hsmTestCommand(context))
    .addCommand(hsmListCommand(context))
