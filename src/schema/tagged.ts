import type { Writer } from '../ttlv/writer.ts'
import type { Codec, Kind, ValueOf } from './kind.ts'
import type { Target } from './version.ts'

type Table = Readonly<Record<string, { readonly kind: Kind<unknown> }>>

/** A value with the name of the row whose kind it has: the union over a table of kinds. */
export type Tagged<T extends Table> = {
  readonly [N in keyof T & string]: {
    readonly name: N
    readonly index?: number | undefined
    readonly value: ValueOf<T[N]['kind']>
  }
}[keyof T & string]

/** The codec of one row for one target. */
export type TaggedCodec<T extends Table> = {
  read(buffer: Buffer, at: number, index: number | undefined): Tagged<T>
  write(writer: Writer, tag: number, value: unknown): void
  fits?(value: unknown): boolean
}

/**
 * Looks codecs up by row name and target. The names come from the caller's table, so a row's value always has its
 * row's type: the one place that knows this is the cast in here.
 */
export const taggedUnion = <T extends Table>(
  table: T,
): ((name: keyof T & string, target: Target) => TaggedCodec<T>) => {
  const cache = new Map<Target, Map<string, TaggedCodec<T>>>()

  const compile = (name: string, target: Target): TaggedCodec<T> => {
    const kind = table[name]?.kind
    if (kind === undefined) throw new TypeError(`no row ${name}`)
    const codec: Codec<unknown> = kind.compile(target)
    return {
      read: (buffer, at, index) => ({ name, index, value: codec.read(buffer, at) }) as unknown as Tagged<T>,
      write: (writer, tag, value) => codec.write(writer, tag, value),
      ...(codec.fits === undefined ? {} : { fits: (value: unknown) => codec.fits?.(value) ?? true }),
    }
  }

  return (name, target) => {
    const codecs = cache.get(target) ?? new Map<string, TaggedCodec<T>>()
    cache.set(target, codecs)
    const codec = codecs.get(name) ?? compile(name, target)
    codecs.set(name, codec)
    return codec
  }
}

type Named = { readonly name: string; readonly value: unknown }

/** Reads the first value of a given name out of a list of tagged values. */
export const taggedValue =
  <T extends Table>() =>
  <N extends keyof T & string>(list: readonly Named[], name: N): ValueOf<T[N]['kind']> | undefined =>
    list.find((entry) => entry.name === name)?.value as ValueOf<T[N]['kind']> | undefined
