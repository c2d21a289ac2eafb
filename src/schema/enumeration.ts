import { DRAFT_VERSION, inRange, isLegible, type Target, type Version } from './version.ts'

/**
 * Wire code, first version, and the last one where the value was withdrawn. A value of the draft may have a vendor's
 * extension code besides, under which all other versions, and storage, know it.
 */
export type EnumRow = readonly [code: number, since: Version, until?: Version | undefined, extension?: number]

/** One enumeration of the standard: its values by name and by code, each with the versions that define it. */
export type Enumeration<Name extends string = string> = {
  readonly title: string
  readonly names: readonly Name[]
  readonly rows: Readonly<Record<Name, EnumRow>>
  readonly code: Readonly<Record<Name, number>>
  /** The name of a code of any version, or undefined. */
  nameOf(code: number): Name | undefined
  /** What finds names by code as `target` reads them: codes of the draft mean something only to those who speak it. */
  namesIn(target: Target): NameOf<Name>
  /** The code under which each value is written for `target`. */
  codesIn(target: Target): Readonly<Record<Name, number>>
  /** Whether `target` defines the value. */
  knownIn(name: string, target: Target): boolean
  has(name: string): name is Name
}

export type EnumName<E> = E extends Enumeration<infer Name> ? Name : never

/** Codes with the high nibble 8 are free for extensions (KMIP 1.4 section 9.1.1.4, 2.1 section 10.1.2). */
export const isExtensionCode = (code: number): boolean => code >>> 28 === 8

type NameOf<Name extends string> = (code: number) => Name | undefined

const DENSE = 256

/** The codes of the standard are small and follow each other: a list finds them faster. */
const finderOf = <Name extends string>(byCode: ReadonlyMap<number, Name>): NameOf<Name> => {
  const dense: (Name | undefined)[] = []
  for (const [value, name] of byCode) if (value < DENSE) dense[value] = name
  return (code) => dense[code] ?? byCode.get(code)
}

export const enumeration = <const Rows extends Record<string, EnumRow>>(
  title: string,
  rows: Rows,
): Enumeration<keyof Rows & string> => {
  type Name = keyof Rows & string
  const names = Object.keys(rows) as Name[]
  const byName = new Map<string, EnumRow>(Object.entries(rows))
  const byCode = new Map<number, Name>(names.map((name) => [rows[name]?.[0] ?? 0, name]))
  const code = Object.freeze(Object.fromEntries(names.map((name) => [name, rows[name]?.[0] ?? 0]))) as Record<
    Name,
    number
  >
  const extensions = new Map<number, Name>()
  for (const name of names) {
    const extension = rows[name]?.[3]
    if (extension !== undefined) extensions.set(extension, name)
  }
  return Object.freeze({
    title,
    names,
    rows,
    code,
    nameOf: finderOf(byCode),
    namesIn: (target: Target) => {
      const known = new Map(extensions)
      for (const [value, name] of byCode) if (isLegible(target, { since: rows[name]?.[1] })) known.set(value, name)
      return finderOf(known)
    },
    codesIn: (target: Target) => {
      if (target === DRAFT_VERSION || extensions.size === 0) return code
      const extended = [...extensions].map(([value, name]) => [name, value] as const)
      return { ...code, ...Object.fromEntries(extended) }
    },
    has: (name: string): name is Name => byName.has(name),
    knownIn: (name: string, target: Target) => {
      const row = byName.get(name)
      return row !== undefined && (row[3] !== undefined || inRange(target, { since: row[1], until: row[2] }))
    },
  })
}

/** A bit mask of the standard: an Integer on the wire and in memory, its bits by name. */
export type Mask<Name extends string = string> = Enumeration<Name> & {
  /** The bits of these names, joined. */
  of(...names: readonly Name[]): number
  /** Every bit that any version defines. */
  readonly all: number
}

export const mask = <const Rows extends Record<string, EnumRow>>(
  title: string,
  rows: Rows,
): Mask<keyof Rows & string> => {
  const table = enumeration(title, rows)
  const join = (names: readonly (keyof Rows & string)[]): number =>
    names.reduce((bits, name) => bits | table.code[name], 0)
  return Object.freeze({
    ...table,
    of: (...names: readonly (keyof Rows & string)[]) => join(names),
    all: join(table.names),
  })
}
