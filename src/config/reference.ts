import { z } from 'zod'
import { type Setting, SETTINGS } from './settings.ts'

/*
 * docs/config.md, made from the schema so that it cannot fall behind.
 */

const INTRODUCTION = `# Configuration

Settings come from four places; the later wins: the defaults below, \`kmipd.toml\`, environment variables, flags.

\`kmipd.toml\` is the file that \`--config\` or \`KMIPD_CONFIG\` names, or else the one in the data directory, if there is
one. Relative paths in it start at the file itself; those in variables and flags start at the working directory. In
variables and flags a list is separated by commas. An empty variable counts as absent.

A key that is not listed here is refused, in the file as well as in the environment (\`KMIPD_...\`). All problems are
reported at once, each with where it was found. Secrets come from the environment or from files, never from
\`kmipd.toml\` or a flag.
`

const choices = (schema: unknown): readonly string[] => {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) return choices(schema.unwrap())
  return schema instanceof z.ZodEnum ? schema.options.map(String) : []
}

const code = (text: string): string => `\`${text}\``

const standardOf = ({ standard, unit }: Setting): string => {
  if (standard === undefined) return 'none'
  const value = code(typeof standard === 'string' ? standard : JSON.stringify(standard))
  return unit === undefined ? value : `${value} ${unit}`
}

const rows = (setting: Setting): readonly string[] => {
  const values = choices(setting.schema).map(code).join(', ')
  return [
    ...(values === '' ? [] : [`- Values: ${values}`]),
    `- Default: ${standardOf(setting)}`,
    `- Variable: ${code(setting.variable)}`,
    ...(setting.secret === 'value' ? [] : [`- Flag: ${code(setting.flag)}`]),
  ]
}

const entry = (setting: Setting): string =>
  `### ${code(setting.key)}${setting.secret === 'value' ? ' (variable only)' : ''}\n\n${setting.description}\n\n${rows(setting).join('\n')}\n`

const sectionOf = ({ key }: Setting): string =>
  key.includes('.') ? code(`[${key.slice(0, key.indexOf('.'))}]`) : 'General'

/** The configuration reference in Markdown. */
export const configReference = (): string => {
  const sections = Map.groupBy(SETTINGS, sectionOf)
  const parts = [...sections].map(([name, settings]) => `## ${name}\n\n${settings.map(entry).join('\n')}`)
  return [INTRODUCTION, ...parts].join('\n')
}
