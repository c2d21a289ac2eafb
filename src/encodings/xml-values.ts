import { formatDateTime, formatDateTimeExtended, parseDateTime, parseDateTimeExtended } from './dates.ts'
import type { ValueReader, ValueWriter } from './notation.ts'
import {
  parseBigInteger,
  parseBytes,
  parseDecimal,
  parseHex32,
  parseHex64,
  signed32,
  signed64,
  unsigned32,
} from './numbers.ts'
import type { Scalar } from './text-item.ts'
import { formatEnumeration, formatMask, parseEnumeration, parseMask } from './words.ts'

const MASK_SEPARATOR = ' '

const signedHex32 = (value: Scalar): number | undefined => {
  const unsigned = parseHex32(value)
  return unsigned === undefined ? undefined : unsigned | 0
}

/** xsd:boolean. */
const BOOLEANS: ReadonlyMap<Scalar, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
])

/** Values in XML: those of XML Schema, and hexadecimal numbers (Additional Message Encodings 1.0, section 6.1.6). */
export const xmlReader: ValueReader = {
  integer: (value, field) => signed32(parseDecimal(value)) ?? signedHex32(value) ?? parseMask(value, field, /\s+/),
  longInteger: (value) => signed64(parseDecimal(value)) ?? parseHex64(value),
  // xsd:hexBinary, which has no prefix; numbers in general have one (section 6.1.1).
  bigInteger: (value) => (typeof value === 'string' ? parseBigInteger(value.replace(/^0x/i, '')) : undefined),
  enumeration: parseEnumeration,
  boolean: (value) => BOOLEANS.get(value),
  text: (value) => (typeof value === 'string' ? value : undefined),
  bytes: parseBytes,
  dateTime: parseDateTime,
  interval: (value) => unsigned32(parseDecimal(value)) ?? parseHex32(value),
  dateTimeExtended: parseDateTimeExtended,
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Everything that an attribute does not hold as it is; blanks other than the space would become spaces. */
const SPECIAL = /[&<>"\t\n\r]/g

/** Characters that XML 1.0 has no way to write. */
const IMPOSSIBLE = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u

const escaped = (text: string): string | undefined =>
  IMPOSSIBLE.test(text)
    ? undefined
    : text.replace(SPECIAL, (character) => ESCAPES[character] ?? `&#${character.charCodeAt(0)};`)

export const xmlWriter: ValueWriter = {
  integer: (value, field) => formatMask(value, field, MASK_SEPARATOR) ?? String(value),
  longInteger: String,
  bigInteger: (value) => value.toString('hex'),
  enumeration: formatEnumeration,
  boolean: String,
  text: escaped,
  bytes: (value) => value.toString('hex'),
  dateTime: formatDateTime,
  interval: String,
  dateTimeExtended: formatDateTimeExtended,
}
