import { ITEM_TYPE, type ItemTypeName, itemTypeName } from '../ttlv/item-type.ts'
import {
  HEADER_LENGTH,
  lengthAt,
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
import { SchemaError } from './error.ts'
import { type Codec, type Kind, memoised } from './kind.ts'
import { inRange, isLegible, type Version, type VersionRange } from './version.ts'

/** A codec that reads otherwise than `codec`, of which it is no leaf any more: a leaf reads one type and asks nothing. */
export const readingAs = <T>(codec: Codec<T>, read: Codec<T>['read']): Codec<T> => ({ ...codec, leaf: undefined, read })

/**
 * A value that is written in another way in some versions. Storage keeps the `usual` way, so that what is in a database
 * does not depend on a draft; both ways are read where they are legible, told apart by their item types.
 */
export const writtenAs = <T>(usual: Kind<T>, other: Kind<T>, range: VersionRange): Kind<T> =>
  memoised({
    name: usual.name,
    itemTypes: [...usual.itemTypes, ...other.itemTypes],
    storedTypes: usual.storedTypes ?? usual.itemTypes,
    compile: (target) => {
      const codec = usual.compile(target)
      if (target === 'storage' || !isLegible(target, range)) return codec
      const newer = other.compile(target)
      return readingAs(inRange(target, range) ? newer : codec, (buffer, at) =>
        (other.itemTypes.some((type) => type === typeAt(buffer, at)) ? newer : codec).read(buffer, at),
      )
    },
  })

type Alternative<T> = { readonly kind: Kind<T>; readonly is: (value: unknown) => boolean; readonly since?: Version }

/**
 * A value whose item type tells which kind it is, such as a Unique Identifier that is a text, an enumeration or an
 * integer since 2.0. Kinds must not share an item type; `is` recognises the values of a kind when writing.
 */
export const oneOf = <T>(name: string, alternatives: readonly Alternative<T>[]): Kind<T> =>
  memoised({
    name,
    itemTypes: alternatives.flatMap(({ kind }) => kind.itemTypes),
    compile: (target) => {
      const compiled = alternatives.map(({ kind, is, since }) => ({
        codec: kind.compile(target),
        is,
        inRange: inRange(target, { since }),
      }))
      const byItemType: (Codec<T> | undefined)[] = []
      alternatives.forEach(({ kind }, index) => {
        for (const type of kind.itemTypes) byItemType[type] = compiled[index]?.codec
      })
      const find = (value: T) => {
        for (const candidate of compiled) if (candidate.is(value)) return candidate
        return undefined
      }
      const fits = (value: T): boolean => {
        const match = find(value)
        return match !== undefined && match.inRange && (match.codec.fits?.(value) ?? true)
      }
      return {
        read: (buffer, at) => {
          const codec = byItemType[typeAt(buffer, at)]
          if (codec === undefined) throw new SchemaError('wrong-type', name, at)
          return codec.read(buffer, at)
        },
        write: (writer, tag, value) => find(value)?.codec.write(writer, tag, value),
        ...(compiled.every(({ codec, inRange }) => inRange && codec.fits === undefined) ? {} : { fits }),
      }
    },
  })

/** An alternative of {@link oneOf}, typed by its own kind. */
export const alternative = <A, T extends A>(
  kind: Kind<T>,
  is: (value: unknown) => value is T,
  since?: Version,
): Alternative<A> => ({ kind: kind, is, ...(since === undefined ? {} : { since }) })

/** The children of a structure as they are, for whoever knows later what they mean. A view: copy what outlives the request. */
export const rawStructure: Kind<Buffer> = {
  name: 'Structure',
  itemTypes: [ITEM_TYPE.Structure],
  compile: () => ({
    read: (buffer, at) => {
      if (typeAt(buffer, at) !== ITEM_TYPE.Structure) throw new SchemaError('wrong-type', 'Structure', at)
      return readBytes(buffer, at)
    },
    write: (writer, tag, value) => {
      const start = writer.begin(tag)
      writer.raw(value)
      writer.end(start)
    },
  }),
}

/** The whole item, header included: a payload that is decoded later, when it is known what it is. A view. */
export const rawItem: Kind<Buffer> = {
  name: 'Item',
  itemTypes: [ITEM_TYPE.Structure],
  compile: () => ({
    read: (buffer, at) => buffer.subarray(at, at + HEADER_LENGTH + lengthAt(buffer, at)),
    write: (writer, _tag, value) => writer.raw(value),
  }),
}

/** A value of any item type, as custom attributes have it. A Structure keeps its encoded children. */
export type AnyValue =
  | { readonly type: 'Integer' | 'Enumeration' | 'DateTime' | 'Interval'; readonly value: number }
  | { readonly type: 'LongInteger' | 'DateTimeExtended'; readonly value: bigint }
  | { readonly type: 'Boolean'; readonly value: boolean }
  | { readonly type: 'TextString'; readonly value: string }
  | { readonly type: 'BigInteger' | 'ByteString' | 'Structure'; readonly value: Buffer }

const READ_ANY: { readonly [N in ItemTypeName]: (buffer: Buffer, at: number) => AnyValue } = {
  Structure: (buffer, at) => ({ type: 'Structure', value: readBytes(buffer, at) }),
  Integer: (buffer, at) => ({ type: 'Integer', value: readInteger(buffer, at) }),
  LongInteger: (buffer, at) => ({ type: 'LongInteger', value: readLong(buffer, at) }),
  BigInteger: (buffer, at) => ({ type: 'BigInteger', value: readBytes(buffer, at) }),
  Enumeration: (buffer, at) => ({ type: 'Enumeration', value: readUnsigned(buffer, at) }),
  Boolean: (buffer, at) => ({ type: 'Boolean', value: readBoolean(buffer, at) }),
  TextString: (buffer, at) => ({ type: 'TextString', value: readText(buffer, at) }),
  ByteString: (buffer, at) => ({ type: 'ByteString', value: readBytes(buffer, at) }),
  DateTime: (buffer, at) => ({ type: 'DateTime', value: readDateTime(buffer, at) }),
  Interval: (buffer, at) => ({ type: 'Interval', value: readUnsigned(buffer, at) }),
  DateTimeExtended: (buffer, at) => ({ type: 'DateTimeExtended', value: readLong(buffer, at) }),
  // Names of objects are texts wherever nothing more is known of the value.
  Identifier: (buffer, at) => ({ type: 'TextString', value: readText(buffer, at) }),
  Reference: (buffer, at) => ({ type: 'TextString', value: readText(buffer, at) }),
  NameReference: (buffer, at) => ({ type: 'TextString', value: readText(buffer, at) }),
}

const writeAny = (writer: Writer, tag: number, any: AnyValue): void => {
  switch (any.type) {
    case 'Integer':
      return writer.integer(tag, any.value)
    case 'Enumeration':
      return writer.enumeration(tag, any.value)
    case 'DateTime':
      return writer.dateTime(tag, any.value)
    case 'Interval':
      return writer.interval(tag, any.value)
    case 'LongInteger':
      return writer.longInteger(tag, any.value)
    case 'DateTimeExtended':
      return writer.dateTimeExtended(tag, any.value)
    case 'Boolean':
      return writer.boolean(tag, any.value)
    case 'TextString':
      return writer.text(tag, any.value)
    case 'BigInteger':
      return writer.bigInteger(tag, any.value)
    case 'ByteString':
      return writer.byteString(tag, any.value)
    case 'Structure': {
      const start = writer.begin(tag)
      writer.raw(any.value)
      return writer.end(start)
    }
  }
}

/** Date Time Extended is 2.0 and later; everything else every version knows. */
const anyCodec = (extendedTypes: boolean): Codec<AnyValue> => ({
  read: (buffer, at) => {
    const name = itemTypeName(typeAt(buffer, at))
    if (name === undefined) throw new SchemaError('wrong-type', 'any value', at)
    return READ_ANY[name](buffer, at)
  },
  write: writeAny,
  ...(extendedTypes ? {} : { fits: (value: AnyValue) => value.type !== 'DateTimeExtended' }),
})

/** See {@link AnyValue}. */
export const anyValue: Kind<AnyValue> = memoised({
  name: 'any value',
  itemTypes: Object.values(ITEM_TYPE),
  compile: (target) => anyCodec(inRange(target, { since: '2.0' })),
})
