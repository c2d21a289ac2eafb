import { ITEM_TYPE, itemTypeName } from '../ttlv/item-type.ts'
import {
  HEADER_LENGTH,
  lengthAt,
  nextItem,
  readBoolean,
  readBytes,
  readInteger,
  readLong,
  readText,
  readUnsigned,
  tagAt,
  typeAt,
} from '../ttlv/reader.ts'
import { EncodingError } from './encoding-error.ts'
import { fieldOf, labelAfter, tagName } from './names.ts'
import type { Layout, RenderOptions, ValueWriter } from './notation.ts'

/* From TTLV to items in text. `scan` has checked the message, or we have written it ourselves. */

const format = (values: ValueWriter, buffer: Buffer, at: number, field: number): string | undefined => {
  switch (typeAt(buffer, at)) {
    case ITEM_TYPE.Integer:
      return values.integer(readInteger(buffer, at), field)
    case ITEM_TYPE.LongInteger:
      return values.longInteger(readLong(buffer, at))
    case ITEM_TYPE.BigInteger:
      return values.bigInteger(readBytes(buffer, at))
    case ITEM_TYPE.Enumeration:
      return values.enumeration(readUnsigned(buffer, at), field)
    case ITEM_TYPE.Boolean:
      return values.boolean(readBoolean(buffer, at))
    case ITEM_TYPE.TextString:
    case ITEM_TYPE.Identifier:
    case ITEM_TYPE.Reference:
    case ITEM_TYPE.NameReference:
      return values.text(readText(buffer, at))
    case ITEM_TYPE.ByteString:
      return values.bytes(readBytes(buffer, at))
    case ITEM_TYPE.DateTime:
      return values.dateTime(readLong(buffer, at))
    case ITEM_TYPE.Interval:
      return values.interval(readUnsigned(buffer, at))
    case ITEM_TYPE.DateTimeExtended:
      return values.dateTimeExtended(readLong(buffer, at))
    default:
      return undefined
  }
}

const renderLeaf = (
  layout: Layout,
  buffer: Buffer,
  at: number,
  label: string | undefined,
  { hidden, inPlace }: RenderOptions,
): string => {
  const tag = tagAt(buffer, at)
  const type = itemTypeName(typeAt(buffer, at))
  const value =
    inPlace !== undefined && hidden?.has(at) === true
      ? inPlace(buffer, at)
      : format(layout.values, buffer, at, fieldOf(tag, label))
  if (type === undefined || value === undefined)
    throw new EncodingError('invalid', 'a value that has no form in this encoding', at, [tagName(tag)])
  return layout.leaf(tag, type, value)
}

const breakAt = ({ indent }: RenderOptions, depth: number): string =>
  indent === undefined ? '' : `\n${' '.repeat(indent * depth)}`

const renderStructure = (
  layout: Layout,
  buffer: Buffer,
  from: number,
  options: RenderOptions,
  depth: number,
): string => {
  const tag = tagAt(buffer, from)
  const end = from + HEADER_LENGTH + lengthAt(buffer, from)
  const start = from + HEADER_LENGTH
  if (start === end) return layout.empty(tag)
  let text = layout.open(tag)
  let label: string | undefined
  for (let at = start; at < end; at = nextItem(buffer, at)) {
    const isStructure = typeAt(buffer, at) === ITEM_TYPE.Structure
    if (at > start) text += layout.separator
    text += breakAt(options, depth + 1)
    text += isStructure
      ? renderStructure(layout, buffer, at, options, depth + 1)
      : renderLeaf(layout, buffer, at, label, options)
    label = labelAfter(label, tagAt(buffer, at), () => (isStructure ? undefined : readText(buffer, at)))
  }
  return layout.close === undefined ? text : text + breakAt(options, depth) + layout.close(tag)
}

/**
 * The message as text.
 * @throws EncodingError where the notation cannot express a value
 */
export const fromTtlv = (layout: Layout, message: Buffer, options: RenderOptions = {}): string =>
  typeAt(message, 0) === ITEM_TYPE.Structure
    ? renderStructure(layout, message, 0, options, 0)
    : renderLeaf(layout, message, 0, undefined, options)
