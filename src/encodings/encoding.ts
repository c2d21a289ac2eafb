import { isUtf8 } from 'node:buffer'
import { EncodingError } from './encoding-error.ts'
import type { TextLimits } from './text-item.ts'

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
