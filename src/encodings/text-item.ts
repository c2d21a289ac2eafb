import type { EncodingError } from './encoding-error.ts'

/** A value as JSON has it; XML has texts only. */
export type Scalar = string | number | boolean

/** One item of a message in text, in its own words: what they mean is decided where it is written as TTLV. */
export type TextItem = {
  /** Name of the tag, or its hexadecimal form. */
  readonly tag: string
  /** `Structure` where it is not given (Additional Message Encodings 1.0, sections 4.1.4 and 6.1.4). */
  readonly type: string
  readonly value: Scalar | undefined
  readonly children: readonly TextItem[] | undefined
  /** Where it stands in the text, in characters. */
  readonly offset: number
}

/** What a text may ask of its reader. Bytes are counted before anything is read, the others while it is. */
export type TextLimits = {
  readonly maxBytes: number
  /** Deepest nesting of structures. */
  readonly maxDepth: number
  /** Most items, structures included. */
  readonly maxItems: number
}

/** What could be read of a text: its items, and what ended it before its time. */
export type Reading = {
  readonly items: readonly TextItem[]
  readonly error?: EncodingError
  /** The item in which the error is, as far as it goes. */
  readonly unfinished?: TextItem | undefined
}
