import { hex64, parseHex64 } from './numbers.ts'
import type { Scalar } from './text-item.ts'

/*
 * Date Time as xsd:dateTime or hexadecimal (Additional Message Encodings 1.0, sections 4.1.6.11 and 6.1.6.11). A time
 * without a zone is UTC. Written is UTC; a year that does not have four digits, in hexadecimal. Date Time Extended is
 * newer than the text: here it is the same with six digits of a second.
 */

const ISO = /^(-?\d{4,6})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,30}))?(?:Z|([+-])(\d\d):(\d\d))?$/

const MICROSECONDS = 1_000_000n
const FIRST_YEAR = 1
const LAST_YEAR = 9999
const MOST_ZONE_HOURS = 14

type Moment = { readonly seconds: number; readonly fraction: string }

/** The time in UTC, or undefined where there is no such day or hour. */
const timeOf = (year: number, month: number, day: number, hour: number, minute: number, second: number) => {
  if (month < 1 || hour > 23 || minute > 59 || second > 59) return undefined
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined
  return date.getTime() / 1000 + hour * 3600 + minute * 60 + second
}

const zoneOf = (sign: string, hours: number, minutes: number): number | undefined => {
  if (hours > MOST_ZONE_HOURS || minutes > 59) return undefined
  return (sign === '-' ? -1 : 1) * (hours * 3600 + minutes * 60)
}

const parseIso = (value: Scalar): Moment | undefined => {
  const match = typeof value === 'string' ? ISO.exec(value) : null
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second, fraction = '', sign = '+', hours = '0', minutes = '0'] = match
  const local = timeOf(Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second))
  const zone = zoneOf(sign, Number(hours), Number(minutes))
  return local === undefined || zone === undefined ? undefined : { seconds: local - zone, fraction }
}

/** Seconds since 1970; parts of a second are cut off, as the text says. */
export const parseDateTime = (value: Scalar): number | undefined => {
  const long = parseHex64(value)
  if (long === undefined) return parseIso(value)?.seconds
  const seconds = Number(long)
  return Number.isSafeInteger(seconds) ? seconds : undefined
}

/** Microseconds since 1970. */
export const parseDateTimeExtended = (value: Scalar): bigint | undefined => {
  const long = parseHex64(value)
  if (long !== undefined) return long
  const moment = parseIso(value)
  if (moment === undefined) return undefined
  return BigInt(moment.seconds) * MICROSECONDS + BigInt(moment.fraction.slice(0, 6).padEnd(6, '0'))
}

/** `YYYY-MM-DDThh:mm:ss`, or undefined where the year does not have four digits. */
const isoOf = (seconds: bigint): string | undefined => {
  const date = new Date(Number(seconds) * 1000)
  const year = date.getUTCFullYear()
  return year >= FIRST_YEAR && year <= LAST_YEAR ? date.toISOString().slice(0, 19) : undefined
}

export const formatDateTime = (seconds: bigint): string => {
  const iso = isoOf(seconds)
  return iso === undefined ? hex64(seconds) : `${iso}+00:00`
}

export const formatDateTimeExtended = (microseconds: bigint): string => {
  const rest = ((microseconds % MICROSECONDS) + MICROSECONDS) % MICROSECONDS
  const iso = isoOf((microseconds - rest) / MICROSECONDS)
  return iso === undefined ? hex64(microseconds) : `${iso}.${String(rest).padStart(6, '0')}+00:00`
}
