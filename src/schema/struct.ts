import { ITEM_TYPE } from '../ttlv/item-type.ts'
import { HEADER_LENGTH, lengthAt, nextItem, tagAt, typeAt } from '../ttlv/reader.ts'
import type { Writer } from '../ttlv/writer.ts'
import { SchemaError } from './error.ts'
import { type Codec, type Kind, memoised } from './kind.ts'
import { inRange, type Target, type Version, type VersionRange } from './version.ts'

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

type ReadEntry = {
  readonly tag: number
  readonly name: string
  readonly repeated: boolean
  readonly spread: 'always' | 'when-filled' | undefined
  readonly codec: Codec<unknown>
}

type WriteEntry = ReadEntry & { readonly required: boolean }

/**
 * What may be read: the form of the target version first, then the forms of all others whose tag is still free, since
 * real clients mix versions. Order is the order of the fields.
 */
const readPlan = (fields: Fields, target: Target): readonly ReadEntry[] => {
  const entries: ReadEntry[] = []
  for (const [name, field] of Object.entries(fields)) {
    const seen = new Set<number>()
    const forms = [...field.forms].sort((a, b) => Number(inRange(target, b)) - Number(inRange(target, a)))
    for (const form of forms) {
      if (seen.has(form.tag)) continue
      seen.add(form.tag)
      const codec = form.kind.compile(target)
      entries.push({ tag: form.tag, name, repeated: field.presence === 'repeated', spread: form.spread, codec })
    }
  }
  return entries
}

/** The form to write: the one in range; `storage` takes the newest. */
const formFor = (field: Field<unknown>, target: Target): Form<unknown> | undefined =>
  field.forms.findLast((form) => form.readOnly !== true && inRange(target, form))

const writePlan = (fields: Fields, target: Target): readonly WriteEntry[] =>
  Object.entries(fields).flatMap(([name, field]) => {
    const form = formFor(field, target)
    if (form === undefined) return []
    const codec = form.kind.compile(target)
    const { presence } = field
    const repeats = presence === 'repeated'
    return [{ tag: form.tag, name, repeated: repeats, spread: form.spread, required: presence === 'required', codec }]
  })

/** Tags of vendors (KMIP 1.4 section 9.1.1.1, 2.1 section 10.1.1): skipped where they are not known. */
const isExtensionTag = (tag: number): boolean => tag >>> 16 === 0x54

const misfit = (plan: readonly ReadEntry[], title: string, tag: number, at: number): SchemaError => {
  const entry = plan.find((candidate) => candidate.tag === tag)
  if (entry === undefined) return new SchemaError('unknown-tag', title, at)
  return new SchemaError('misplaced-field', `${entry.name} of ${title}`, at)
}

const compileRead = (title: string, fields: Fields, target: Target): Codec<Record<string, unknown>>['read'] => {
  const plan = readPlan(fields, target)
  const mandatory = writePlan(fields, target).flatMap((entry) => (entry.required ? [entry.name] : []))
  // Cloning one template gives every result the same hidden class, whatever fields it has.
  const blank: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields)) blank[name] = field.presence === 'repeated' ? [] : undefined
  const lists = Object.keys(fields).filter((name) => fields[name]?.presence === 'repeated')

  const store = (out: Record<string, unknown>, entry: ReadEntry, value: unknown, at: number): void => {
    if (entry.spread !== undefined) (out[entry.name] as unknown[]).push(...(value as readonly unknown[]))
    else if (entry.repeated) (out[entry.name] as unknown[]).push(value)
    else if (out[entry.name] === undefined) out[entry.name] = value
    else throw new SchemaError('repeated-field', `${entry.name} of ${title}`, at)
  }

  return (buffer, from) => {
    if (typeAt(buffer, from) !== ITEM_TYPE.Structure) throw new SchemaError('wrong-type', title, from)
    const out = { ...blank }
    for (const name of lists) out[name] = []
    const end = from + HEADER_LENGTH + lengthAt(buffer, from)
    let next = 0
    for (let at = from + HEADER_LENGTH; at < end; at = nextItem(buffer, at)) {
      const tag = tagAt(buffer, at)
      let index = next
      while (index < plan.length && plan[index]?.tag !== tag) index += 1
      const entry = plan[index]
      if (entry === undefined) {
        const last = plan[next - 1]
        if (last?.tag === tag) throw new SchemaError('repeated-field', `${last.name} of ${title}`, at)
        if (isExtensionTag(tag)) continue
        throw misfit(plan, title, tag, at)
      }
      store(out, entry, entry.codec.read(buffer, at), at)
      next = entry.repeated ? index : index + 1
    }
    for (const name of mandatory) {
      if (out[name] === undefined) throw new SchemaError('missing-field', `${name} of ${title}`, from)
    }
    return out
  }
}

const writeField = (writer: Writer, entry: WriteEntry, value: unknown): void => {
  const { codec, tag } = entry
  if (entry.spread !== undefined) {
    if (entry.spread === 'always' || (value as readonly unknown[]).length > 0) codec.write(writer, tag, value)
    return
  }
  if (entry.repeated) {
    for (const item of value as readonly unknown[]) {
      if (codec.fits === undefined || codec.fits(item)) codec.write(writer, tag, item)
    }
    return
  }
  if (entry.required || codec.fits === undefined || codec.fits(value)) codec.write(writer, tag, value)
}

const compileFits = (plan: readonly WriteEntry[]): Pick<Codec<Record<string, unknown>>, 'fits'> => {
  const checks = plan.filter((entry) => entry.required && entry.codec.fits !== undefined)
  if (checks.length === 0) return {}
  return { fits: (value) => checks.every(({ codec, name }) => codec.fits?.(value[name]) ?? true) }
}

/**
 * A structure with fields in the order of the specification: the order is part of the standard (1.4 section 7, 2.1
 * section 10.1.2) and both directions keep to it.
 */
export const struct = <const F extends Fields>(title: string, fields: F): Kind<Infer<F>> & { readonly fields: F } => {
  const kind = memoised<Record<string, unknown>>({
    name: title,
    itemTypes: [ITEM_TYPE.Structure],
    compile: (target) => {
      const plan = writePlan(fields, target)
      return {
        read: compileRead(title, fields, target),
        write: (writer, tag, value) => {
          const start = writer.begin(tag)
          for (const entry of plan) {
            const item = value[entry.name]
            if (item !== undefined) writeField(writer, entry, item)
          }
          writer.end(start)
        },
        ...compileFits(plan),
      }
    },
  })
  return { ...(kind as unknown as Kind<Infer<F>>), fields }
}
