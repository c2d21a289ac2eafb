import { OPERATION, RESULT_REASON, RESULT_STATUS } from '../../src/protocol/enumerations.ts'
import type { Operation, ResultReason, ResultStatus } from '../../src/protocol/enumerations.ts'
import { TAG, TAGS } from '../../src/protocol/tags.ts'
import { inRange, type Version, versionNumbers } from '../../src/schema/version.ts'
import { ITEM_TYPE } from '../../src/ttlv/item-type.ts'

/*
 * Messages as bytes, put together and taken apart by hand: of the server's own code only the tables of names are used,
 * which have their own tests. That way a client is tested against, not the server against itself.
 */

export type TagName = keyof typeof TAG

/** A tag by name, or by number where it has none. */
type Tag = TagName | number

const tagNumber = (tag: Tag): number => (typeof tag === 'number' ? tag : TAG[tag])

/** An item with a header that says whatever one likes; `value` is written as it is. */
export const rawItem = (tag: Tag, type: number, value: Buffer, length = value.length): Buffer => {
  const header = Buffer.alloc(8)
  header.writeUIntBE(tagNumber(tag), 0, 3)
  header.writeUInt8(type, 3)
  header.writeUInt32BE(length >>> 0, 4)
  return Buffer.concat([header, value])
}

const padded = (value: Buffer): Buffer => Buffer.concat([value], (value.length + 7) & ~7)

const number = (value: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeInt32BE(value | 0)
  return bytes
}

const long = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(value)
  return bytes
}

export const struct = (tag: Tag, ...children: readonly Buffer[]): Buffer =>
  rawItem(tag, ITEM_TYPE.Structure, Buffer.concat(children))
export const int = (tag: Tag, value: number): Buffer => rawItem(tag, ITEM_TYPE.Integer, number(value), 4)
export const enumeration = (tag: Tag, value: number): Buffer => rawItem(tag, ITEM_TYPE.Enumeration, number(value), 4)
export const interval = (tag: Tag, value: number): Buffer => rawItem(tag, ITEM_TYPE.Interval, number(value), 4)
export const longInt = (tag: Tag, value: bigint): Buffer => rawItem(tag, ITEM_TYPE.LongInteger, long(value))
export const date = (tag: Tag, value: number): Buffer => rawItem(tag, ITEM_TYPE.DateTime, long(BigInt(value)))
export const bool = (tag: Tag, value: boolean): Buffer => rawItem(tag, ITEM_TYPE.Boolean, long(value ? 1n : 0n))
export const bytes = (tag: Tag, value: Buffer): Buffer =>
  rawItem(tag, ITEM_TYPE.ByteString, padded(value), value.length)
export const text = (tag: Tag, value: string | Buffer): Buffer => {
  const encoded = Buffer.from(value)
  return rawItem(tag, ITEM_TYPE.TextString, padded(encoded), encoded.length)
}
/** `value` is as on the wire: its length is not made right. */
export const big = (tag: Tag, value: Buffer): Buffer => rawItem(tag, ITEM_TYPE.BigInteger, value)

// Reading -------------------------------------------------------------------------------------------------------------

export type Value = number | bigint | boolean | string | Buffer

export type Node = {
  readonly tag: number
  readonly type: number
  readonly value: Value | undefined
  readonly children: readonly Node[]
}

const valueOf = (type: number, body: Buffer): Value | undefined => {
  switch (type) {
    case ITEM_TYPE.Integer:
      return body.readInt32BE()
    case ITEM_TYPE.Enumeration:
    case ITEM_TYPE.Interval:
      return body.readUInt32BE()
    case ITEM_TYPE.LongInteger:
      return body.readBigInt64BE()
    case ITEM_TYPE.DateTime:
    case ITEM_TYPE.DateTimeExtended:
      return Number(body.readBigInt64BE())
    case ITEM_TYPE.Boolean:
      return body.readBigInt64BE() === 1n
    case ITEM_TYPE.TextString:
      return body.toString()
    case ITEM_TYPE.Structure:
      return undefined
    default:
      return body
  }
}

const parseAll = (buffer: Buffer): readonly Node[] => {
  const nodes: Node[] = []
  for (let at = 0; at < buffer.length;) {
    const type = buffer.readUInt8(at + 3)
    const length = buffer.readUInt32BE(at + 4)
    const end = at + 8 + length
    if (end > buffer.length) throw new Error('an item of the response runs past its structure')
    const body = buffer.subarray(at + 8, end)
    const children = type === ITEM_TYPE.Structure ? parseAll(body) : []
    nodes.push({ tag: buffer.readUIntBE(at, 3), type, value: valueOf(type, body), children })
    at = type === ITEM_TYPE.Structure ? end : at + 8 + ((length + 7) & ~7)
  }
  return nodes
}

/** Reads exactly one item. */
export const parse = (buffer: Buffer): Node => {
  const [node, ...more] = parseAll(buffer)
  if (node === undefined || more.length > 0) throw new Error('the response is not one item')
  return node
}

export const all = (node: Node | undefined, tag: Tag): readonly Node[] =>
  node?.children.filter((child) => child.tag === tagNumber(tag)) ?? []

/** The first item on this way down. */
export const find = (node: Node | undefined, ...path: readonly Tag[]): Node | undefined =>
  path.reduce<Node | undefined>((at, tag) => all(at, tag)[0], node)

export const valueAt = (node: Node | undefined, ...path: readonly Tag[]): Value | undefined =>
  find(node, ...path)?.value

export const textAt = (node: Node | undefined, ...path: readonly Tag[]): string => {
  const value = valueAt(node, ...path)
  if (typeof value !== 'string') throw new Error(`no text at ${path.join('/')}`)
  return value
}

/** Every tag of a message with the way to it, for comparing what a version may contain. */
export const tagsIn = (node: Node): readonly number[] => [node.tag, ...node.children.flatMap(tagsIn)]

export const tagName = (tag: number): string => TAGS.nameOf(tag) ?? tag.toString(16)

// Requests ------------------------------------------------------------------------------------------------------------

export const protocolVersion = (major: number, minor: number): Buffer =>
  struct('ProtocolVersion', int('ProtocolVersionMajor', major), int('ProtocolVersionMinor', minor))

export const versionItem = (version: Version): Buffer => {
  const { major, minor } = versionNumbers(version)
  return protocolVersion(major, minor)
}

/** A batch item; `id` where there are several. */
export const batchItem = (
  operation: Operation | number,
  payload: readonly Buffer[],
  id?: Buffer,
  after: readonly Buffer[] = [],
): Buffer =>
  struct(
    'BatchItem',
    enumeration('Operation', typeof operation === 'number' ? operation : OPERATION.code[operation]),
    ...(id === undefined ? [] : [bytes('UniqueBatchItemID', id)]),
    struct('RequestPayload', ...payload),
    ...after,
  )

/** A request message of ready items; `fields` stand between Protocol Version and Batch Count. */
export const message = (
  version: Version,
  items: readonly Buffer[],
  fields: readonly Buffer[] = [],
  batchCount = items.length,
): Buffer =>
  struct(
    'RequestMessage',
    struct('RequestHeader', versionItem(version), ...fields, int('BatchCount', batchCount)),
    ...items,
  )

/** A request message of one operation. */
export const request = (version: Version, operation: Operation | number, ...payload: readonly Buffer[]): Buffer =>
  message(version, [batchItem(operation, payload)])

/** Several operations in one message, with the Unique Batch Item IDs 01, 02, ... */
export const batch = (
  version: Version,
  items: readonly (readonly [Operation | number, ...Buffer[]])[],
  fields: readonly Buffer[] = [],
): Buffer =>
  message(
    version,
    items.map(([operation, ...payload], index) => batchItem(operation, payload, Buffer.from([index + 1]))),
    fields,
  )

// Attributes ----------------------------------------------------------------------------------------------------------

/** An attribute that can be written in either form. */
export type Attribute = {
  readonly label: string
  readonly tag: TagName | undefined
  readonly write: (tag: Tag) => Buffer
}

const words = (tag: TagName): string => tag.replace(/(?<=[a-z])(?=[A-Z])/g, ' ')

export const attribute = (tag: TagName, write: Attribute['write'], label = words(tag)): Attribute => ({
  label,
  tag,
  write,
})

/** A custom attribute by its name behind `x-`. */
export const custom = (name: string, write: Attribute['write']): Attribute => ({
  label: `x-${name}`,
  tag: undefined,
  write,
})

const isNew = (version: Version): boolean => inRange(version, { since: '2.0' })

/** Attribute of 1.x, with an Attribute Index if one is given. */
export const namedAttribute = ({ label, write }: Attribute, index?: number): Buffer =>
  struct(
    'Attribute',
    text('AttributeName', label),
    ...(index === undefined ? [] : [int('AttributeIndex', index)]),
    write('AttributeValue'),
  )

/** The attribute as it stands in an Attributes structure of 2.x. */
export const taggedAttribute = ({ label, tag, write }: Attribute): Buffer =>
  tag === undefined
    ? struct(
        'Attribute',
        text('VendorIdentification', 'x'),
        text('AttributeName', label.slice(2)),
        write('AttributeValue'),
      )
    : write(tag)

/** Template-Attribute or Attributes, as the version has it. */
export const attributes = (version: Version, ...list: readonly Attribute[]): Buffer =>
  isNew(version)
    ? struct('Attributes', ...list.map(taggedAttribute))
    : struct('TemplateAttribute', ...list.map((one) => namedAttribute(one)))

/** The attributes that Locate looks for, as the version has them. */
export const filters = (version: Version, ...list: readonly Attribute[]): readonly Buffer[] =>
  isNew(version) ? [struct('Attributes', ...list.map(taggedAttribute))] : list.map((one) => namedAttribute(one))

/** The attribute that Add Attribute and Modify Attribute bring. */
export const newAttribute = (version: Version, one: Attribute): Buffer =>
  isNew(version) ? struct('NewAttribute', taggedAttribute(one)) : namedAttribute(one)

/** The names that Get Attributes asks for. */
export const attributeNames = (version: Version, ...tags: readonly TagName[]): readonly Buffer[] =>
  tags.map((tag) => (isNew(version) ? enumeration('AttributeReference', TAG[tag]) : text('AttributeName', words(tag))))

/** The value of an attribute in the answer of Get Attributes, in either form. */
export const attributeIn = (payload: Node | undefined, tag: TagName): Node | undefined =>
  find(payload, 'Attributes', tag) ??
  find(
    all(payload, 'Attribute').find((one) => valueAt(one, 'AttributeName') === words(tag)),
    'AttributeValue',
  )

// Responses -----------------------------------------------------------------------------------------------------------

export type Item = {
  readonly operation: Operation | undefined
  readonly id: Buffer | undefined
  readonly status: ResultStatus | undefined
  readonly reason: ResultReason | undefined
  readonly message: string | undefined
  readonly payload: Node | undefined
}

export type Response = {
  readonly node: Node
  readonly version: string
  readonly timeStamp: number
  readonly items: readonly Item[]
  readonly first: Item
}

const codeAt = (node: Node, tag: TagName): number => {
  const value = valueAt(node, tag)
  return typeof value === 'number' ? value : -1
}

const itemOf = (node: Node): Item => {
  const id = valueAt(node, 'UniqueBatchItemID')
  const text = valueAt(node, 'ResultMessage')
  return {
    operation: OPERATION.nameOf(codeAt(node, 'Operation')),
    id: Buffer.isBuffer(id) ? id : undefined,
    status: RESULT_STATUS.nameOf(codeAt(node, 'ResultStatus')),
    reason: RESULT_REASON.nameOf(codeAt(node, 'ResultReason')),
    message: typeof text === 'string' ? text : undefined,
    payload: find(node, 'ResponsePayload'),
  }
}

/** Takes a response message apart, and insists on what every response must have (1.4 section 7.2, 2.1 section 8.5). */
export const readResponse = (buffer: Buffer): Response => {
  const node = parse(buffer)
  if (node.tag !== TAG.ResponseMessage) throw new Error('no Response Message')
  const header = find(node, 'ResponseHeader')
  const timeStamp = valueAt(header, 'TimeStamp')
  const [first, ...more] = all(node, 'BatchItem').map(itemOf)
  if (first === undefined) throw new Error('a response without items')
  const items = [first, ...more]
  if (valueAt(header, 'BatchCount') !== items.length) throw new Error('Batch Count is not the number of items')
  if (typeof timeStamp !== 'number') throw new Error('a response without Time Stamp')
  const [major, minor] = [
    valueAt(header, 'ProtocolVersion', 'ProtocolVersionMajor'),
    valueAt(header, 'ProtocolVersion', 'ProtocolVersionMinor'),
  ]
  for (const item of items) {
    const failed = item.status === 'OperationFailed'
    if (failed && (item.reason === undefined || item.message === undefined || item.message === ''))
      throw new Error('a failed item without reason or message')
  }
  return { node, version: `${String(major)}.${String(minor)}`, timeStamp, items, first }
}
