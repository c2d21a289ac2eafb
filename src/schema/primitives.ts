import { ITEM_TYPE, type ItemType } from '../ttlv/item-type.ts'
import {
  readBoolean,
  readBytes,
  readDateTime,
  readInteger,
  readLong,
  readText,
  readUnsigned,
  typeAt,
} from '../ttlv/reader.ts'
import type { Writer } from '../ttlv/writer.ts'
import { type Enumeration, isExtensionCode } from './enumeration.ts'
import { SchemaError } from './error.ts'
import type { Codec, Kind, Leaf } from './kind.ts'
import type { Target } from './version.ts'

const expectType = (buffer: Buffer, at: number, type: ItemType, name: string): void => {
  if (typeAt(buffer, at) !== type) throw new SchemaError('wrong-type', name, at)
}

const primitive = <T>(
  name: string,
  itemType: ItemType,
  read: (buffer: Buffer, at: number) => T,
  write: (writer: Writer, tag: number, value: T) => void,
  method?: Leaf['write'],
): Kind<T> => {
  const codec: Codec<T> = {
    read: (buffer, at) => {
      expectType(buffer, at, itemType, name)
      return read(buffer, at)
    },
    write,
    ...(method === undefined ? {} : { leaf: { itemType, read, write: method } }),
  }
  return { name, itemTypes: [itemType], compile: () => codec }
}

/** Integer, also the carrier of bit masks: a signed 32-bit number. */
export const integer: Kind<number> = primitive(
  'Integer',
  ITEM_TYPE.Integer,
  readInteger,
  (w, tag, v) => w.integer(tag, v),
  'integer',
)

export const longInteger: Kind<bigint> = primitive(
  'Long Integer',
  ITEM_TYPE.LongInteger,
  readLong,
  (w, tag, v) => w.longInteger(tag, v),
  'longInteger',
)

/** Big Integer as its bytes, two's complement and most significant first: key material never becomes a bigint. */
export const bigInteger: Kind<Buffer> = primitive(
  'Big Integer',
  ITEM_TYPE.BigInteger,
  readBytes,
  (w, tag, v) => w.bigInteger(tag, v),
  'bigInteger',
)

export const boolean: Kind<boolean> = primitive(
  'Boolean',
  ITEM_TYPE.Boolean,
  readBoolean,
  (w, tag, v) => w.boolean(tag, v),
  'boolean',
)

export const text: Kind<string> = primitive(
  'Text String',
  ITEM_TYPE.TextString,
  readText,
  (w, tag, v) => w.text(tag, v),
  'text',
)

const textAs = (name: string, type: ItemType): Kind<string> =>
  primitive(name, type, readText, (w, tag, v) => w.textAs(type, tag, v))

/** The draft types of 3.0 for a name of an object: its own, another's, and another's by its Name attribute. */
export const identifierText = textAs('Identifier', ITEM_TYPE.Identifier)
export const referenceText = textAs('Reference', ITEM_TYPE.Reference)
export const nameReferenceText = textAs('Name Reference', ITEM_TYPE.NameReference)

/** Byte String, a view of the message: copy what outlives the request. */
export const bytes: Kind<Buffer> = primitive(
  'Byte String',
  ITEM_TYPE.ByteString,
  readBytes,
  (w, tag, v) => w.byteString(tag, v),
  'byteString',
)

/** Date Time in seconds since 1970. */
export const dateTime: Kind<number> = primitive(
  'Date Time',
  ITEM_TYPE.DateTime,
  readDateTime,
  (w, tag, v) => w.dateTime(tag, v),
  'dateTime',
)

/** Date Time Extended in microseconds since 1970 (2.0 and later). */
export const dateTimeExtended: Kind<bigint> = primitive(
  'Date Time Extended',
  ITEM_TYPE.DateTimeExtended,
  readLong,
  (w, tag, v) => w.dateTimeExtended(tag, v),
  'dateTimeExtended',
)

/** Interval in seconds, unsigned. */
export const interval: Kind<number> = primitive(
  'Interval',
  ITEM_TYPE.Interval,
  readUnsigned,
  (w, tag, v) => w.interval(tag, v),
  'interval',
)

/** Which names a version knows, where it does not know them all. */
const fitsIn = <Name extends string>(table: Enumeration<Name>, target: Target): Pick<Codec<Name>, 'fits'> => {
  const known: ReadonlySet<string> = new Set(table.names.filter((name) => table.knownIn(name, target)))
  return known.size === table.names.length ? {} : { fits: (value) => known.has(value) }
}

/** An enumeration by the names of its table. Codes outside the table are refused. */
export const enumOf = <Name extends string>(table: Enumeration<Name>): Kind<Name> => ({
  name: table.title,
  itemTypes: [ITEM_TYPE.Enumeration],
  compile: (target) => enumCodec(table, target),
})

const enumCodec = <Name extends string>(table: Enumeration<Name>, target: Target): Codec<Name> => {
  const nameOf = table.namesIn(target)
  const inTarget = table.codesIn(target)
  const codes = new Map<Name, number>(table.names.map((name) => [name, inTarget[name]]))
  return {
    read: (buffer, at) => {
      expectType(buffer, at, ITEM_TYPE.Enumeration, table.title)
      const name = nameOf(readUnsigned(buffer, at))
      if (name === undefined) throw new SchemaError('unknown-enumeration', table.title, at)
      return name
    },
    write: (writer, tag, value) => writer.enumeration(tag, codes.get(value) ?? 0),
    ...fitsIn(table, target),
  }
}

/** An enumeration by its bare code, for whoever must answer about codes that no table has. */
export const enumerationCode: Kind<number> = primitive(
  'Enumeration',
  ITEM_TYPE.Enumeration,
  readUnsigned,
  (w, tag, v) => w.enumeration(tag, v),
  'enumeration',
)

/** As {@link enumOf}, but a vendor's extension code (8xxxxxxx) is kept as the number it is. */
export const extensibleEnumOf = <Name extends string>(table: Enumeration<Name>): Kind<Name | number> => {
  const known = enumOf(table)
  return {
    ...known,
    compile: (target) => {
      const codec = known.compile(target)
      const nameOf = table.namesIn(target)
      return {
        read: (buffer, at) => {
          expectType(buffer, at, ITEM_TYPE.Enumeration, table.title)
          const code = readUnsigned(buffer, at)
          return isExtensionCode(code) ? (nameOf(code) ?? code) : codec.read(buffer, at)
        },
        write: (writer, tag, value) => {
          if (typeof value === 'number') writer.enumeration(tag, value)
          else codec.write(writer, tag, value)
        },
        ...(codec.fits === undefined
          ? {}
          : { fits: (value: Name | number) => typeof value === 'number' || (codec.fits?.(value) ?? true) }),
      }
    },
  }
}
