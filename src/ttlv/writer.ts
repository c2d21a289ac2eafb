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
    const at = this.#header(tag, ITEM_TYPE.DateTime, 8)
    const high = Math.floor(seconds / 0x100000000)
    this.#view.setInt32(at, high)
    this.#view.setInt32(at + 4, seconds - high * 0x100000000)
  }

  boolean(tag: number, value: boolean): void {
    const at = this.#header(tag, ITEM_TYPE.Boolean, 8)
    this.#view.setInt32(at, 0)
    this.#view.setInt32(at + 4, value ? 1 : 0)
  }

  /** Two's complement, most significant byte first; sign-extended here to a multiple of eight bytes. */
  bigInteger(tag: number, value: Buffer): void {
    const length = Math.max(8, paddedLength(value.length))
    const at = this.#header(tag, ITEM_TYPE.BigInteger, length)
    const sign = (value[0] ?? 0) & 0x80 ? 0xff : 0
    this.#buffer.fill(sign, at, at + length - value.length)
    value.copy(this.#buffer, at + length - value.length)
  }

  text(tag: number, value: string): void {
    this.textAs(ITEM_TYPE.TextString, tag, value)
  }

  /** A text under another type: Identifier, Reference or Name Reference (3.0). */
  textAs(type: ItemType, tag: number, value: string): void {
    if (value.length <= SHORT && this.#ascii(type, tag, value)) return
    const length = Buffer.byteLength(value)
    const at = this.#header(tag, type, length)
    this.#pad(length)
    this.#buffer.write(value, at, length, 'utf8')
  }

  byteString(tag: number, value: Buffer): void {
    const { length } = value
    const at = this.#header(tag, ITEM_TYPE.ByteString, length)
    this.#pad(length)
    const buffer = this.#buffer
    if (length > SHORT) value.copy(buffer, at)
    else for (let i = 0; i < length; i += 1) buffer[at + i] = value[i] ?? 0
  }

  /** Changes the value of an Integer item written before, by the offset at which it starts. */
  patchInteger(start: number, value: number): void {
    this.#view.setInt32(start + HEADER_LENGTH, value)
  }

  /** Whole items that are already encoded. */
  raw(items: Buffer): void {
    const end = this.#at + items.length
    if (end > this.#buffer.length) this.#grow(end)
    items.copy(this.#buffer, this.#at)
    this.#at = end
  }

  /** Writes the text if it is ASCII; if not, nothing has happened. */
  #ascii(type: ItemType, tag: number, value: string): boolean {
    const { length } = value
    const start = this.#at
    const at = this.#header(tag, type, length)
    this.#pad(length)
    const buffer = this.#buffer
    let bits = 0
    for (let i = 0; i < length; i += 1) {
      const code = value.charCodeAt(i)
      bits |= code
      buffer[at + i] = code
    }
    if (bits <= 0x7f) return true
    this.truncate(start)
    return false
  }

  /** Clears the last eight bytes of the value of this length that has room now: what it leaves of them is the padding. */
  #pad(length: number): void {
    if ((length & 7) === 0) return
    this.#view.setInt32(this.#at - 8, 0)
    this.#view.setInt32(this.#at - 4, 0)
  }

  #number(tag: number, type: ItemType, value: number): void {
    const at = this.#header(tag, type, 4)
    this.#view.setInt32(at, value)
    this.#view.setInt32(at + 4, 0)
  }

  #long(tag: number, type: ItemType, value: bigint): void {
    this.#view.setBigInt64(this.#header(tag, type, 8), value)
  }

  /** Writes a header and makes room for the value; returns the place of that. */
  #header(tag: number, type: ItemType, length: number): number {
    const at = this.#at
    const end = at + HEADER_LENGTH + paddedLength(length)
    if (end > this.#buffer.length) this.#grow(end)
    const view = this.#view
    view.setInt32(at, (tag << 8) | type)
    view.setInt32(at + 4, length)
    this.#at = end
    return at + HEADER_LENGTH
  }

  #grow(needed: number): void {
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
