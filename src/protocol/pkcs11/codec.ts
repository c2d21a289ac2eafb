import { KmipError } from '../kmip-error.ts'

/*
 * How parameters of PKCS#11 functions stand in PKCS#11 Input and Output Parameters, after the PKCS#11 profile: in the
 * order of the function, CK_BYTE and CK_BBOOL as one byte, CK_ULONG as eight, counts and lengths as four, all of them big
 * endian; structures in line; an array behind its count; strings of fixed length padded with blanks. A pointer that may
 * be NULL has a byte before it: 0 where it is (docs/decisions/018).
 */

const ULONG = 8
const COUNT = 4

const malformed = (): KmipError =>
  new KmipError('PKCS_11CodecError', 'The PKCS#11 parameters are not those of the function')

/** An array of bytes that the caller has room for: undefined where it only asks how long it is to be. */
export type Room = number | undefined

export type CryptokiReader = {
  readonly left: number
  byte(): number
  /** CK_ULONG; what is no safe integer is no handle, flag or type of anything here. */
  ulong(): number
  /** CK_BBOOL, or whether a pointer is there. */
  flag(): boolean
  count(): number
  bytes(): Buffer
  room(): Room
  /** As many elements as the count before them says. */
  list<T>(read: () => T): readonly T[]
  /** @throws KmipError where there is something left */
  end(): void
}

/** Every function of a reader throws KmipError PKCS_11CodecError where the bytes are not there. */
export const createCryptokiReader = (buffer: Buffer): CryptokiReader => {
  let at = 0

  const take = (length: number): Buffer => {
    if (length > buffer.length - at) throw malformed()
    at += length
    return buffer.subarray(at - length, at)
  }

  const flag = (): boolean => {
    const value = take(1).readUInt8(0)
    if (value > 1) throw malformed()
    return value === 1
  }

  const count = (): number => take(COUNT).readUInt32BE(0)

  return {
    get left() {
      return buffer.length - at
    },
    byte: () => take(1).readUInt8(0),
    ulong: () => {
      const value = take(ULONG).readBigUInt64BE(0)
      if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed()
      return Number(value)
    },
    flag,
    count,
    bytes: () => take(count()),
    room: () => (flag() ? count() : undefined),
    list: (read) => {
      const length = count()
      // Each element takes a byte at least: no list is longer than what is left of the message.
      if (length > buffer.length - at) throw malformed()
      return Array.from({ length }, read)
    },
    end: () => {
      if (at < buffer.length) throw malformed()
    },
  }
}

/** What a CK_ULONG says of something that cannot be told. */
export const UNAVAILABLE = 0xffffffffffffffffn

export const ulong = (value: number | bigint): Buffer => {
  const bytes = Buffer.alloc(ULONG)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}

export const count = (value: number): Buffer => {
  const bytes = Buffer.alloc(COUNT)
  bytes.writeUInt32BE(value)
  return bytes
}

export const flag = (value: boolean): Buffer => Buffer.from([value ? 1 : 0])

/** An array of bytes behind its length. */
export const counted = (bytes: Buffer): Buffer => Buffer.concat([count(bytes.length), bytes])

export const list = (elements: readonly Buffer[]): Buffer => Buffer.concat([count(elements.length), ...elements])

/** A string of fixed length, padded with blanks and cut between two characters. */
export const padded = (text: string, length: number): Buffer => {
  const bytes = Buffer.alloc(length, ' ')
  bytes.write(text, 'utf8')
  return bytes
}

/** CK_VERSION. */
export const cryptokiVersion = (major: number, minor: number): Buffer => Buffer.from([major, minor])
