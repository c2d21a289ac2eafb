import { tagOf } from '../../src/encodings/names.ts'
import { all, type Node, parse, tagName, valueAt } from '../../spec-tests/wire/message.ts'
import { inLine } from './items.ts'
import type { Line } from './lines.ts'
import { type Bound, type Variables, writeValue } from './values.ts'

type Check = (payload: Node | undefined, words: readonly string[], variables: Variables) => string | undefined

const ATTRIBUTE_STEP = /^\[(.+)\]$/

/** One step down: a field, or the value of the attribute that is named in brackets. */
const step = (node: Node | undefined, name: string): Node | undefined => {
  const label = ATTRIBUTE_STEP.exec(name)?.[1]
  if (label !== undefined) {
    const attribute = all(node, 'Attribute').find((one) => valueAt(one, 'AttributeName') === label)
    return all(attribute, 'AttributeValue')[0]
  }
  const tag = tagOf(name)
  if (tag === undefined) throw new Error(`no field ${name}`)
  return all(node, tag)[0]
}

const follow = (node: Node | undefined, path: string): Node | undefined => path.split('/').reduce(step, node)

const labelOf = (path: string): string | undefined => ATTRIBUTE_STEP.exec(path.split('/').at(-1) ?? '')?.[1]

const print = (value: Bound['value'] | undefined): string =>
  Buffer.isBuffer(value) ? `${value.length} bytes` : String(value)

const same = (found: Node, wanted: Node): boolean => {
  const [a, b] = [found.value, wanted.value]
  if (found.type !== wanted.type) return false
  if (a === undefined || b === undefined)
    return (
      found.children.length === wanted.children.length &&
      found.children.every((child, index) => sameChild(child, wanted.children[index]))
    )
  return Buffer.isBuffer(a) && Buffer.isBuffer(b) ? a.equals(b) : a === b
}

const sameChild = (child: Node, wanted: Node | undefined): boolean =>
  wanted !== undefined && child.tag === wanted.tag && same(child, wanted)

const equals: Check = (payload, [path = '', source = ''], variables) => {
  const found = follow(payload, path)
  if (found === undefined) return 'is not there'
  const wanted = parse(writeValue(found.tag, source, variables, labelOf(path)))
  return same(found, wanted) ? undefined : `is ${print(found.value)}`
}

const hasLength: Check = (payload, [path = '', length]) => {
  const value = follow(payload, path)?.value
  return Buffer.isBuffer(value) && value.length === Number(length) ? undefined : `is ${print(value)}`
}

const binds: Check = (payload, [path = '', name = ''], variables) => {
  const found = follow(payload, path)
  if (found?.value === undefined) return 'is not there'
  variables.set(name, { type: found.type, value: found.value })
  return undefined
}

const isAbsent: Check = (payload, [path = '']) => (follow(payload, path) === undefined ? undefined : 'is there')

const counts: Check = (payload, [field = '', wanted]) => {
  const found = all(payload, tagOf(field) ?? 0).length
  return found === Number(wanted) ? undefined : `are ${found}`
}

const consistsOf: Check = (payload, [list = '']) => {
  const found = payload?.children.map(({ tag }) => tagName(tag)).join(' ') ?? ''
  return found === list.trim() ? undefined : `are ${found}`
}

const lists: Check = (payload, [field = '', source = ''], variables) => {
  const tag = tagOf(field) ?? 0
  const missing = source
    .split(' ')
    .filter((word) => !all(payload, tag).some((one) => same(one, parse(writeValue(tag, word, variables)))))
  return missing.length === 0 ? undefined : `are without ${missing.join(', ')}`
}

const PATH = String.raw`((?:\[[^\]]+\]|\w+)(?:\/(?:\[[^\]]+\]|\w+))*)`

const FORMS: readonly (readonly [form: RegExp, check: Check])[] = [
  [/^fields(.*)$/, consistsOf],
  [/^count (\w+) (\d+)$/, counts],
  [/^lists (\w+) (.+)$/, lists],
  [new RegExp(`^no ${PATH}$`), isAbsent],
  [new RegExp(`^${PATH} -> (\\w+)$`), binds],
  [new RegExp(`^${PATH}: (\\d+) bytes$`), hasLength],
  [new RegExp(`^${PATH}: (.+)$`), equals],
]

const checkOf = (source: string): readonly [Check, readonly string[]] => {
  for (const [form, check] of FORMS) {
    const found = form.exec(source)
    if (found !== null) return [check, found.slice(1)]
  }
  throw new Error('no check')
}

/** What is wrong with a payload; empty where it is all that the client reads. */
export const checkPayload = (
  payload: Node | undefined,
  lines: readonly Line[],
  variables: Variables,
): readonly string[] =>
  lines.flatMap((line) =>
    inLine(line, () => {
      const [check, words] = checkOf(line.text)
      const problem = check(payload, words, variables)
      return problem === undefined ? [] : [`line ${line.number}: ${line.text}: ${problem}`]
    }),
  )
