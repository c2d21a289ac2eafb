import { tagOf } from '../../src/encodings/names.ts'
import { TAG } from '../../src/protocol/tags.ts'
import { int, parse, struct, text } from '../../spec-tests/wire/message.ts'
import type { Line } from './lines.ts'
import { type Variables, writeValue } from './values.ts'

/** Runs `work`; what goes wrong says in which line. */
export const inLine = <T>({ number, text: source }: Line, work: () => T): T => {
  try {
    return work()
  } catch (error) {
    throw new Error(`line ${number}: ${source}: ${error instanceof Error ? error.message : 'failed'}`, { cause: error })
  }
}

const FIELD = /^(\w+)(?:: (.*?)(?: -> (\w+))?)?$/

/** `[Attribute Name #index] value`: an Attribute of 1.x. */
const ATTRIBUTE = /^\[([^\]#]+?)(?: #(\d+))?\](?: (.*?))?(?: -> (\w+))?$/

const keep = (variables: Variables, name: string | undefined, item: Buffer): Buffer => {
  const { type, value } = parse(item)
  if (name !== undefined && value !== undefined) variables.set(name, { type, value })
  return item
}

const attribute = ([, label = '', index, source, name]: RegExpExecArray, line: Line, variables: Variables): Buffer => {
  const value =
    source === undefined
      ? struct(TAG.AttributeValue, ...writeItems(line.children, variables))
      : keep(variables, name, writeValue(TAG.AttributeValue, source, variables, label))
  const position = index === undefined ? [] : [int('AttributeIndex', Number(index))]
  return struct('Attribute', text('AttributeName', label), ...position, value)
}

const writeItem = (line: Line, variables: Variables): Buffer => {
  const known = ATTRIBUTE.exec(line.text)
  if (known !== null) return attribute(known, line, variables)
  const [, field = '', source, name] = FIELD.exec(line.text) ?? []
  const tag = tagOf(field)
  if (tag === undefined) throw new Error('no field')
  if (source === undefined) return struct(tag, ...writeItems(line.children, variables))
  return keep(variables, name, writeValue(tag, source, variables))
}

/** Lines as items, in their order. */
export const writeItems = (lines: readonly Line[], variables: Variables): readonly Buffer[] =>
  lines.map((line) => inLine(line, () => writeItem(line, variables)))
