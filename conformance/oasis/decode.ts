import { TAGS } from '../../src/protocol/tags.ts'
import { ITEM_TYPE, itemTypeName } from '../../src/ttlv/item-type.ts'
import {
  HEADER_LENGTH,
  lengthAt,
  nextItem,
  readBytes,
  readDateTime,
  readInteger,
  readLong,
  readText,
  readUnsigned,
  tagAt,
  typeAt,
} from '../../src/ttlv/reader.ts'

/** An item of an answer: values as text, so that they can be compared and shown. */
export type Item = {
  readonly tag: number
  readonly name: string
  readonly type: string
  readonly value: string | undefined
  readonly children: readonly Item[]
}

const valueAt = (buffer: Buffer, at: number): string => {
  switch (typeAt(buffer, at)) {
    case ITEM_TYPE.Integer:
      return String(readInteger(buffer, at))
    case ITEM_TYPE.Enumeration:
    case ITEM_TYPE.Interval:
      return String(readUnsigned(buffer, at))
    case ITEM_TYPE.LongInteger:
    case ITEM_TYPE.DateTimeExtended:
      return String(readLong(buffer, at))
    case ITEM_TYPE.DateTime:
      return String(readDateTime(buffer, at))
    case ITEM_TYPE.Boolean:
      return String(readLong(buffer, at) === 1n)
    case ITEM_TYPE.TextString:
    case ITEM_TYPE.Identifier:
    case ITEM_TYPE.Reference:
    case ITEM_TYPE.NameReference:
      return readText(buffer, at)
    default:
      return readBytes(buffer, at).toString('hex')
  }
}

/** Decodes whatever the bytes are, without a schema: nothing of an answer is overlooked. */
export const decodeItem = (buffer: Buffer, at = 0): Item => {
  const tag = tagAt(buffer, at)
  const name = TAGS.nameOf(tag) ?? `0x${tag.toString(16)}`
  const type = itemTypeName(typeAt(buffer, at)) ?? 'unknown'
  if (type !== 'Structure') return { tag, name, type, value: valueAt(buffer, at), children: [] }
  const children: Item[] = []
  const end = at + HEADER_LENGTH + lengthAt(buffer, at)
  for (let child = at + HEADER_LENGTH; child < end; child = nextItem(buffer, child))
    children.push(decodeItem(buffer, child))
  return { tag, name, type, value: undefined, children }
}
