import { ITEM_TYPE } from '../ttlv/item-type.ts'
import { HEADER_LENGTH, lengthAt, nextItem, tagAt } from '../ttlv/reader.ts'
import { SchemaError } from './error.ts'
import { type Codec, type Kind, memoised } from './kind.ts'
import {
  checkName,
  NONE,
  type Out,
  type Progress,
  type ReadEntry,
  type ReadRest,
  straightReader,
  straightWriter,
  type WriteEntry,
} from './straight-line.ts'
import { inRange, isLegible, type Target, type Version, type VersionRange } from './version.ts'

/** One way in which a field stands on the wire, and the versions in which it does. */
export type Form<T> = VersionRange & {
  readonly tag: number
  readonly kind: Kind<T>
  /** A liberty taken by real clients: read, never written. */
  readonly readOnly?: true
  /** The kind reads and writes the whole list of a repeated field as one item; `when` there is anything to write. */
  readonly spread?: 'always' | 'when-filled'
}

export type Presence = 'required' | 'optional' | 'repeated'

/** A field of a structure: how often it may occur, and its forms. No version has two forms of one field. */
export type Field<T, P extends Presence = Presence> = {
  readonly presence: P
  readonly forms: readonly Form<T>[]
}

// Field<never> would refuse every concrete field; kinds are bivariant in T, so unknown stands for any of them.
export type Fields = Readonly<Record<string, Field<unknown>>>

type FieldValue<F> = F extends Field<infer T, 'repeated'> ? readonly T[] : F extends Field<infer T> ? T : never

type OptionalKeys<F extends Fields> = {
  [K in keyof F]: F[K] extends Field<unknown, 'optional'> ? K : never
}[keyof F]

/** The object that a structure becomes: repeated fields are lists (empty where absent), optional ones may be missing. */
export type Infer<F extends Fields> = {
  readonly [K in Exclude<keyof F, OptionalKeys<F>>]: FieldValue<F[K]>
} & { readonly [K in OptionalKeys<F>]?: FieldValue<F[K]> | undefined }

type Range = { readonly since?: Version; readonly until?: Version }

export const required = <T>(tag: number, kind: Kind<T>, range: Range = {}): Field<T, 'required'> => ({
  presence: 'required',
  forms: [{ tag, kind, ...range }],
})

export const optional = <T>(tag: number, kind: Kind<T>, range: Range = {}): Field<T, 'optional'> => ({
  presence: 'optional',
  forms: [{ tag, kind, ...range }],
})

/** Any number of items, none included. */
export const repeated = <T>(tag: number, kind: Kind<T>, range: Range = {}): Field<T, 'repeated'> => ({
  presence: 'repeated',
  forms: [{ tag, kind, ...range }],
})

/** A field that looks different in different versions. */
export const inForms = <T, P extends Presence>(presence: P, ...forms: readonly Form<T>[]): Field<T, P> => ({
  presence,
  forms,
})

/** The form of a repeated field whose items stand together in one structure. */
export const spread = <T>(
  tag: number,
  kind: Kind<readonly T[]>,
  when: 'always' | 'when-filled',
  options: VersionRange & { readonly readOnly?: true } = {},
): Form<T> => ({ tag, kind: kind as unknown as Kind<T>, spread: when, ...options })

/** The form to write: the one in range; `storage` takes the newest. */
const formFor = (field: Field<unknown>, target: Target): Form<unknown> | undefined =>
  field.forms.findLast((form) => form.readOnly !== true && inRange(target, form))

/**
 * What may be read: the form of the target version first, then the forms of all others whose tag is still free, since
 * real clients mix versions. Order is the order of the fields.
 */
const readPlan = (fields: Fields, target: Target): readonly ReadEntry[] => {
  const entries: ReadEntry[] = []
  for (const [name, field] of Object.entries(fields)) {
    const seen = new Set<number>()
    const required = field.presence === 'required' && formFor(field, target) !== undefined
    const legible = field.forms.filter((form) => isLegible(target, form))
    const forms = legible.sort((a, b) => Number(inRange(target, b)) - Number(inRange(target, a)))
    for (const { tag, kind, spread: whole } of forms) {
      if (seen.has(tag)) continue
      const codec = kind.compile(target)
      const [itemType, ...more] = kind.itemTypes
      // A kind may have several types and its codec for this target only one.
      const type = { itemType: codec.leaf?.itemType ?? (more.length === 0 ? itemType : undefined) }
      const repeats = { repeated: field.presence === 'repeated', spread: whole !== undefined }
      entries.push({ tag, name, required, ...repeats, ...type, alternative: seen.size > 0, codec })
      seen.add(tag)
    }
  }
  return entries
}

const writePlan = (fields: Fields, target: Target): readonly WriteEntry[] =>
  Object.entries(fields).flatMap(([name, field]) => {
    const form = formFor(field, target)
    if (form === undefined) return []
    const { tag, spread: whole } = form
    const codec = form.kind.compile(target)
    const required = field.presence === 'required'
    const repeated = field.presence === 'repeated'
    return [{ tag, name, required, repeated, spread: whole, codec }]
  })

/** Tags of vendors (KMIP 1.4 section 9.1.1.1, 2.1 section 10.1.1): skipped where they are not known. */
const isExtensionTag = (tag: number): boolean => tag >>> 16 === 0x54

/** Why an item has no place behind the entry `last`. */
const misfit = (plan: readonly ReadEntry[], last: number, title: string, tag: number, at: number): SchemaError => {
  const index = plan.findIndex((candidate) => candidate.tag === tag)
  const name = plan[index]?.name
  if (name === undefined) return new SchemaError('unknown-tag', title, at)
  return new SchemaError(index === last ? 'repeated-field' : 'misplaced-field', `${name} of ${title}`, at)
}

const store = (out: Out, entry: ReadEntry, value: unknown): void => {
  const { name } = entry
  const list = out[name] as readonly unknown[]
  if (entry.spread) out[name] = list === NONE ? value : [...list, ...(value as readonly unknown[])]
  else if (list === NONE) out[name] = [value]
  else (list as unknown[]).push(value)
}

/** Every field as it is where it is absent. */
const blankOf = (fields: Fields): Out =>
  Object.fromEntries(
    Object.entries(fields).map(([name, { presence }]) => [name, presence === 'repeated' ? NONE : undefined]),
  )

/** Reads on item by item: what has no place in the order, tags of vendors, and what is wrong. */
const compileRest = (title: string, plan: readonly ReadEntry[]): ReadRest => {
  const tags = plan.map(({ tag }) => tag)
  const mandatory = plan.flatMap(({ name, required }) => (required ? [name] : []))

  const take = (buffer: Buffer, { at, last }: Progress, out: Out): number => {
    const tag = tagAt(buffer, at)
    const index = tags.indexOf(tag, plan[last]?.repeated === true ? last : last + 1)
    const entry = plan[index]
    if (entry === undefined) {
      if (isExtensionTag(tag) && !tags.includes(tag)) return last
      throw misfit(plan, last, title, tag, at)
    }
    const value = entry.codec.read(buffer, at)
    if (entry.repeated) store(out, entry, value)
    else {
      if (entry.alternative && out[entry.name] !== undefined)
        throw new SchemaError('repeated-field', `${entry.name} of ${title}`, at)
      out[entry.name] = value
    }
    return index
  }

  return (buffer, { from, at: start, last: read }, out) => {
    const end = from + HEADER_LENGTH + lengthAt(buffer, from)
    let last = read
    for (let at = start; at < end; at = nextItem(buffer, at)) last = take(buffer, { from, at, last }, out)
    const missing = mandatory.find((name) => out[name] === undefined)
    if (missing !== undefined) throw new SchemaError('missing-field', `${missing} of ${title}`, from)
    return out
  }
}

const compileRead = (title: string, fields: Fields, target: Target): Codec<Out>['read'] => {
  const plan = readPlan(fields, target)
  return straightReader(title, plan, blankOf(fields), compileRest(title, plan))
}

const compileFits = (plan: readonly WriteEntry[]): Pick<Codec<Out>, 'fits'> => {
  const checks = plan.filter((entry) => entry.required && entry.codec.fits !== undefined)
  if (checks.length === 0) return {}
  return { fits: (value) => checks.every(({ codec, name }) => codec.fits?.(value[name]) ?? true) }
}

/** Names of fields become code, and each item belongs to one field whatever its type. */
const checkFields = (title: string, fields: Fields): void => {
  Object.keys(fields).forEach(checkName)
  const tags = Object.values(fields).flatMap(({ forms }) => [...new Set(forms.map(({ tag }) => tag))])
  if (new Set(tags).size < tags.length) throw new TypeError(`two fields of ${title} have one tag`)
}

/**
 * A structure with fields in the order of the specification: the order is part of the standard (1.4 section 7, 2.1
 * section 10.1.2) and both directions keep to it.
 */
export const struct = <const F extends Fields>(title: string, fields: F): Kind<Infer<F>> & { readonly fields: F } => {
  checkFields(title, fields)
  const kind = memoised<Out>({
    name: title,
    itemTypes: [ITEM_TYPE.Structure],
    compile: (target) => {
      const plan = writePlan(fields, target)
      // Most structures are never read or written in most versions: each function is made when it is first called.
      const codec: Codec<Out> = {
        read: (buffer, at) => (codec.read = compileRead(title, fields, target))(buffer, at),
        write: (writer, tag, value) => (codec.write = straightWriter(title, plan))(writer, tag, value),
        ...compileFits(plan),
      }
      return codec
    },
  })
  return { ...(kind as unknown as Kind<Infer<F>>), fields }
}
