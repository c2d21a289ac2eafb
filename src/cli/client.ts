import { Command } from 'commander'
import { clientAddCommand } from './client-add.ts'
import { clientRemoveCommand, clientRevokeCommand } from './client-end.ts'
import { clientListCommand } from './client-list.ts'
import { clientSetCommand } from './client-set.ts'
import { clientNotifyCommand } from './client-notify.ts'
import type { CliContext } from './context.ts'

/** `kmipd client`: who may connect. */
export const clientCommand = (context: CliContext): Command =>
  new Command('client')
    .description('manage who may connect')
    .addCommand(clientAddCommand(context))
    .addCommand(clientListCommand(context))
    .addCommand(clientSetCommand(context))
    .addCommand(clientNotifyCommand(context))
    .addCommand(clientRevokeCommand(context))
    .addCommand(clientRemoveCommand(context))
