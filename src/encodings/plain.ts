import { formatDateTime, formatDateTimeExtended } from './dates.ts'
import { lengthAt } from '../ttlv/reader.ts'
import { tagName } from './names.ts'
import type { Layout } from './notation.ts'
import { fromTtlv } from './render-item.ts'
import { formatEnumeration, formatMask } from './words.ts'

/* Messages for people. Nothing reads this back. */

const withLength = (value: Buffer): string => `${value.toString('hex')} (${value.length} bytes)`

const layout: Layout = {
  values: {
    integer: (value, field) => formatMask(value, field, ' ') ?? String(value),
    longInteger: String,
    bigInteger: withLength,
    enumeration: formatEnumeration,
    boolean: String,
    // Quoted, so that nothing in it can do anything to a terminal.
    text: (value) =>
      JSON.stringify(value).replace(
        /[\u007f-\u009f]/g,
        (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
      ),
    bytes: withLength,
    dateTime: formatDateTime,
    interval: (seconds) => `${seconds} seconds`,
    dateTimeExtended: formatDateTimeExtended,
  },
  leaf: (tag, type, value) => `${tagName(tag)} (${type}): ${value}`,
  open: (tag) => tagName(tag),
  empty: (tag) => `${tagName(tag)} (empty)`,
  separator: '',
}

/** The message as indented lines, without the values of the items that are hidden. */
export const plainText = (message: Buffer, hidden: ReadonlySet<number>): string =>
  fromTtlv(layout, message, {
    indent: 2,
    hidden,
    inPlace: (buffer, at) => `hidden (${lengthAt(buffer, at)} bytes)`,
  })
