import { existsSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ConfigError, type Problem } from './config-error.ts'
import { type Config, configSchema } from './schema.ts'
import { Secret } from './secret.ts'
import { CONFIG_FILE, type Setting, SETTINGS } from './settings.ts'
import {
  type Entry,
  type Environment,
  type Flags,
  fromEnvironment,
  fromFile,
  fromFlags,
  type Source,
} from './sources.ts'

/** Everything a configuration is made from. */
export type ConfigSources = {
  /** By the key of the setting. */
  readonly flags: Flags
  /** The file that `--config` names. */
  readonly file?: string | undefined
  readonly environment: Environment
  /** The working directory, absolute. */
  readonly directory: string
}

export const CONFIG_FILE_NAME = 'kmipd.toml'

const last = (sources: readonly Source[], key: string): Entry | undefined =>
  sources.flatMap(({ entries }) => entries).findLast(({ setting }) => setting.key === key)

const setting = (key: string): Setting | undefined => SETTINGS.find((candidate) => candidate.key === key)

/** The file to read: the one that is named, which must be there, or else the one in the data directory, if any. */
const fileSource = (sources: ConfigSources, stronger: readonly Source[]): Source => {
  const named = sources.file ?? sources.environment[CONFIG_FILE.variable]
  if (named !== undefined && named !== '') return fromFile(resolve(sources.directory, named))
  const data = last(stronger, 'data')?.value ?? setting('data')?.standard
  const file = resolve(sources.directory, typeof data === 'string' ? data : '', CONFIG_FILE_NAME)
  if (!existsSync(file)) return { entries: [], problems: [] }
  const found = fromFile(file)
  // A file cannot move the directory in which it was found: the next start would not find it any more.
  const moves = found.entries.filter((entry) => entry.setting.key === 'data')
  return {
    entries: found.entries,
    problems: [
      ...found.problems,
      ...moves.map(({ origin }) => ({ origin, message: 'cannot stand in the data directory; use --config' })),
    ],
  }
}

type Read = { readonly value?: unknown; readonly problem?: Problem }

const OTHERS = 0o077

const readSecretFile = ({ setting, value, origin }: Entry): Read => {
  try {
    if (setting.isPrivate && (statSync(String(value)).mode & OTHERS) !== 0)
      return { problem: { origin, message: `others than its owner may access ${String(value)}: run chmod 600` } }
    // Editors end a file with a line break, which is no part of the secret.
    const text = readFileSync(String(value), 'utf8').replace(/\r?\n$/, '')
    return text === '' ? { problem: { origin, message: `${String(value)} is empty` } } : { value: new Secret(text) }
  } catch {
    return { problem: { origin, message: `${String(value)} cannot be read` } }
  }
}

const check = (entry: Entry): Read => {
  const { schema, secret } = entry.setting
  if (secret === 'value') return { value: new Secret(String(entry.value)) }
  const result = schema.safeParse(entry.value)
  if (!result.success)
    return { problem: { origin: entry.origin, message: result.error.issues[0]?.message ?? 'is wrong' } }
  return secret === 'file' ? readSecretFile(entry) : { value: result.data }
}

/** The place of the value: the file of a secret fills the secret's own place. */
const placeOf = ({ path, secret }: Setting): readonly string[] =>
  secret === 'file' ? [...path.slice(0, -1), (path.at(-1) ?? '').replace(/File$/, '')] : path

const twice = (source: Source): readonly Problem[] => {
  const seen = new Map<string, Entry>()
  return source.entries.flatMap((entry) => {
    const place = placeOf(entry.setting).join('.')
    const before = seen.get(place)
    seen.set(place, entry)
    return before === undefined ? [] : [{ origin: entry.origin, message: `is given by ${before.origin}, too` }]
  })
}

type Tree = { [name: string]: unknown }

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null

const put = (tree: Tree, path: readonly string[], value: unknown): void => {
  const [name = '', ...rest] = path
  if (rest.length === 0) {
    tree[name] = value
    return
  }
  const known = tree[name]
  const child: Tree = isTree(known) ? known : {}
  tree[name] = child
  put(child, rest, value)
}

const deepFreeze = <T>(value: T): T => {
  if (typeof value !== 'object' || value === null) return value
  for (const child of Object.values(value)) deepFreeze(child)
  return Object.freeze(value)
}

const contradiction = (path: readonly PropertyKey[], message: string): Problem => {
  const place = path.join('.')
  return { origin: SETTINGS.find((candidate) => candidate.path.join('.') === place)?.key ?? 'configuration', message }
}

/**
 * Reads the configuration: defaults, then kmipd.toml, then KMIPD_ variables, then flags; the later wins. Every value is
 * checked, also one that a later source overrules.
 * @throws ConfigError with all problems that were found
 */
export const loadConfig = (sources: ConfigSources): Config => {
  const stronger = [
    fromEnvironment(sources.environment, sources.directory),
    fromFlags(sources.flags, sources.directory),
  ]
  const all = [fileSource(sources, stronger), ...stronger]
  const problems: Problem[] = all.flatMap((source) => [...source.problems, ...twice(source)])
  const tree: Tree = { data: join(sources.directory, 'data') }
  for (const entry of all.flatMap(({ entries }) => entries)) {
    const { value, problem } = check(entry)
    if (problem === undefined) put(tree, placeOf(entry.setting), value)
    else problems.push(problem)
  }
  // What goes together can only be judged when every part is right.
  if (problems.length > 0) throw new ConfigError(problems)
  const result = configSchema.safeParse(tree)
  if (!result.success) {
    throw new ConfigError(result.error.issues.map(({ path, message }) => contradiction(path, message)))
  }
  return deepFreeze(result.data)
}
