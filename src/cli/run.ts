import { Command, CommanderError } from 'commander'
import manifest from '../../package.json' with { type: 'json' }
import { ConfigError } from '../config/config-error.ts'
import { clientCommand } from './client.ts'
import type { CliContext } from './context.ts'
import { decodeCommand } from './decode.ts'
import { hsmCommand } from './hsm.ts'
import { initCommand } from './init.ts'
import type { Io } from './io.ts'
import { logCommand } from './log.ts'
import { putCommand } from './put.ts'
import { rootCommand } from './root.ts'
import { selftestCommand } from './selftest.ts'
import { serveCommand } from './serve.ts'
import { UsageError } from './usage-error.ts'
import { userCommand } from './user.ts'

export const EXIT = { fine: 0, failed: 1, wrongUse: 2 } as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

const PREFIX = 'kmipd: '

const trimmed = (text: string): string => text.replace(/\n+$/, '')

/** Errors of commander in the form of all others, and nothing that ends the process. */
const settle = (command: Command, io: Io): void => {
  command.exitOverride()
  command.configureOutput({
    writeOut: (text) => io.out(trimmed(text)),
    writeErr: (text) => io.err(trimmed(text)),
    outputError: (text) => io.err(`${PREFIX}${trimmed(text.replace(/^error: /, '')).replaceAll('\n', ' ')}`),
  })
  for (const child of command.commands) settle(child, io)
}

const kmipd = (context: CliContext): Command => {
  const command = new Command('kmipd')
    .description('A KMIP key server.')
    .version(manifest.version)
    .addCommand(initCommand(context))
    .addCommand(serveCommand(context))
    .addCommand(clientCommand(context))
    .addCommand(hsmCommand(context))
    .addCommand(logCommand(context))
    .addCommand(putCommand(context))
    .addCommand(userCommand(context))
    .addCommand(rootCommand(context))
    .addCommand(selftestCommand(context))
    .addCommand(decodeCommand(context))
  settle(command, context.io)
  return command
}

const firstLine = (text: string): string => text.split('\n')[0] ?? text

const failure = (error: unknown, io: Io): ExitCode => {
  // Commander has told what it is about already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.wrongUse
  if (error instanceof ConfigError) {
    for (const { origin, message } of error.problems) io.err(`${PREFIX}${origin}: ${firstLine(message)}`)
    return EXIT.wrongUse
  }
  io.err(`${PREFIX}${error instanceof Error ? firstLine(error.message) : 'unknown error'}`)
  return error instanceof UsageError ? EXIT.wrongUse : EXIT.failed
}

/**
 * Runs one command of `kmipd`: 0 fine, 1 failed, 2 wrong use, a wrong configuration included. Never throws; errors are
 * printed, one line each.
 */
export const runCli = async (argv: readonly string[], context: CliContext): Promise<ExitCode> => {
  try {
    await kmipd(context).parseAsync([...argv], { from: 'user' })
    return EXIT.fine
  } catch (error) {
    return failure(error, context.io)
  }
}
