import { formatDateTime, formatDateTimeExtended, parseDateTime, parseDateTimeExtended } from './dates.ts'
import type { ValueReader, ValueWriter } from './notation.ts'
import {
  bigIntegerOf,
  hex64,
  LARGEST_NUMBER,
  parseBigInteger,
  parseBytes,
  parseHex32,
  parseHex64,
  parseNumber,
  signed32,
  unsigned32,
} from './numbers.ts'
import type { Scalar } from './text-item.ts'
import { formatEnumeration, formatMask, parseEnumeration, parseMask } from './words.ts'

const MASK_SEPARATOR = '|'
const BIG_HEX = /^0x(.*)$/is

const signedHex32 = (value: Scalar): number | undefined => {
  const unsigned = parseHex32(value)
  return unsigned === undefined ? undefined : unsigned | 0
}

const parseBoolean = (value: Scalar): boolean | undefined => {
  if (typeof value === 'boolean') return value
  const long = parseHex64(value)
  return long === 0n || long === 1n ? long === 1n : undefined
}

const bigInteger = (value: Scalar): Buffer | undefined => {
  const number = parseNumber(value)
  if (number !== undefined) return bigIntegerOf(number)
  const digits = typeof value === 'string' ? BIG_HEX.exec(value)?.[1] : undefined
  return digits === undefined ? undefined : parseBigInteger(digits)
}

/** Values in JSON (Additional Message Encodings 1.0, section 4.1.6). */
export const jsonReader: ValueReader = {
  integer: (value, field) => signed32(parseNumber(value)) ?? signedHex32(value) ?? parseMask(value, field, /\|/),
  longInteger: (value) => parseNumber(value) ?? parseHex64(value),
  bigInteger,
  enumeration: (value, field) => unsigned32(parseNumber(value)) ?? parseEnumeration(value, field),
  boolean: parseBoolean,
  text: (value) => (typeof value === 'string' && value.isWellFormed() ? value : undefined),
  bytes: parseBytes,
  dateTime: parseDateTime,
  interval: (value) => unsigned32(parseNumber(value)) ?? parseHex32(value),
  dateTimeExtended: parseDateTimeExtended,
}

const quoted = (text: string): string => `"${text}"`

const isNumber = (value: bigint): boolean => Math.abs(Number(value)) < LARGEST_NUMBER

export const jsonWriter: ValueWriter = {
  integer: (value, field) => {
    const names = formatMask(value, field, MASK_SEPARATOR)
    return names === undefined ? String(value) : quoted(names)
  },
  longInteger: (value) => (isNumber(value) ? String(value) : quoted(hex64(value))),
  bigInteger: (value) => quoted(`0x${value.toString('hex')}`),
  enumeration: (code, field) => quoted(formatEnumeration(code, field)),
  boolean: String,
  text: (value) => JSON.stringify(value),
  bytes: (value) => quoted(value.toString('hex')),
  dateTime: (seconds) => quoted(formatDateTime(seconds)),
  interval: String,
  dateTimeExtended: (microseconds) => quoted(formatDateTimeExtended(microseconds)),
}
