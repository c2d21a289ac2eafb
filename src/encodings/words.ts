import type { Enumeration } from '../schema/enumeration.ts'
import { codeOf, tableOf } from './names.ts'
import { hex32, parseHex32 } from './numbers.ts'
import type { Scalar } from './text-item.ts'

/* Enumerations and masks by name (Additional Message Encodings 1.0, sections 4.1.6.4, 4.1.6.7, 6.1.6.4, 6.1.6.7). */

/** The name of a value of a field, or its eight digits. */
export const formatEnumeration = (code: number, field: number): string => tableOf(field)?.nameOf(code) ?? hex32(code)

/** The code of a name or of eight digits. */
export const parseEnumeration = (value: Scalar, field: number): number | undefined => {
  const code = parseHex32(value)
  if (code !== undefined || typeof value !== 'string') return code
  const table = tableOf(field)
  return table === undefined ? undefined : codeOf(table, value)
}

const isMask = (table: Enumeration | undefined): table is Enumeration =>
  table !== undefined && 'all' in table && typeof table.all === 'number'

/** Names of the bits, what has no name in hexadecimal; undefined where the field is no mask or no bit is set. */
export const formatMask = (bits: number, field: number, separator: string): string | undefined => {
  const table = tableOf(field)
  if (!isMask(table) || bits === 0) return undefined
  const names = table.names.filter((name) => (bits & (table.code[name] ?? 0)) !== 0)
  const rest = names.reduce((left, name) => left & ~(table.code[name] ?? 0), bits) >>> 0
  return [...names, ...(rest === 0 ? [] : [hex32(rest)])].join(separator)
}

/** The text leaves out leading zeros of a component in its own example. */
const COMPONENT = /^0x[0-9a-f]{1,8}$/i

/** Components of a mask, joined; undefined where the field is none or has no such name. */
export const parseMask = (value: Scalar, field: number, separator: RegExp): number | undefined => {
  const table = tableOf(field)
  if (!isMask(table) || typeof value !== 'string') return undefined
  let bits = 0
  for (const part of value.trim().split(separator)) {
    const code = COMPONENT.test(part) ? Number(part) : codeOf(table, part)
    if (code === undefined) return undefined
    bits |= code
  }
  return bits
}
