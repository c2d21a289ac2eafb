import type { TtlvErrorKind } from '../ttlv/error.ts'
import { EncodingError } from './encoding-error.ts'
import type { Reading, Scalar, TextItem, TextLimits } from './text-item.ts'

/*
 * Items in JSON (Additional Message Encodings 1.0, section 4.1.6). JSON.parse would forget of a name that is there twice,
 * and where anything stands; so what it is given here is single strings, and the objects are read by hand: they can only
 * have four members.
 */

type Cursor = {
  readonly text: string
  readonly limits: TextLimits
  at: number
  items: number
  /** Down to the item in hand. */
  readonly open: Open[]
}

/** An item of which not everything has been read. */
type Open = { readonly offset: number; readonly members: Members }

type Members = { tag?: string; type?: string; name?: string; value?: Scalar | null | TextItem[] }

const failure = ({ open, at }: Cursor, kind: TtlvErrorKind, problem: string): EncodingError =>
  new EncodingError(
    kind,
    problem,
    at,
    open.flatMap(({ members }) => members.tag ?? []),
  )

const malformed = (cursor: Cursor, problem: string): EncodingError => failure(cursor, 'malformed', problem)

const SPACE = /[ \t\n\r]*/y
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const WORDS: readonly (readonly [word: string, value: boolean | null])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
]

const skipSpace = (cursor: Cursor): void => {
  SPACE.lastIndex = cursor.at
  SPACE.test(cursor.text)
  cursor.at = SPACE.lastIndex
}

const peek = (cursor: Cursor): string => {
  skipSpace(cursor)
  return cursor.text.charAt(cursor.at)
}

const expect = (cursor: Cursor, character: string): void => {
  if (peek(cursor) !== character) throw malformed(cursor, `no ${character} where one should be`)
  cursor.at += 1
}

/** Whether the character is there, which is passed then. */
const accept = (cursor: Cursor, character: string): boolean => {
  if (peek(cursor) !== character) return false
  cursor.at += 1
  return true
}

const isEscaped = (text: string, quote: number): boolean => {
  let backslashes = 0
  while (text.charAt(quote - 1 - backslashes) === '\\') backslashes += 1
  return backslashes % 2 === 1
}

const readString = (cursor: Cursor): string => {
  const { text } = cursor
  if (peek(cursor) !== '"') throw malformed(cursor, 'no string where one should be')
  let end = text.indexOf('"', cursor.at + 1)
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  if (end < 0) throw malformed(cursor, 'a string without an end')
  try {
    const value: unknown = JSON.parse(text.slice(cursor.at, end + 1))
    if (typeof value !== 'string') throw malformed(cursor, 'not a string')
    cursor.at = end + 1
    return value
  } catch {
    // What JSON.parse says quotes the text.
    throw malformed(cursor, 'a string that JSON does not allow')
  }
}

const readNumber = (cursor: Cursor): number => {
  NUMBER.lastIndex = cursor.at
  const match = NUMBER.exec(cursor.text)
  if (match === null) throw malformed(cursor, 'no value where one should be')
  cursor.at = NUMBER.lastIndex
  return Number(match[0])
}

const readScalar = (cursor: Cursor): Scalar | null => {
  if (peek(cursor) === '"') return readString(cursor)
  const found = WORDS.find(([word]) => cursor.text.startsWith(word, cursor.at))
  if (found === undefined) return readNumber(cursor)
  cursor.at += found[0].length
  return found[1]
}

/** Fills the list while it reads: what was read before an error is there. */
const readItems = (cursor: Cursor, items: TextItem[]): void => {
  expect(cursor, '[')
  if (accept(cursor, ']')) return
  do items.push(readItem(cursor))
  while (accept(cursor, ','))
  expect(cursor, ']')
}

const isMember = (name: string): name is keyof Members => ['tag', 'type', 'name', 'value'].includes(name)

const readMember = (cursor: Cursor, members: Members): void => {
  const name = readString(cursor)
  if (!isMember(name)) throw malformed(cursor, 'an unknown member')
  if (Object.hasOwn(members, name)) throw malformed(cursor, `${name} a second time`)
  expect(cursor, ':')
  if (name !== 'value') members[name] = readString(cursor)
  else if (peek(cursor) === '[') readItems(cursor, (members.value = []))
  else members.value = readScalar(cursor)
}

const checkLimits = (cursor: Cursor): void => {
  const { limits, open } = cursor
  cursor.items += 1
  if (cursor.items > limits.maxItems) throw failure(cursor, 'limit', 'too many items')
  if (open.length > limits.maxDepth) throw failure(cursor, 'limit', 'nested too deeply')
}

const itemOf = (tag: string, { offset, members }: Open): TextItem => {
  const { type = 'Structure', value = null } = members
  if (value === null) return { tag, type, value: undefined, children: undefined, offset }
  if (typeof value === 'object') return { tag, type, value: undefined, children: value, offset }
  return { tag, type, value, children: undefined, offset }
}

const readItem = (cursor: Cursor): TextItem => {
  skipSpace(cursor)
  checkLimits(cursor)
  const open: Open = { offset: cursor.at, members: {} }
  cursor.open.push(open)
  expect(cursor, '{')
  do readMember(cursor, open.members)
  while (accept(cursor, ','))
  expect(cursor, '}')
  const { tag } = open.members
  if (tag === undefined) throw malformed(cursor, 'an item without a tag')
  cursor.open.pop()
  return itemOf(tag, open)
}

/** The outermost item that has not ended, with the structures in it that have not, as far as their tags are known. */
const unfinished = ({ open }: Cursor): TextItem | undefined => {
  let inner: TextItem | undefined
  for (const { offset, members } of open.toReversed()) {
    const { tag, value } = members
    if (tag === undefined || !Array.isArray(value)) continue
    if (inner !== undefined) value.push(inner)
    inner = itemOf(tag, { offset, members })
  }
  return inner
}

/** One item after the other; the text ends where the last one does. */
export const readJson = (text: string, limits: TextLimits): Reading => {
  const cursor: Cursor = { text, limits, at: 0, items: 0, open: [] }
  const items: TextItem[] = []
  try {
    do items.push(readItem(cursor))
    while (peek(cursor) !== '')
  } catch (error) {
    if (!(error instanceof EncodingError)) throw error
    return { items, error, unfinished: unfinished(cursor) }
  }
  return { items }
}
