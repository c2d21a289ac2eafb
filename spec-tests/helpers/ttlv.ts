import { ITEM_TYPE, type ItemTypeName } from '../../src/ttlv/item-type.ts'
import { Writer } from '../../src/ttlv/writer.ts'

/** Bytes from hex in which blanks and the bars of the specification's examples mean nothing. */
export const hex = (text: string): Buffer => Buffer.from(text.replace(/[\s|]/g, ''), 'hex')

/** An item with whatever header one likes: the length and the padding are those given, not those that are right. */
export const item = (tag: number, type: number, value: Buffer, length = value.length): Buffer => {
  const header = Buffer.alloc(8)
  header.writeUIntBE(tag, 0, 3)
  header.writeUInt8(type, 3)
  header.writeUInt32BE(length, 4)
  return Buffer.concat([header, value])
}

export const structure = (tag: number, ...children: readonly Buffer[]): Buffer =>
  item(tag, ITEM_TYPE.Structure, Buffer.concat(children))

/** What a fresh writer makes of it, copied. */
export const written = (write: (writer: Writer) => void): Buffer => {
  const writer = new Writer()
  write(writer)
  return Buffer.from(writer.bytes())
}

/** Structures in structures, `depth` of them. */
export const nested = (depth: number): Buffer => {
  const buffer = Buffer.alloc(depth * 8)
  for (let level = 0; level < depth; level += 1) {
    buffer.writeUIntBE(0x420008, level * 8, 3)
    buffer.writeUInt8(ITEM_TYPE.Structure, level * 8 + 3)
    buffer.writeUInt32BE((depth - level - 1) * 8, level * 8 + 4)
  }
  return buffer
}

export const ITEM_TYPE_NAMES: readonly ItemTypeName[] = [
  'Structure',
  'Integer',
  'LongInteger',
  'BigInteger',
  'Enumeration',
  'Boolean',
  'TextString',
  'ByteString',
  'DateTime',
  'Interval',
  'DateTimeExtended',
  'Identifier',
  'Reference',
  'NameReference',
]
