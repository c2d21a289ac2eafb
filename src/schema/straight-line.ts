import { ITEM_TYPE, type ItemType } from '../ttlv/item-type.ts'
import { HEADER_LENGTH, lengthAt, nextItem, wordAt } from '../ttlv/reader.ts'
import { SchemaError } from './error.ts'
import type { Codec } from './kind.ts'

/*
 * Structures as straight code: one function for each structure and version, with a line for each field. A loop over a
 * plan has to look up every property by a name that it finds there, and that is most of what it does: reading the request
 * and writing the answer of a Get took twice the time (bench/micro/codec.ts; docs/decisions/023).
 *
 * The source is made of the tables of the protocol alone: names of fields, which are checked to be names, and numbers.
 */

/** A structure as it is read. */
export type Out = Record<string, unknown>

/** What a field is read from. */
export type ReadEntry = {
  readonly tag: number
  readonly name: string
  readonly required: boolean
  /** Each item makes one element of a list. */
  readonly repeated: boolean
  /** One item holds the whole list. */
  readonly spread: boolean
  /** Another form of the field may have been read before this one. */
  readonly alternative: boolean
  /** The item type, where there is only one. A leaf always has it: it is read without another look at the type. */
  readonly itemType: ItemType | undefined
  readonly codec: Codec<unknown>
}

/** What a field is written to. */
export type WriteEntry = {
  readonly tag: number
  readonly name: string
  readonly required: boolean
  readonly repeated: boolean
  readonly spread: 'always' | 'when-filled' | undefined
  readonly codec: Codec<unknown>
}

/** The list of every repeated field that is absent: frozen, and replaced by one of its own with the first element. */
export const NONE: readonly unknown[] = Object.freeze([])

/** Where reading has come to: the next item, and the place in the plan of the last one. */
export type Progress = { readonly from: number; readonly at: number; readonly last: number }

/** Reads on from where straight code does not know how, and says what is wrong. */
export type ReadRest = (buffer: Buffer, progress: Progress, out: Out) => Out

/** @throws TypeError where it is none, for it becomes code */
export const checkName = (name: string): void => {
  if (!/^[A-Za-z]\w*$/.test(name)) throw new TypeError(`no name for a field: ${name}`)
}

type Code = (...values: unknown[]) => unknown

/** The code of a function with its surroundings bound to names; `title` is what profiles show. */
const functionOf = (title: string, code: string, surroundings: Readonly<Record<string, unknown>>): unknown => {
  const body = `'use strict'\nreturn ${code}\n//# sourceURL=kmipd:${title.replaceAll(/[^A-Za-z]/g, '-')}`
  const make = new Function(...Object.keys(surroundings), body) as Code
  return make(...Object.values(surroundings))
}

const codecsOf = (plan: readonly { readonly codec: Codec<unknown> }[]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(plan.map(({ codec }, index) => [`codec${index}`, codec]))

/** Types whose values are padded to eight bytes, whatever they are. */
const FIXED: ReadonlySet<ItemType | undefined> = new Set([
  ITEM_TYPE.Integer,
  ITEM_TYPE.LongInteger,
  ITEM_TYPE.Enumeration,
  ITEM_TYPE.Boolean,
  ITEM_TYPE.DateTime,
  ITEM_TYPE.Interval,
  ITEM_TYPE.DateTimeExtended,
])

const HEAD = 'at < end ? wordAt(buffer, at) : 0'

/** Reads what stands next if it is this field; if not, the field is left out, or the rest is read otherwise. */
const readLine = (entry: ReadEntry, index: number): string => {
  const { tag, name, repeated, spread, alternative, itemType, codec } = entry
  const value = codec.leaf === undefined ? `codec${index}.read(buffer, at)` : `leaf${index}(buffer, at)`
  const found = itemType === undefined ? `head >>> 8 === ${tag}` : `head === ${(tag << 8) | itemType}`
  const behind = FIXED.has(itemType) ? `at + ${2 * HEADER_LENGTH}` : 'nextItem(buffer, at)'
  const next = `last = ${index}; at = ${behind}; head = ${HEAD}`
  if (repeated && !spread) {
    const more = `const value = ${value}; if ($${name} === NONE) $${name} = [value]; else $${name}.push(value)`
    return `while (${found}) { ${more}; ${next} }`
  }
  const absent = spread ? ` && $${name} === NONE` : alternative ? ` && $${name} === undefined` : ''
  return `if (${found}${absent}) { $${name} = ${value}; ${next} }`
}

const leavesOf = (plan: readonly ReadEntry[]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(plan.map(({ codec }, index) => [`leaf${index}`, codec.leaf?.read]))

/**
 * Reads the fields that stand in the order of the plan. `blank` has every field as it is where it is absent; `rest` reads
 * on where something else stands, and where a field is missing.
 */
export const straightReader = (
  title: string,
  plan: readonly ReadEntry[],
  blank: Readonly<Out>,
  rest: ReadRest,
): Codec<Out>['read'] => {
  const names = Object.keys(blank)
  const wrongType = (at: number): never => {
    throw new SchemaError('wrong-type', title, at)
  }
  const needed = new Set(plan.flatMap(({ name, required }) => (required ? [`$${name} !== undefined`] : [])))
  const code = `(buffer, from) => {
    if ((wordAt(buffer, from) & 0xff) !== ${ITEM_TYPE.Structure}) return wrongType(from)
    const end = from + ${HEADER_LENGTH} + lengthAt(buffer, from)
    let at = from + ${HEADER_LENGTH}
    let head = ${HEAD}
    let last = -1
    ${names.map((name) => `let $${name} = ${blank[name] === NONE ? 'NONE' : 'undefined'}`).join('\n')}
    ${plan.map(readLine).join('\n')}
    const out = { ${names.map((name) => `${name}: $${name}`).join(', ')} }
    return ${['at >= end', ...needed].join(' && ')} ? out : rest(buffer, { from, at, last }, out)
  }`
  return functionOf(`read ${title}`, code, {
    wordAt,
    lengthAt,
    nextItem,
    wrongType,
    NONE,
    rest,
    ...codecsOf(plan),
    ...leavesOf(plan),
  }) as Codec<Out>['read']
}

const writeLine = ({ tag, required, repeated, spread, codec }: WriteEntry, index: number): string => {
  const { leaf } = codec
  const write =
    leaf === undefined ? `codec${index}.write(writer, ${tag}, value)` : `writer.${leaf.write}(${tag}, value)`
  const checked = codec.fits === undefined ? write : `if (codec${index}.fits(value)) ${write}`
  if (spread !== undefined) return spread === 'always' ? write : `if (value.length > 0) ${write}`
  if (repeated) return `for (const one of value) { const value = one; ${checked} }`
  return required ? write : checked
}

/** Writes the fields of the plan that the value has, each if its version can express it. */
export const straightWriter = (title: string, plan: readonly WriteEntry[]): Codec<Out>['write'] => {
  const lines = plan.map(
    (entry, index) => `value = whole.${entry.name}
    if (value !== undefined) { ${writeLine(entry, index)} }`,
  )
  const code = `(writer, tag, whole) => {
    const start = writer.begin(tag)
    let value
    ${lines.join('\n')}
    writer.end(start)
  }`
  return functionOf(`write ${title}`, code, codecsOf(plan)) as Codec<Out>['write']
}
