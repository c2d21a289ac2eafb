import { Command } from 'commander'
import { configFrom, withConfig } from './config-options.ts'
import type { CliContext } from './context.ts'
import { findSetUp, setUp } from './set-up.ts'

type Options = Readonly<Record<string, unknown>> & { readonly passphraseFile?: string }

const init = async (options: Options, context: CliContext): Promise<void> => {
  const { passphraseFile } = options
  const more = passphraseFile === undefined ? {} : { 'root-key.passphrase-file': passphraseFile }
  const config = configFrom(options, context, more)
  const found = await findSetUp(config)
  if (found !== undefined) throw new Error(`${found} exists already; nothing was changed`)
  const made = await setUp(await context.loadProgram(), config)
  context.io.out(`made in ${config.data}:`)
  for (const line of made) context.io.out(`  ${line}`)
}

/** `kmipd init`: makes the data directory, the certificates, the root key and the first administrator. */
export const initCommand = (context: CliContext): Command =>
  withConfig(new Command('init'))
    .description('make the data directory, the certificates, the root key and the first administrator')
    .option('--passphrase-file <file>', 'protect the root key with the passphrase in this file')
    .action((options: Options) => init(options, context))
