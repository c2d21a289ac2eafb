import type { Scalar } from './text-item.ts'

/*
 * Numbers in text (Additional Message Encodings 1.0, sections 4.1.1 and 6.1.1): hexadecimal with 0x and all digits of
 * the width, sign included, or decimal. Everything else is undefined.
 */

export const UNSIGNED_LIMIT = 0x1_0000_0000

const LONGEST_DECIMAL = 24

const hex = (value: bigint, digits: number): string =>
  `0x${BigInt.asUintN(digits * 4, value)
    .toString(16)
    .padStart(digits, '0')}`

export const hex32 = (value: number): string => hex(BigInt(value), 8)

export const hex64 = (value: bigint): string => hex(value, 16)

export const parseHex32 = (value: Scalar): number | undefined =>
  typeof value === 'string' && /^0x[0-9a-f]{8}$/i.test(value) ? Number(value) : undefined

export const parseHex64 = (value: Scalar): bigint | undefined =>
  typeof value === 'string' && /^0x[0-9a-f]{16}$/i.test(value) ? BigInt.asIntN(64, BigInt(value)) : undefined

/** xsd:int and its kin. */
export const parseDecimal = (value: Scalar): bigint | undefined =>
  typeof value === 'string' && value.length <= LONGEST_DECIMAL && /^[+-]?\d+$/.test(value)
    ? BigInt(value.replace('+', ''))
    : undefined

/** A number of JSON is a double: whole ones of 2^52 and more are written in hexadecimal (section 4.1.6.5). */
export const LARGEST_NUMBER = 2 ** 52

export const parseNumber = (value: Scalar): bigint | undefined =>
  typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < LARGEST_NUMBER ? BigInt(value) : undefined

export const within = (value: bigint | undefined, least: bigint, most: bigint): bigint | undefined =>
  value !== undefined && value >= least && value <= most ? value : undefined

export const signed32 = (value: bigint | undefined): number | undefined => {
  const fitting = within(value, -0x8000_0000n, 0x7fff_ffffn)
  return fitting === undefined ? undefined : Number(fitting)
}

export const unsigned32 = (value: bigint | undefined): number | undefined => {
  const fitting = within(value, 0n, 0xffff_ffffn)
  return fitting === undefined ? undefined : Number(fitting)
}

export const signed64 = (value: bigint | undefined): bigint | undefined => within(value, -(2n ** 63n), 2n ** 63n - 1n)

/** Bytes as pairs of digits without a prefix; undefined where there is anything else among them. */
export const parseBytes = (value: Scalar): Buffer | undefined => {
  if (typeof value !== 'string') return undefined
  // Stops where the digits stop.
  const bytes = Buffer.from(value, 'hex')
  return bytes.length * 2 === value.length ? bytes : undefined
}

const WORD = 8

/** Big Integer: whole words of eight bytes, one at least (section 4.1.1). */
export const parseBigInteger = (digits: string): Buffer | undefined => {
  const bytes = parseBytes(digits)
  return bytes !== undefined && bytes.length > 0 && bytes.length % WORD === 0 ? bytes : undefined
}

export const bigIntegerOf = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(WORD)
  bytes.writeBigInt64BE(value)
  return bytes
}
