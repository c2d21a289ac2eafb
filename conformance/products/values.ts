import { randomBytes, randomUUID } from 'node:crypto'
import { codeOf, fieldOf, tableOf, tagOf } from '../../src/encodings/names.ts'
import { ITEM_TYPE } from '../../src/ttlv/item-type.ts'
import {
  bool,
  bytes,
  date,
  enumeration,
  int,
  interval,
  longInt,
  parse,
  struct,
  text,
  type Value,
} from '../../spec-tests/wire/message.ts'

/** What a transcript has given a name: a value as it stands in an item. */
export type Bound = { readonly type: number; readonly value: Value }

export type Variables = Map<string, Bound>

const lookUp = (variables: Variables, name: string): Bound => {
  const bound = variables.get(name)
  if (bound === undefined) throw new Error(`there is no $${name}`)
  return bound
}

const shown = ({ value }: Bound): string => (Buffer.isBuffer(value) ? value.toString('hex') : String(value))

/** Texts may have variables in them: "${name}". */
const filledIn = (literal: string, variables: Variables): string =>
  literal.replace(/\$\{(\w+)\}/g, (_, name: string) => shown(lookUp(variables, name)))

/** Writes a value that has a name. */
const writeBound = (tag: number, { type, value }: Bound): Buffer => {
  if (typeof value === 'string') return text(tag, value)
  if (typeof value === 'bigint') return longInt(tag, value)
  if (typeof value === 'boolean') return bool(tag, value)
  if (Buffer.isBuffer(value)) return bytes(tag, value)
  if (type === ITEM_TYPE.Enumeration) return enumeration(tag, value)
  if (type === ITEM_TYPE.DateTime) return date(tag, value)
  return type === ITEM_TYPE.Interval ? interval(tag, value) : int(tag, value)
}

type Writer = (tag: number, parts: readonly string[], variables: Variables, label: string | undefined) => Buffer

const number = (text = ''): number => Number(text)

const now = (): number => Math.floor(Date.now() / 1000)

const named = (tag: number, value: string): Buffer => struct(tag, text('NameValue', value), enumeration('NameType', 1))

const enumerated: Writer = (tag, [name = ''], _, label) => {
  const table = tableOf(fieldOf(tag, label))
  const code = table && codeOf(table, name)
  if (code === undefined) throw new Error(`no value ${name}`)
  return enumeration(tag, code)
}

/** The forms of a value, the first that fits counts. */
const FORMS: readonly (readonly [form: RegExp, write: Writer])[] = [
  [/^"(.*)"$/, (tag, [literal = ''], variables) => text(tag, filledIn(literal, variables))],
  [/^name "(.*)"$/, (tag, [literal = ''], variables) => named(tag, filledIn(literal, variables))],
  [/^bytes "(.*)"$/, (tag, [literal = ''], variables) => bytes(tag, Buffer.from(filledIn(literal, variables)))],
  [/^\$(\w+)$/, (tag, [name = ''], variables) => writeBound(tag, lookUp(variables, name))],
  [/^(-?\d+)$/, (tag, [digits]) => int(tag, number(digits))],
  [/^(-?\d+)L$/, (tag, [digits = '']) => longInt(tag, BigInt(digits))],
  [/^(true|false)$/, (tag, [word]) => bool(tag, word === 'true')],
  [/^x:([0-9a-f]*)$/, (tag, [hex = '']) => bytes(tag, Buffer.from(hex, 'hex'))],
  [/^t:now([+-]\d+)?$/, (tag, [offset]) => date(tag, now() + number(offset ?? '0'))],
  [/^t:(\d+)$/, (tag, [seconds]) => date(tag, number(seconds))],
  [/^i:(\d+)$/, (tag, [seconds]) => interval(tag, number(seconds))],
  [/^e:(0x[0-9a-f]+|\d+)$/, (tag, [code]) => enumeration(tag, number(code))],
  [/^random (\d+)$/, (tag, [size]) => bytes(tag, randomBytes(number(size)))],
  [/^uuid$/, (tag) => text(tag, randomUUID())],
  [/^concat (.+)$/, (tag, [names = ''], variables) => bytes(tag, joined(names, variables))],
  [/^([A-Za-z]\w*)$/, enumerated],
]

const joined = (names: string, variables: Variables): Buffer =>
  Buffer.concat(
    names.split(' ').map((name) => {
      const { value } = lookUp(variables, name.slice(1))
      if (!Buffer.isBuffer(value)) throw new Error(`${name} is no byte string`)
      return value
    }),
  )

/** Writes an item; `label` is the attribute that it is the value of. @throws Error for what is no value */
export const writeValue = (tag: number, source: string, variables: Variables, label?: string): Buffer => {
  for (const [form, write] of FORMS) {
    const found = form.exec(source)
    if (found !== null) return write(tag, found.slice(1), variables, label)
  }
  throw new Error(`no value: ${source}`)
}

const ANY_TAG = tagOf('AttributeValue') ?? 0

/** A value that stands by itself. */
export const valueOf = (source: string, variables: Variables): Bound => {
  const { type, value } = parse(writeValue(ANY_TAG, source, variables))
  if (value === undefined) throw new Error(`${source} is a structure`)
  return { type, value }
}
