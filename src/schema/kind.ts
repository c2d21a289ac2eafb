import type { ItemType } from '../ttlv/item-type.ts'
import type { Writer } from '../ttlv/writer.ts'
import type { Target } from './version.ts'

/** A value that is one item of one type, so that no codec has to be asked for it. */
export type Leaf = {
  readonly itemType: ItemType
  /** Reads the value of an item of that type. */
  readonly read: (buffer: Buffer, at: number) => unknown
  /** The method of {@link Writer} that writes one. */
  readonly write:
    | 'integer'
    | 'longInteger'
    | 'bigInteger'
    | 'boolean'
    | 'text'
    | 'byteString'
    | 'dateTime'
    | 'dateTimeExtended'
    | 'interval'
    | 'enumeration'
}

/** Reads and writes one kind of value for one target version. Compiled once, used for every message. */
export type Codec<T> = {
  /**
   * Reads the item that starts at `at`; `scan` has checked its form.
   * @throws SchemaError
   */
  read(buffer: Buffer, at: number): T
  /** Writes one item (a list kind: any number of them). */
  write(writer: Writer, tag: number, value: T): void
  /**
   * Whether the target version can express the value; absent where it always can. What does not fit is left out where
   * it is optional: an answer holds only what the version of the request defines.
   */
  fits?(value: T): boolean
  /** Where the value is such a one: what `read` does besides is to check the type. */
  readonly leaf?: Leaf | undefined
}

/** A kind of value, not yet bound to a version. */
export type Kind<T> = {
  /** What it is called in an error. */
  readonly name: string
  /** The item types that may carry it. */
  readonly itemTypes: readonly ItemType[]
  /** Those of the form that is stored, where not all are: the others are another form of some versions. */
  readonly storedTypes?: readonly ItemType[]
  compile(target: Target): Codec<T>
}

/** The type of the values of a kind. */
export type ValueOf<K> = K extends Kind<infer T> ? T : never

/** Remembers one codec per target, so that shared kinds are compiled once. */
export const memoised = <T>(kind: Kind<T>): Kind<T> => {
  const codecs = new Map<Target, Codec<T>>()
  return {
    ...kind,
    compile: (target) => {
      const known = codecs.get(target)
      if (known !== undefined) return known
      const codec = kind.compile(target)
      codecs.set(target, codec)
      return codec
    },
  }
}
