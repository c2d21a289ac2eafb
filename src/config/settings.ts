import { z } from 'zod'
import { configSchema } from './schema.ts'

/** Where a value is written as: text sources (variables, flags) are turned into it before they are checked. */
export type SettingKind = 'text' | 'number' | 'boolean' | 'list'

/** One setting, and what it is called in each source. All names follow from its place in the schema. */
export type Setting = {
  /** Place in the configuration object. */
  readonly path: readonly string[]
  /** Key in kmipd.toml, dots between tables: `limits.handshake-timeout`. */
  readonly key: string
  /** Environment variable: `KMIPD_LIMITS_HANDSHAKE_TIMEOUT`. */
  readonly variable: string
  /** Flag: `--limits-handshake-timeout`. */
  readonly flag: string
  readonly schema: z.ZodType
  readonly kind: SettingKind
  /** Names of files: made absolute where they are read. */
  readonly isPath: boolean
  /** `value`: a secret, which only the environment may hold; `file`: the file that holds a secret. */
  readonly secret: 'value' | 'file' | undefined
  /** Whether the file of a secret may be read by its owner alone. */
  readonly isPrivate: boolean
  readonly description: string
  readonly unit: string | undefined
  readonly standard: unknown
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

const names = (path: readonly string[]): Pick<Setting, 'path' | 'key' | 'variable' | 'flag'> => {
  const parts = path.map(kebab)
  const dashed = parts.join('-')
  return {
    path,
    key: parts.join('.'),
    variable: `KMIPD_${dashed.replaceAll('-', '_').toUpperCase()}`,
    flag: `--${dashed}`,
  }
}

/** The schema below default and optional. */
const bare = (schema: unknown): unknown =>
  schema instanceof z.ZodDefault || schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault
    ? bare(schema.unwrap())
    : schema

const kindOf = (schema: unknown): SettingKind => {
  const type = bare(schema)
  if (type instanceof z.ZodNumber) return 'number'
  if (type instanceof z.ZodBoolean) return 'boolean'
  return type instanceof z.ZodArray ? 'list' : 'text'
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** A secret becomes two settings: itself, and the file that holds it. */
const secretSettings = (path: readonly string[], common: Omit<Setting, 'secret' | keyof ReturnType<typeof names>>) => {
  const last = path.at(-1) ?? ''
  const value: Setting = { ...common, ...names(path), secret: 'value' }
  const file: Setting = {
    ...common,
    ...names([...path.slice(0, -1), `${last}File`]),
    schema: z.string().min(1),
    isPath: true,
    secret: 'file',
    description: `File that holds ${names(path).key}, so that the environment need not.`,
  }
  return [value, file]
}

const leaf = (path: readonly string[], schema: z.ZodType): readonly Setting[] => {
  const meta = schema.meta() ?? {}
  const common = {
    schema,
    kind: kindOf(schema),
    isPath: meta['path'] === true,
    isPrivate: meta['private'] === true,
    description: textOf(meta['description']) ?? '',
    unit: textOf(meta['unit']),
    standard: schema instanceof z.ZodDefault ? schema.def.defaultValue : undefined,
  }
  return meta['secret'] === true ? secretSettings(path, common) : [{ ...common, ...names(path), secret: undefined }]
}

const walk = (path: readonly string[], schema: unknown): readonly Setting[] => {
  const type = bare(schema)
  if (type instanceof z.ZodObject) {
    return Object.entries(type.shape).flatMap(([name, child]) => walk([...path, name], child))
  }
  return schema instanceof z.ZodType ? leaf(path, schema) : []
}

/** All settings, in the order of the schema. */
export const SETTINGS: readonly Setting[] = walk([], configSchema)

/** Tables of kmipd.toml. */
export const TABLES: ReadonlySet<string> = new Set(
  SETTINGS.flatMap(({ key }) => (key.includes('.') ? [key.slice(0, key.lastIndexOf('.'))] : [])),
)

/** Names the file to read: not a setting, as it cannot stand in that file. */
export const CONFIG_FILE = { variable: 'KMIPD_CONFIG', flag: '--config' } as const
