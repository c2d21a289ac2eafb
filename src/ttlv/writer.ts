import { ITEM_TYPE, type ItemType } from './item-type.ts'
import { HEADER_LENGTH, paddedLength } from './reader.ts'

const INITIAL_CAPACITY = 16 * 1024

/** A buffer grown past this is given back after use, so that one large answer does not stay in memory. */
const KEPT_CAPACITY = 256 * 1024

/** Values up to this length are copied byte by byte: a call out of JavaScript costs more. */
const SHORT = 64

/**
 * Writes items into one buffer that is used again for the next message. Lengths of structures are filled in when they
 * end, so nothing is copied (KMIP 1.4 section 9.1, 2.1 section 10.1). A class, because it is state and nothing else.
 */
export class Writer {
  #buffer: Buffer = Buffer.allocUnsafeSlow(INITIAL_CAPACITY)
  // Of the same memory: numbers written through it cost no call.
  #view = new DataView(this.#buffer.buffer)
  #at = 0

  /** Bytes written so far. */
  get length(): number {
    return this.#at
  }

  /** Forgets everything written and clears it: answers carry keys. */
  reset(): void {
    this.#buffer.fill(0, 0, this.#at)
    if (this.#buffer.length > KEPT_CAPACITY) this.#use(Buffer.allocUnsafeSlow(INITIAL_CAPACITY))
    this.#at = 0
  }

  /** Goes back to an earlier {@link length}: what came after was not wanted. */
  truncate(length: number): void {
    this.#buffer.fill(0, length, this.#at)
    this.#at = length
  }

  /** The bytes written, not copied: valid until the next write or reset. */
  bytes(from = 0): Buffer {
    return this.#buffer.subarray(from, this.#at)
  }

  /** Starts a structure; the result goes to {@link end}. */
  begin(tag: number): number {
    const start = this.#at
    this.#header(tag, ITEM_TYPE.Structure, 0)
    return start
  }

  end(start: number): void {
    this.#view.setInt32(start + 4, this.#at - start - HEADER_LENGTH)
  }

  integer(tag: number, value: number): void {
    this.#number(tag, ITEM_TYPE.Integer, value | 0)
  }

  enumeration(tag: number, code: number): void {
    this.#number(tag, ITEM_TYPE.Enumeration, code | 0)
  }

  /** Seconds, unsigned. */
  interval(tag: number, seconds: number): void {
    this.#number(tag, ITEM_TYPE.Interval, seconds | 0)
  }

  longInteger(tag: number, value: bigint): void {
    this.#long(tag, ITEM_TYPE.LongInteger, value)
  }

  /** Microseconds since 1970 (KMIP 2.1 section 10.1.2). */
  dateTimeExtended(tag: number, microseconds: bigint): void {
    this.#long(tag, ITEM_TYPE.DateTimeExtended, microseconds)
  }

  /** Seconds since 1970. */
  dateTime(tag: number, seconds: number): void {
    this.#header(tag, ITEM_TYPE.DateTime, 8)
    const high = Math.floor(seconds / 0x100000000)
    this.#pair(high, seconds - high * 0x100000000)
  }

  boolean(tag: number, value: boolean): void {
    this.#header(tag, ITEM_TYPE.Boolean, 8)
    this.#pair(0, value ? 1 : 0)
  }

  /** Two's complement, most significant byte first; sign-extended here to a multiple of eight bytes. */
  bigInteger(tag: number, value: Buffer): void {
    const length = Math.max(8, paddedLength(value.length))
    this.#header(tag, ITEM_TYPE.BigInteger, length)
    const sign = (value[0] ?? 0) & 0x80 ? 0xff : 0
    this.#buffer.fill(sign, this.#at, this.#at + length - value.length)
    value.copy(this.#buffer, this.#at + length - value.length)
    this.#at += length
  }

  text(tag: number, value: string): void {
    if (value.length <= SHORT && this.#ascii(tag, value)) return
    const length = Buffer.byteLength(value)
    this.#header(tag, ITEM_TYPE.TextString, length)
    this.#pad(length)
    this.#buffer.write(value, this.#at, length, 'utf8')
    this.#at += paddedLength(length)
  }

  byteString(tag: number, value: Buffer): void {
    const { length } = value
    this.#header(tag, ITEM_TYPE.ByteString, length)
    this.#pad(length)
    const buffer = this.#buffer
    const at = this.#at
    if (length > SHORT) value.copy(buffer, at)
    else for (let i = 0; i < length; i += 1) buffer[at + i] = value[i] ?? 0
    this.#at = at + paddedLength(length)
  }

  /** Changes the value of an Integer item written before, by the offset at which it starts. */
  patchInteger(start: number, value: number): void {
    this.#view.setInt32(start + HEADER_LENGTH, value)
  }

  /** Whole items that are already encoded. */
  raw(items: Buffer): void {
    this.#reserve(items.length)
    items.copy(this.#buffer, this.#at)
    this.#at += items.length
  }

  /** Writes the text if it is ASCII; if not, nothing has happened. */
  #ascii(tag: number, value: string): boolean {
    const { length } = value
    const start = this.#at
    this.#header(tag, ITEM_TYPE.TextString, length)
    this.#pad(length)
    const buffer = this.#buffer
    const at = this.#at
    let bits = 0
    for (let i = 0; i < length; i += 1) {
      const code = value.charCodeAt(i)
      bits |= code
      buffer[at + i] = code
    }
    this.#at = at + paddedLength(length)
    if (bits <= 0x7f) return true
    this.truncate(start)
    return false
  }

  /** Clears the last eight bytes of a value of this length, before it is put there: what it leaves is the padding. */
  #pad(length: number): void {
    const end = this.#at + paddedLength(length)
    if ((length & 7) === 0) return
    this.#view.setInt32(end - 8, 0)
    this.#view.setInt32(end - 4, 0)
  }

  #number(tag: number, type: ItemType, value: number): void {
    this.#header(tag, type, 4)
    this.#pair(value, 0)
  }

  #long(tag: number, type: ItemType, value: bigint): void {
    this.#header(tag, type, 8)
    this.#view.setBigInt64(this.#at, value)
    this.#at += 8
  }

  #pair(high: number, low: number): void {
    this.#view.setInt32(this.#at, high)
    this.#view.setInt32(this.#at + 4, low)
    this.#at += 8
  }

  #header(tag: number, type: ItemType, length: number): void {
    this.#reserve(HEADER_LENGTH + paddedLength(length))
    this.#view.setInt32(this.#at, (tag << 8) | type)
    this.#view.setInt32(this.#at + 4, length)
    this.#at += HEADER_LENGTH
  }

  #reserve(size: number): void {
    const needed = this.#at + size
    if (needed <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(grown, 0, 0, this.#at)
    this.#buffer.fill(0)
    this.#use(grown)
  }

  #use(buffer: Buffer): void {
    this.#buffer = buffer
    this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
  }
}
