import { ITEM_TYPE, type ItemTypeName } from '../ttlv/item-type.ts'
import { Writer } from '../ttlv/writer.ts'
import { EncodingError } from './encoding-error.ts'
import { fieldOf, labelAfter, tagOf } from './names.ts'
import type { ValueReader } from './notation.ts'
import type { Scalar, TextItem } from './text-item.ts'

/* From items in text to TTLV. */

type Target = {
  readonly values: ValueReader
  readonly writer: Writer
  /** Names of the tags down to the item in hand; not taken back when something is wrong. */
  readonly path: string[]
  /** Where the structures begin that have not ended. */
  readonly open: number[]
}

const invalid = ({ path }: Target, problem: string, { offset }: TextItem): EncodingError =>
  new EncodingError('invalid', problem, offset, path)

const isTypeName = (name: string): name is ItemTypeName => Object.hasOwn(ITEM_TYPE, name)

type Write = (target: Target, tag: number, value: Scalar, field: number) => boolean

/** Writes a value that could be read; says whether it could. */
const given =
  <T>(
    read: (values: ValueReader, value: Scalar, field: number) => T | undefined,
    write: (writer: Writer, tag: number, value: T) => void,
  ): Write =>
  ({ values, writer }, tag, value, field) => {
    const found = read(values, value, field)
    if (found === undefined) return false
    write(writer, tag, found)
    return true
  }

const asText = (type: 'Identifier' | 'Reference' | 'NameReference'): Write =>
  given(
    (r, v) => r.text(v),
    (w, tag, v) => w.textAs(ITEM_TYPE[type], tag, v),
  )

const WRITE: { readonly [N in Exclude<ItemTypeName, 'Structure'>]: Write } = {
  Integer: given(
    (r, v, field) => r.integer(v, field),
    (w, tag, v) => w.integer(tag, v),
  ),
  LongInteger: given(
    (r, v) => r.longInteger(v),
    (w, tag, v) => w.longInteger(tag, v),
  ),
  BigInteger: given(
    (r, v) => r.bigInteger(v),
    (w, tag, v) => w.bigInteger(tag, v),
  ),
  Enumeration: given(
    (r, v, field) => r.enumeration(v, field),
    (w, tag, v) => w.enumeration(tag, v),
  ),
  Boolean: given(
    (r, v) => r.boolean(v),
    (w, tag, v) => w.boolean(tag, v),
  ),
  TextString: given(
    (r, v) => r.text(v),
    (w, tag, v) => w.text(tag, v),
  ),
  ByteString: given(
    (r, v) => r.bytes(v),
    (w, tag, v) => w.byteString(tag, v),
  ),
  DateTime: given(
    (r, v) => r.dateTime(v),
    (w, tag, v) => w.dateTime(tag, v),
  ),
  Interval: given(
    (r, v) => r.interval(v),
    (w, tag, v) => w.interval(tag, v),
  ),
  DateTimeExtended: given(
    (r, v) => r.dateTimeExtended(v),
    (w, tag, v) => w.dateTimeExtended(tag, v),
  ),
  Identifier: asText('Identifier'),
  Reference: asText('Reference'),
  NameReference: asText('NameReference'),
}

const writeStructure = (target: Target, tag: number, item: TextItem): void => {
  if (item.value !== undefined) throw invalid(target, 'a Structure with a value of its own', item)
  const { writer, open } = target
  open.push(writer.begin(tag))
  let label: string | undefined
  for (const child of item.children ?? []) {
    const childTag = writeItem(target, child, label)
    label = labelAfter(label, childTag, () => (typeof child.value === 'string' ? child.value : undefined))
  }
  const start = open.pop()
  if (start !== undefined) writer.end(start)
}

/** Returns the tag of the item. */
const writeItem = (target: Target, item: TextItem, label: string | undefined): number => {
  target.path.push(item.tag)
  const tag = tagOf(item.tag)
  if (tag === undefined) {
    target.path.pop()
    throw invalid(target, 'a tag with an unknown name', item)
  }
  if (!isTypeName(item.type)) throw invalid(target, 'an unknown type', item)
  if (item.type === 'Structure') writeStructure(target, tag, item)
  else {
    if (item.children !== undefined) throw invalid(target, `items inside a ${item.type}`, item)
    if (item.value === undefined) throw invalid(target, `a ${item.type} without a value`, item)
    if (!WRITE[item.type](target, tag, item.value, fieldOf(tag, label)))
      throw invalid(target, `not a value of type ${item.type}`, item)
  }
  target.path.pop()
  return tag
}

const writer = new Writer()

/** What has been written, its structures closed where something was wrong. */
const written = ({ open }: Target): Buffer => {
  for (const start of open.toReversed()) writer.end(start)
  const bytes = Buffer.from(writer.bytes())
  writer.reset()
  return bytes
}

/**
 * The message as TTLV.
 * @throws EncodingError with what could be written
 */
export const toTtlv = (item: TextItem, values: ValueReader): Buffer => {
  const target: Target = { values, writer, path: [], open: [] }
  try {
    writeItem(target, item, undefined)
  } catch (error) {
    const partial = written(target)
    if (!(error instanceof EncodingError)) throw error
    throw new EncodingError(error.kind, error.problem, error.offset, error.path, partial)
  }
  return written(target)
}
