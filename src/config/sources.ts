import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse, TomlError } from 'smol-toml'
import type { Problem } from './config-error.ts'
import { CONFIG_FILE, type Setting, SETTINGS, TABLES } from './settings.ts'

/** A value that a source gives, not checked yet. */
export type Entry = {
  readonly setting: Setting
  readonly value: unknown
  /** Where it was found, for people. */
  readonly origin: string
}

/** What one source says. */
export type Source = { readonly entries: readonly Entry[]; readonly problems: readonly Problem[] }

const BY_KEY = new Map(SETTINGS.map((setting) => [setting.key, setting]))
const BY_VARIABLE = new Map(SETTINGS.map((setting) => [setting.variable, setting]))

const absolute = (setting: Setting, value: unknown, base: string): unknown => {
  if (!setting.isPath) return value
  if (typeof value === 'string' && value !== '') return resolve(base, value)
  return Array.isArray(value)
    ? value.map((item: unknown) => (typeof item === 'string' ? resolve(base, item) : item))
    : value
}

const listOf = (text: string): readonly string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')

/** Text of a variable or a flag as the value it stands for; what does not fit stays text, and the schema refuses it. */
const valueOf = (setting: Setting, text: string): unknown => {
  if (setting.kind === 'number' && /^-?\d+$/.test(text)) return Number(text)
  if (setting.kind === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return setting.kind === 'list' ? listOf(text) : text
}

const textEntry = (setting: Setting, text: string, origin: string, base: string): Entry => ({
  setting,
  value: absolute(setting, valueOf(setting, text), base),
  origin,
})

/** Distance in edits, for pointing out slips of the keyboard. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 0; i < a.length; i += 1) {
    const next = [i + 1]
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

const FARTHEST_SLIP = 3

const unknownName = (name: string, known: Iterable<string>): string => {
  const [nearest] = [...known]
    .map((candidate) => ({ candidate, edits: distance(name, candidate) }))
    .sort((a, b) => a.edits - b.edits)
  const hint = nearest !== undefined && nearest.edits <= FARTHEST_SLIP ? `; did you mean ${nearest.candidate}?` : ''
  return `is no setting${hint}`
}

type Table = Readonly<Record<string, unknown>>

const isTable = (value: unknown): value is Table =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)

const tableSource = (file: string, table: Table, prefix: string): Source => {
  const entries: Entry[] = []
  const problems: Problem[] = []
  for (const [name, value] of Object.entries(table)) {
    const key = `${prefix}${name}`
    const origin = `${file}: ${key}`
    const setting = BY_KEY.get(key)
    if (setting?.secret === 'value') {
      problems.push({ origin, message: `is secret: set ${setting.variable}, or ${key}-file to a file that holds it` })
    } else if (setting !== undefined) {
      entries.push({ setting, value: absolute(setting, value, dirname(file)), origin })
    } else if (TABLES.has(key) && isTable(value)) {
      const inner = tableSource(file, value, `${key}.`)
      entries.push(...inner.entries)
      problems.push(...inner.problems)
    } else if (TABLES.has(key)) problems.push({ origin, message: 'is a table' })
    else problems.push({ origin, message: unknownName(key, [...BY_KEY.keys(), ...TABLES]) })
  }
  return { entries, problems }
}

const parseProblem = (file: string, error: unknown): Problem => {
  if (error instanceof TomlError)
    return { origin: `${file}:${error.line}:${error.column}`, message: error.message.split('\n')[0] ?? 'is no TOML' }
  return { origin: file, message: `cannot be read: ${error instanceof Error ? error.message : 'unknown error'}` }
}

/** kmipd.toml. */
export const fromFile = (file: string): Source => {
  try {
    return tableSource(file, parse(readFileSync(file, 'utf8')), '')
  } catch (error) {
    return { entries: [], problems: [parseProblem(file, error)] }
  }
}

export type Environment = Readonly<Record<string, string | undefined>>

/** Variables that start with KMIPD_: each one must be a setting. An empty one counts as absent. */
export const fromEnvironment = (environment: Environment, base: string): Source => {
  const entries: Entry[] = []
  const problems: Problem[] = []
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith('KMIPD_') || variable === CONFIG_FILE.variable || text === undefined || text === '')
      continue
    const setting = BY_VARIABLE.get(variable)
    if (setting === undefined) problems.push({ origin: variable, message: unknownName(variable, BY_VARIABLE.keys()) })
    else entries.push(textEntry(setting, text, variable, base))
  }
  return { entries, problems }
}

/** Values of flags by the key of their setting, as text. */
export type Flags = Readonly<Record<string, string>>

export const fromFlags = (flags: Flags, base: string): Source => {
  const entries: Entry[] = []
  const problems: Problem[] = []
  for (const [key, text] of Object.entries(flags)) {
    const setting = BY_KEY.get(key)
    if (setting === undefined) problems.push({ origin: key, message: unknownName(key, BY_KEY.keys()) })
    else if (setting.secret === 'value')
      problems.push({ origin: setting.flag, message: 'is secret and can be no flag' })
    else entries.push(textEntry(setting, text, setting.flag, base))
  }
  return { entries, problems }
}
