import { TtlvError } from './error.ts'

/**
 * Reading of single items, in place. An item is three bytes of tag, one of type, four of length and the value padded
 * to eight bytes (KMIP 1.4 section 9.1.1, 2.1 section 10.1). These functions trust the lengths: `scan` has checked the
 * whole message before any of them is called.
 */
export const HEADER_LENGTH = 8

/** One byte; they are put together here because the readers of Buffer check again what `scan` has checked. */
const byte = (buffer: Buffer, at: number): number => buffer[at] ?? 0

/** Four bytes as a signed number: of a header, its tag and type. */
export const wordAt = (buffer: Buffer, at: number): number =>
  (byte(buffer, at) << 24) | (byte(buffer, at + 1) << 16) | (byte(buffer, at + 2) << 8) | byte(buffer, at + 3)

export const tagAt = (buffer: Buffer, at: number): number => wordAt(buffer, at) >>> 8

export const typeAt = (buffer: Buffer, at: number): number => byte(buffer, at + 3)

/** Length of the value in bytes, without its padding. */
export const lengthAt = (buffer: Buffer, at: number): number => wordAt(buffer, at + 4) >>> 0

/** Exact up to the largest length that four bytes hold: the bit operation sees only the low bits. */
export const paddedLength = (length: number): number => length + (-length & 7)

/** Offset of the item that follows the one at `at`. */
export const nextItem = (buffer: Buffer, at: number): number => at + HEADER_LENGTH + paddedLength(lengthAt(buffer, at))

export const readInteger = (buffer: Buffer, at: number): number => wordAt(buffer, at + HEADER_LENGTH)

export const readUnsigned = (buffer: Buffer, at: number): number => wordAt(buffer, at + HEADER_LENGTH) >>> 0

export const readLong = (buffer: Buffer, at: number): bigint => buffer.readBigInt64BE(at + HEADER_LENGTH)

export const readBoolean = (buffer: Buffer, at: number): boolean => buffer[at + HEADER_LENGTH + 7] === 1

/** Seconds since 1970 as a number; a time outside the range of exact numbers is refused. */
export const readDateTime = (buffer: Buffer, at: number): number => {
  const high = buffer.readInt32BE(at + HEADER_LENGTH)
  if (high < -0x200000 || high >= 0x200000) throw new TtlvError('invalid', 'date out of range', at)
  return high * 0x100000000 + buffer.readUInt32BE(at + HEADER_LENGTH + 4)
}

/** The bytes of the value, not copied: they are valid as long as the message is. */
export const readBytes = (buffer: Buffer, at: number): Buffer =>
  buffer.subarray(at + HEADER_LENGTH, at + HEADER_LENGTH + lengthAt(buffer, at))

export const readText = (buffer: Buffer, at: number): string =>
  buffer.toString(undefined, at + HEADER_LENGTH, at + HEADER_LENGTH + lengthAt(buffer, at))
