import { type Command, Option } from 'commander'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { CONFIG_FILE, SETTINGS } from '../config/settings.ts'
import type { Flags } from '../config/sources.ts'
import type { CliContext } from './context.ts'

const FLAGGED = SETTINGS.filter(({ secret }) => secret !== 'value')

/** The flag of each setting, by the name under which commander keeps it. */
const ATTRIBUTES = FLAGGED.map(({ key, flag }) => ({ key, attribute: new Option(flag).attributeName() }))

/** Settings that most commands are called with; `--help` of the others would drown in the rest. */
const COMMON: readonly string[] = ['data']

/**
 * Gives a command a flag for every setting. `everything` lists them all in its help, `listed` those that start with one
 * of these; they work in any case.
 */
export const withConfig = (command: Command, everything = false, listed = COMMON): Command => {
  command.option(`${CONFIG_FILE.flag} <file>`, 'configuration file (default: kmipd.toml in the data directory)')
  for (const { key, flag, description } of FLAGGED) {
    const option = new Option(`${flag} <value>`, description)
    if (!everything && !listed.some((start) => key.startsWith(start))) option.hideHelp()
    command.addOption(option)
  }
  return command
}

type Values = Readonly<Record<string, unknown>>

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/**
 * The configuration that the flags, the environment and the file make. `more` stands for flags of the command's own.
 * @throws ConfigError
 */
export const configFrom = (values: Values, context: CliContext, more: Flags = {}): Config => {
  const flags = ATTRIBUTES.flatMap(({ key, attribute }) => {
    const value = text(values[attribute])
    return value === undefined ? [] : [[key, value] as const]
  })
  return loadConfig({
    flags: { ...Object.fromEntries(flags), ...more },
    file: text(values['config']),
    environment: context.environment,
    directory: context.directory,
  })
}
