import { Command } from 'commander'
import { gather, PROFILE_CHOICE, readProfiles } from './client-profiles.ts'
import { configFrom, withConfig } from './config-options.ts'
import type { CliContext } from './context.ts'
import { UsageError } from './usage-error.ts'
import { checkSetUp, withClients } from './with-clients.ts'

type Options = Readonly<Record<string, unknown>> & { readonly profile?: readonly string[] }

const clientSet = async (name: string, options: Options, context: CliContext): Promise<void> => {
  if (options.profile === undefined) throw new UsageError('--profile is missing')
  const profiles = readProfiles(options.profile)
  const config = configFrom(options, context)
  await checkSetUp(config)
  const program = await context.loadProgram()
  const isThere = await withClients(program, config, (directory) => directory.setProfiles(name, profiles))
  if (!isThere) throw new Error(`there is no client ${name}`)
  context.io.out(
    `client ${name}: ${profiles.length === 0 ? 'no profile' : profiles.join(', ')}, from its next connection on`,
  )
}

/** `kmipd client set`: what the program of a client needs beyond the standard. */
export const clientSetCommand = (context: CliContext): Command =>
  withConfig(new Command('set'))
    .description('change what a client is granted')
    .argument('<name>', 'name of the client')
    .option('--profile <name>', `compatibility profile, once for each: ${PROFILE_CHOICE}`, gather)
    .action((name: string, options: Options) => clientSet(name, options, context))
