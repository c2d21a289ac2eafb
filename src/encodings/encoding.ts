import { isUtf8 } from 'node:buffer'
import { EncodingError } from './encoding-error.ts'
import type { Layout, ValueReader } from './notation.ts'
import { fromTtlv } from './render-item.ts'
import type { Reading, TextItem, TextLimits } from './text-item.ts'
import { toTtlv } from './write-item.ts'

/** A message that a text says, or the part of it before what is wrong with it. */
export type Said = { readonly message: Buffer; readonly error?: EncodingError }

/** A form of messages beside TTLV (Additional Message Encodings 1.0). */
export type Encoding = {
  readonly name: 'JSON' | 'XML'
  /**
   * The text of a message that is well-formed.
   * @throws EncodingError where a value has no form in this encoding
   */
  fromTtlv(message: Buffer, indent?: number): string
  /**
   * The message of a text. It has tags and types; whether it is one of KMIP is for others to say.
   * @throws EncodingError
   */
  toTtlv(text: string, limits: TextLimits): Buffer
  /** All messages of a text that may hold several, damaged ones too. */
  allToTtlv(text: string, limits: TextLimits): readonly Said[]
}

export type Dialect = {
  readonly name: Encoding['name']
  readonly layout: Layout
  readonly values: ValueReader
  /** `many`: the text may hold several messages. */
  readonly read: (text: string, limits: TextLimits, many: boolean) => Reading
}

/** The root of a file of test cases, which holds messages. */
const COLLECTION = 'KMIP'

const messagesOf = (item: TextItem): readonly TextItem[] => (item.tag === COLLECTION ? (item.children ?? []) : [item])

export const createEncoding = ({ name, layout, values, read }: Dialect): Encoding => {
  const say = (item: TextItem): Said => {
    try {
      return { message: toTtlv(item, values) }
    } catch (error) {
      if (!(error instanceof EncodingError)) throw error
      return { message: error.partial, error }
    }
  }

  const sayAll = ({ items, error, unfinished }: Reading): readonly Said[] => {
    const said = items.flatMap(messagesOf).map(say)
    if (error === undefined) return said
    const rest = unfinished === undefined ? [] : messagesOf(unfinished)
    const last = rest.slice(-1).map((item) => ({ message: say(item).message, error }))
    return [...said, ...rest.slice(0, -1).map(say), ...(last.length > 0 ? last : [{ message: Buffer.alloc(0), error }])]
  }

  return {
    name,
    fromTtlv: (message, indent) => fromTtlv(layout, message, indent === undefined ? {} : { indent }),
    allToTtlv: (text, limits) => sayAll(read(text, limits, true)),
    toTtlv: (text, limits) => {
      const reading = read(text, limits, false)
      const [item, next] = reading.items
      if (reading.error !== undefined) {
        const partial = item ?? reading.unfinished
        const { kind, problem, offset, path } = reading.error
        throw new EncodingError(kind, problem, offset, path, partial && say(partial).message)
      }
      if (item === undefined) throw new EncodingError('malformed', 'no message', 0, [])
      if (next !== undefined) throw new EncodingError('malformed', 'something after the message', next.offset, [])
      return toTtlv(item, values)
    },
  }
}

/**
 * The characters of a text that came as bytes: counted, and UTF-8, before anything looks at them.
 * @throws EncodingError
 */
export const textOf = (bytes: Buffer, { maxBytes }: TextLimits): string => {
  if (bytes.length > maxBytes) throw new EncodingError('limit', `text of ${bytes.length} bytes`, 0, [])
  if (!isUtf8(bytes)) throw new EncodingError('malformed', 'text that is no UTF-8', 0, [])
  return bytes.toString('utf8')
}
